CREATE TABLE block_types (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    logo_url TEXT,
    documentation_url TEXT,
    description TEXT,
    code_example TEXT,
    is_protected INTEGER NOT NULL
);

CREATE TABLE block_schemas (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    checksum TEXT NOT NULL,
    version TEXT NOT NULL,
    fields TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    block_type_id TEXT NOT NULL REFERENCES block_types (id) ON DELETE CASCADE,
    UNIQUE (checksum, version)
);
CREATE INDEX block_schemas_type ON block_schemas (block_type_id, seq);

CREATE TABLE block_documents (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- Sealed with the server's key for this row's id.
    data TEXT NOT NULL,
    block_schema_id TEXT NOT NULL REFERENCES block_schemas (id) ON DELETE CASCADE,
    block_type_id TEXT NOT NULL REFERENCES block_types (id) ON DELETE CASCADE,
    is_anonymous INTEGER NOT NULL,
    UNIQUE (block_type_id, name)
);
CREATE INDEX block_documents_name ON block_documents (name, seq);
CREATE INDEX block_documents_named ON block_documents (name, seq) WHERE is_anonymous = 0;
CREATE INDEX block_documents_schema ON block_documents (block_schema_id);

-- Members of a block's data that are other blocks.
CREATE TABLE block_document_references (
    parent_id TEXT NOT NULL REFERENCES block_documents (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    reference_id TEXT NOT NULL REFERENCES block_documents (id) ON DELETE CASCADE,
    PRIMARY KEY (parent_id, name)
);
CREATE INDEX block_document_references_to ON block_document_references (reference_id);
