-- An input's number is also the place of those who receive: never used again after a deletion.
CREATE TABLE flow_run_inputs_numbered (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    flow_run_id TEXT NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    sender TEXT
);
INSERT INTO flow_run_inputs_numbered (seq, id, created, updated, flow_run_id, key, value, sender)
    SELECT seq, id, created, updated, flow_run_id, key, value, sender FROM flow_run_inputs
    ORDER BY seq;
DROP TABLE flow_run_inputs;
ALTER TABLE flow_run_inputs_numbered RENAME TO flow_run_inputs;
CREATE UNIQUE INDEX flow_run_inputs_key ON flow_run_inputs (flow_run_id, key);
CREATE INDEX flow_run_inputs_arrival ON flow_run_inputs (flow_run_id, seq);

-- Whether the answer was taken without the flow, which wants to check it and does so when the run
-- goes on.
ALTER TABLE input_requests ADD COLUMN unchecked INTEGER NOT NULL DEFAULT 0;
