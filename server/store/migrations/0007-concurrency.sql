-- How many slots of a name may be taken at the same time.
CREATE TABLE concurrency_limits (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL,
    most BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    -- Slots that were asked for in vain, of late.
    denied BIGINT NOT NULL,
    decay DOUBLE PRECISION NOT NULL,
    occupancy DOUBLE PRECISION NOT NULL,
    -- Up to when decay has been counted.
    counted BIGINT NOT NULL
);

-- Slots that are given back when their holder says so, or has not been heard of for long enough.
CREATE TABLE slot_leases (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    -- NULL: its run's end is its end.
    expires BIGINT,
    slots BIGINT NOT NULL,
    holder_type TEXT,
    holder_id TEXT,
    -- Whose end is its end.
    flow_run_id TEXT
);
CREATE INDEX slot_leases_expires ON slot_leases (expires) WHERE expires IS NOT NULL;
CREATE INDEX slot_leases_holder ON slot_leases (holder_id) WHERE holder_id IS NOT NULL;
CREATE INDEX slot_leases_flow_run ON slot_leases (flow_run_id) WHERE flow_run_id IS NOT NULL;

CREATE TABLE slot_lease_limits (
    lease_id TEXT NOT NULL REFERENCES slot_leases (id) ON DELETE CASCADE,
    limit_id TEXT NOT NULL REFERENCES concurrency_limits (id) ON DELETE CASCADE,
    PRIMARY KEY (lease_id, limit_id)
);
CREATE INDEX slot_lease_limits_limit ON slot_lease_limits (limit_id);
