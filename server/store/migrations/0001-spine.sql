-- Times are microseconds since 1970 (UTC), booleans 0 or 1, ids and JSON text.
-- `seq` is the order of arrival.

CREATE TABLE flows (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    tags TEXT NOT NULL,
    labels TEXT NOT NULL
);
CREATE INDEX flows_created ON flows (created);

CREATE TABLE deployments (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    name TEXT NOT NULL,
    version TEXT,
    version_info TEXT,
    description TEXT,
    flow_id TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    paused INTEGER NOT NULL,
    concurrency_limit BIGINT,
    concurrency_options TEXT,
    job_variables TEXT NOT NULL,
    parameters TEXT NOT NULL,
    parameter_openapi_schema TEXT,
    enforce_parameter_schema INTEGER NOT NULL,
    tags TEXT NOT NULL,
    labels TEXT NOT NULL,
    work_queue_name TEXT,
    work_pool_name TEXT,
    path TEXT,
    entrypoint TEXT,
    pull_steps TEXT,
    storage_document_id TEXT,
    infrastructure_document_id TEXT,
    created_by TEXT,
    updated_by TEXT,
    status TEXT NOT NULL,
    last_polled BIGINT,
    -- Up to when somebody who polls is taken to be there.
    polled_until BIGINT,
    UNIQUE (flow_id, name)
);
CREATE INDEX deployments_name ON deployments (name);
CREATE INDEX deployments_created ON deployments (created);
CREATE INDEX deployments_ready ON deployments (polled_until) WHERE status = 'READY';

CREATE TABLE deployment_schedules (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    schedule TEXT NOT NULL,
    active INTEGER NOT NULL,
    max_scheduled_runs BIGINT,
    parameters TEXT NOT NULL,
    slug TEXT,
    -- When the scheduler has to look at this schedule again; NULL: never.
    due BIGINT,
    -- Up to when runs were made.
    scheduled_until BIGINT
);
CREATE INDEX deployment_schedules_deployment ON deployment_schedules (deployment_id);
CREATE UNIQUE INDEX deployment_schedules_slug ON deployment_schedules (deployment_id, slug)
    WHERE slug IS NOT NULL;
CREATE INDEX deployment_schedules_due ON deployment_schedules (due) WHERE due IS NOT NULL;

CREATE TABLE flow_runs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    -- Grows by one with each change: what an ETag is made of.
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    flow_id TEXT NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    deployment_id TEXT,
    deployment_version TEXT,
    work_queue_id TEXT,
    work_queue_name TEXT,
    work_pool_id TEXT,
    work_pool_name TEXT,
    flow_version TEXT,
    parameters TEXT NOT NULL,
    idempotency_key TEXT,
    context TEXT NOT NULL,
    empirical_policy TEXT NOT NULL,
    tags TEXT NOT NULL,
    labels TEXT NOT NULL,
    parent_task_run_id TEXT,
    state_id TEXT,
    state_type TEXT,
    state_name TEXT,
    state_timestamp BIGINT,
    run_count BIGINT NOT NULL,
    expected_start_time BIGINT,
    next_scheduled_start_time BIGINT,
    start_time BIGINT,
    end_time BIGINT,
    total_run_time DOUBLE PRECISION NOT NULL,
    auto_scheduled INTEGER NOT NULL,
    infrastructure_document_id TEXT,
    infrastructure_pid TEXT,
    created_by TEXT,
    job_variables TEXT
);
CREATE UNIQUE INDEX flow_runs_idempotency ON flow_runs (flow_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX flow_runs_scheduled ON flow_runs (deployment_id, next_scheduled_start_time)
    WHERE state_type = 'SCHEDULED';
CREATE INDEX flow_runs_late ON flow_runs (next_scheduled_start_time)
    WHERE state_name = 'Scheduled' AND next_scheduled_start_time IS NOT NULL;
CREATE INDEX flow_runs_parent ON flow_runs (parent_task_run_id)
    WHERE parent_task_run_id IS NOT NULL;
CREATE INDEX flow_runs_deployment ON flow_runs (deployment_id, expected_start_time)
    WHERE deployment_id IS NOT NULL;
CREATE INDEX flow_runs_flow ON flow_runs (flow_id, expected_start_time);
CREATE INDEX flow_runs_state ON flow_runs (state_type, expected_start_time);
CREATE INDEX flow_runs_state_name ON flow_runs (state_type, state_name, id);
CREATE INDEX flow_runs_name ON flow_runs (name);
CREATE INDEX flow_runs_expected_start ON flow_runs (expected_start_time);
CREATE INDEX flow_runs_next_start ON flow_runs (next_scheduled_start_time);
CREATE INDEX flow_runs_start ON flow_runs (start_time);
CREATE INDEX flow_runs_began ON flow_runs (COALESCE(start_time, expected_start_time));
CREATE INDEX flow_runs_end ON flow_runs (end_time);

CREATE TABLE flow_run_states (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    flow_run_id TEXT NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    timestamp BIGINT NOT NULL,
    message TEXT,
    state_details TEXT NOT NULL,
    data TEXT
);
CREATE UNIQUE INDEX flow_run_states_time ON flow_run_states (flow_run_id, timestamp);

CREATE TABLE task_runs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    flow_run_id TEXT REFERENCES flow_runs (id) ON DELETE CASCADE,
    task_key TEXT NOT NULL,
    dynamic_key TEXT NOT NULL,
    cache_key TEXT,
    cache_expiration BIGINT,
    task_version TEXT,
    empirical_policy TEXT NOT NULL,
    tags TEXT NOT NULL,
    labels TEXT NOT NULL,
    state_id TEXT,
    state_type TEXT,
    state_name TEXT,
    state_timestamp BIGINT,
    task_inputs TEXT NOT NULL,
    run_count BIGINT NOT NULL,
    flow_run_run_count BIGINT NOT NULL,
    expected_start_time BIGINT,
    next_scheduled_start_time BIGINT,
    start_time BIGINT,
    end_time BIGINT,
    total_run_time DOUBLE PRECISION NOT NULL
);
CREATE UNIQUE INDEX task_runs_key ON task_runs (flow_run_id, task_key, dynamic_key)
    WHERE flow_run_id IS NOT NULL;
CREATE INDEX task_runs_state ON task_runs (state_type, expected_start_time);
CREATE INDEX task_runs_expected_start ON task_runs (expected_start_time);

CREATE TABLE task_run_states (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    task_run_id TEXT NOT NULL REFERENCES task_runs (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    timestamp BIGINT NOT NULL,
    message TEXT,
    state_details TEXT NOT NULL,
    data TEXT
);
CREATE UNIQUE INDEX task_run_states_time ON task_run_states (task_run_id, timestamp);

-- Completed states that other task runs may take over, by the cache key of their clients.
CREATE TABLE task_run_cache (
    seq INTEGER PRIMARY KEY,
    cache_key TEXT NOT NULL,
    cache_expiration BIGINT,
    state_id TEXT NOT NULL REFERENCES task_run_states (id) ON DELETE CASCADE
);
CREATE INDEX task_run_cache_key ON task_run_cache (cache_key, seq);
CREATE INDEX task_run_cache_state ON task_run_cache (state_id);

CREATE TABLE flow_run_inputs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    flow_run_id TEXT NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    sender TEXT
);
CREATE UNIQUE INDEX flow_run_inputs_key ON flow_run_inputs (flow_run_id, key);
CREATE INDEX flow_run_inputs_arrival ON flow_run_inputs (flow_run_id, seq);

-- One row for each time that a run waits for typed input.
CREATE TABLE input_requests (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    version BIGINT NOT NULL,
    flow_run_id TEXT NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    flow_id TEXT NOT NULL,
    deployment_id TEXT,
    -- The PAUSED state that asks.
    state_id TEXT NOT NULL,
    pause_key TEXT,
    suspended INTEGER NOT NULL,
    -- The keys of the run's inputs under which schema, description and answer lie; NULL: nothing
    -- is asked but a yes.
    keyset TEXT,
    schema TEXT,
    description TEXT,
    description_html TEXT,
    deadline BIGINT,
    -- Whether the flow wants to check answers itself, as its schema says.
    checks INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    answer TEXT,
    answered_by TEXT,
    answered_via TEXT,
    answered_at BIGINT
);
-- Those by run and flow begin with two columns, or the planner would rather walk through all open
-- ones; those of the inbox, whole or of one flow, are in the order in which it is read. That of one
-- state does not serve for two, so the inbox as it is mostly asked for has indexes of its own.
CREATE INDEX input_requests_run ON input_requests (flow_run_id, state);
CREATE INDEX input_requests_flow
    ON input_requests (flow_id, state, COALESCE(deadline, 9223372036854775807), seq);
CREATE INDEX input_requests_open ON input_requests (COALESCE(deadline, 9223372036854775807), seq)
    WHERE state IN ('open', 'checking');
CREATE INDEX input_requests_open_flow
    ON input_requests (flow_id, COALESCE(deadline, 9223372036854775807), seq)
    WHERE state IN ('open', 'checking');
CREATE UNIQUE INDEX input_requests_open_run ON input_requests (flow_run_id)
    WHERE state IN ('open', 'checking');
CREATE INDEX input_requests_inbox
    ON input_requests (state, COALESCE(deadline, 9223372036854775807), seq);
CREATE INDEX input_requests_deadline ON input_requests (state, deadline)
    WHERE deadline IS NOT NULL;

-- Answers that a flow was asked to check while its run still waits.
CREATE TABLE input_candidates (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    input_request_id TEXT NOT NULL REFERENCES input_requests (id) ON DELETE CASCADE,
    flow_run_id TEXT NOT NULL,
    value TEXT,
    answered_by TEXT,
    answered_via TEXT NOT NULL,
    -- When the answer is taken if the flow has said nothing.
    due BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    errors TEXT
);
CREATE INDEX input_candidates_request ON input_candidates (input_request_id);
CREATE UNIQUE INDEX input_candidates_run ON input_candidates (flow_run_id) WHERE state = 'checking';
CREATE INDEX input_candidates_due ON input_candidates (due) WHERE state = 'checking';

CREATE TABLE variables (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL,
    tags TEXT NOT NULL
);

CREATE TABLE logs (
    -- Also the cursor of those who follow: never used again after a deletion.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    created BIGINT NOT NULL,
    name TEXT NOT NULL,
    level BIGINT NOT NULL,
    message TEXT NOT NULL,
    timestamp BIGINT NOT NULL,
    flow_run_id TEXT,
    task_run_id TEXT
);
CREATE INDEX logs_flow_run ON logs (flow_run_id, timestamp);
CREATE INDEX logs_arrival ON logs (flow_run_id, seq);
CREATE INDEX logs_task_run ON logs (task_run_id, timestamp) WHERE task_run_id IS NOT NULL;
CREATE INDEX logs_timestamp ON logs (timestamp);

-- Answers to writes that carried an Idempotency-Key, for a day.
CREATE TABLE idempotency_keys (
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    created BIGINT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (route, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created);
