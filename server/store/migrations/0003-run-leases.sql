-- Runs that somebody holds under a lease, as long as they are held. How far the lease has got is
-- kept in memory alone.
CREATE TABLE run_leases (
    flow_run_id TEXT NOT NULL PRIMARY KEY REFERENCES flow_runs (id) ON DELETE CASCADE,
    holder TEXT NOT NULL,
    seconds BIGINT NOT NULL,
    -- Whether the lease is to start anew: the server has started, or a pause is over.
    begins INTEGER NOT NULL
);
CREATE INDEX run_leases_begin ON run_leases (flow_run_id) WHERE begins = 1;
