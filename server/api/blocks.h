/* Blocks: what their types, schemas and documents have in common. */
#pragma once

#include "server/api/resources.h"

/* The columns of a type (joined as `t`) and of a schema (as `s`), in the order of their fields. */
#define BLOCK_TYPE_COLUMNS                                                                         \
    "t.id, t.created, t.updated, t.name, t.slug, t.logo_url, t.documentation_url, t.description,"  \
    " t.code_example, t.is_protected"
#define BLOCK_TYPE_COLUMN_COUNT 10
#define BLOCK_SCHEMA_COLUMNS                                                                       \
    "s.id, s.created, s.updated, s.checksum, s.fields, s.block_type_id, s.capabilities,"           \
    " s.version, " BLOCK_TYPE_COLUMNS
#define BLOCK_SCHEMA_COLUMN_COUNT (8 + BLOCK_TYPE_COLUMN_COUNT)

extern const struct field block_type_fields[];
extern const struct field block_schema_fields[];
void block_type_write(struct json_writer *writer, const struct rows *rows, int column);
void block_schema_write(struct json_writer *writer, const struct rows *rows, int column);

extern const struct filter block_type_filters[];
extern const struct filter block_schema_filters[];

/* Whether a type has this id: 1; 0: the reply says that there is none; -1. */
int check_block_type(struct txn *txn, struct http_reply *reply, const char *id);

/* ---- documents ---- */

extern const struct field block_document_fields[];
extern const struct resource block_document;

int reply_block_document(struct txn *txn, const struct request *request, struct http_reply *reply,
                         int status, bool include_secrets, const char *id);

/* ---- the data of documents ---- */

struct secrets;

/* For the documents of one reply. */
struct block_reader {
    struct txn *txn;
    const struct secrets *secrets;
    bool include_secrets; /* else they are stars */
    int room;             /* documents that may still be read */
};

struct block_data {
    const char *data;       /* JSON, with that of the blocks that it refers to inside */
    const char *references; /* JSON: which those are, by member */
};

/* Of the document with this id, sealed data and schema's fields. In the transaction's memory. */
int block_data_read(struct block_reader *reader, const char *id, const char *sealed,
                    const char *schema_fields, struct block_data *ret_data) MUST_CHECK;

/* Puts what is stored in the place of stars in `data` that were sent back; both are JSON. */
const char *block_data_restore(struct arena *arena, const char *data, const char *stored,
                               const char *schema_fields);
