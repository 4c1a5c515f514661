-- What happened, as clients told it and as the server's own changes of state made it.
CREATE TABLE events (
    -- Also the cursor of those who follow: never used again after a deletion.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    occurred BIGINT NOT NULL,
    received BIGINT NOT NULL,
    event TEXT NOT NULL,
    -- The label prefect.resource.id of `resource`.
    resource_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    related TEXT NOT NULL,
    payload TEXT NOT NULL,
    follows TEXT
);
CREATE INDEX events_occurred ON events (occurred, seq);
CREATE INDEX events_name ON events (event, occurred, seq);
CREATE INDEX events_resource ON events (resource_id, occurred, seq);

-- Which events have a resource among their related ones.
CREATE TABLE event_related (
    resource_id TEXT NOT NULL,
    occurred BIGINT NOT NULL,
    event_seq BIGINT NOT NULL,
    PRIMARY KEY (resource_id, occurred, event_seq)
) WITHOUT ROWID;

-- States that clients report have their times from clocks of their own, and two may have the same.
DROP INDEX task_run_states_time;
CREATE INDEX task_run_states_time ON task_run_states (task_run_id, timestamp);
