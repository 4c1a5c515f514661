-- Runs that were deleted, for as long as their processes may still send logs of them.
CREATE TABLE deleted_flow_runs (
    id TEXT NOT NULL PRIMARY KEY,
    deleted BIGINT NOT NULL
);
CREATE INDEX deleted_flow_runs_deleted ON deleted_flow_runs (deleted);

-- What belongs to no run is deleted by its own age.
CREATE INDEX logs_alone ON logs (created) WHERE flow_run_id IS NULL;
CREATE INDEX task_runs_alone ON task_runs (updated) WHERE flow_run_id IS NULL;
