-- Where runs wait for workers: a pool has queues, workers take runs from them.
CREATE TABLE work_pools (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    type TEXT NOT NULL,
    base_job_template TEXT NOT NULL,
    is_paused INTEGER NOT NULL,
    concurrency_limit BIGINT,
    storage_configuration TEXT NOT NULL,
    default_queue_id TEXT
);

CREATE TABLE work_queues (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    work_pool_id TEXT NOT NULL REFERENCES work_pools (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    is_paused INTEGER NOT NULL,
    concurrency_limit BIGINT,
    -- The lowest number first.
    priority BIGINT NOT NULL,
    -- READY or NOT_READY, whether it is paused or not.
    status TEXT NOT NULL DEFAULT 'NOT_READY',
    last_polled BIGINT,
    -- Up to when somebody who polls is taken to be there.
    polled_until BIGINT,
    UNIQUE (work_pool_id, name)
);
CREATE INDEX work_queues_priority ON work_queues (work_pool_id, priority);
CREATE INDEX work_queues_ready ON work_queues (polled_until) WHERE status = 'READY';

CREATE TABLE workers (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    work_pool_id TEXT NOT NULL REFERENCES work_pools (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    last_heartbeat_time BIGINT NOT NULL,
    heartbeat_interval_seconds BIGINT,
    -- Up to when it is taken to be there.
    online_until BIGINT NOT NULL,
    UNIQUE (work_pool_id, name)
);
CREATE INDEX workers_heartbeat ON workers (work_pool_id, last_heartbeat_time);
CREATE INDEX workers_online ON workers (online_until) WHERE status = 'ONLINE';

-- Beside the names, which were there before.
ALTER TABLE deployments ADD COLUMN work_queue_id TEXT;
ALTER TABLE deployments ADD COLUMN work_pool_id TEXT;
CREATE INDEX deployments_work_queue ON deployments (work_queue_id)
    WHERE work_queue_id IS NOT NULL;

-- What a worker asks for, what takes up room in a pool or a queue, and what does in a deployment.
CREATE INDEX flow_runs_queued ON flow_runs (work_queue_id, next_scheduled_start_time)
    WHERE state_type = 'SCHEDULED' AND work_queue_id IS NOT NULL;
CREATE INDEX flow_runs_pool_slots ON flow_runs (work_pool_id, work_queue_id, id)
    WHERE state_type IN ('PENDING', 'RUNNING') AND work_pool_id IS NOT NULL;
CREATE INDEX flow_runs_deployment_slots ON flow_runs (deployment_id)
    WHERE deployment_id IS NOT NULL
    AND (state_type IN ('PENDING', 'RUNNING', 'CANCELLING') OR state_name = 'AwaitingRetry');
CREATE INDEX flow_runs_awaiting_room ON flow_runs (deployment_id, next_scheduled_start_time)
    WHERE state_name = 'AwaitingConcurrencySlot';
