-- What runs have made for people to look at. Of those with a key, the last that came is the latest.
CREATE TABLE artifacts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    key TEXT,
    type TEXT,
    description TEXT,
    data TEXT,
    metadata_ TEXT,
    -- Those of runs that are gone stay as long as they are the latest of a key.
    flow_run_id TEXT,
    task_run_id TEXT,
    latest INTEGER NOT NULL,
    -- All of a key have the same.
    collection_id TEXT
);
CREATE INDEX artifacts_key ON artifacts (key, seq);
CREATE INDEX artifacts_key_updated ON artifacts (key, updated);
CREATE INDEX artifacts_created ON artifacts (created, seq);
CREATE INDEX artifacts_updated ON artifacts (updated, seq);
CREATE INDEX artifacts_flow_run ON artifacts (flow_run_id) WHERE flow_run_id IS NOT NULL;
CREATE INDEX artifacts_task_run ON artifacts (task_run_id) WHERE task_run_id IS NOT NULL;
CREATE UNIQUE INDEX artifacts_latest ON artifacts (key) WHERE latest = 1;
CREATE INDEX artifacts_latest_id ON artifacts (collection_id) WHERE latest = 1;
CREATE INDEX artifacts_latest_created ON artifacts (created, seq) WHERE latest = 1;
CREATE INDEX artifacts_latest_updated ON artifacts (updated, seq) WHERE latest = 1;

CREATE VIEW artifact_collections AS
    SELECT seq, collection_id AS id, created, updated, key, id AS latest_id, type, description, data,
        metadata_, flow_run_id, task_run_id
    FROM artifacts WHERE latest = 1;

-- Sets of filters that a user interface keeps.
CREATE TABLE saved_searches (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    filters TEXT NOT NULL
);
