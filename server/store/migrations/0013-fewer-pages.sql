-- An answer touches fewer pages of the database, each of which costs its part of the commit.

-- Leases that are to start anew: since when, or 0. They do so some at a time, the oldest first.
DROP INDEX run_leases_begin;
CREATE INDEX run_leases_begin ON run_leases (begins) WHERE begins > 0;

-- The requests of a run stay where they are in its index, whatever becomes of them. What runs out
-- next is found in the order of the inbox.
DROP INDEX input_requests_run;
CREATE INDEX input_requests_run
    ON input_requests (flow_run_id, COALESCE(deadline, 9223372036854775807), seq);
DROP INDEX input_requests_deadline;
