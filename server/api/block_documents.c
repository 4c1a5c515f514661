/* Block documents: what is configured. Their data is sealed, and what in it is secret is told only
 * to those who ask for it. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/ids.h"
#include "server/api/blocks.h"
#include "server/api/names.h"
#include "server/api/routes.h"
#include "server/resource/overlay.h"
#include "server/secrets/secrets.h"
#include "json/text.h"

#define READ_AT_ONCE    5000 /* documents, with those that they refer to, in one reply */
#define REFERENCE_DEPTH 20   /* of blocks inside one another, when they are written */

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "Its name among those of its type: lower-case letters, digits and dashes."},
    {.name = "data",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE,
     .fallback = "{}",
     .doc = "The data; {\"$ref\": {\"block_document_id\": …}} stands for another block."},
    {.name = "block_schema_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "What the data is made of."},
    {.name = "block_schema",
     .type = FIELD_OBJECT,
     .fields = block_schema_fields,
     .doc = "The schema."},
    {.name = "block_type_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "The type."},
    {.name = "block_type_name", .type = FIELD_TEXT, .doc = "And its name."},
    {.name = "block_type", .type = FIELD_OBJECT, .fields = block_type_fields, .doc = "The type."},
    {.name = "block_document_references",
     .type = FIELD_MAP,
     .doc = "The blocks that stand in the data, by member."},
    {.name = "is_anonymous",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_CREATE,
     .fallback = "false",
     .doc = "Whether it is a part of another, and has no name for people."},
    FIELDS_END};

static const struct field update_fields[] = {
    {.name = "block_schema_id",
     .type = FIELD_ID,
     .flags = FIELD_UPDATE | FIELD_NULLABLE,
     .doc = "Another schema of the same type."},
    {.name = "data", .type = FIELD_MAP, .flags = FIELD_UPDATE, .doc = "The new data."},
    {.name = "merge_existing_data",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_UPDATE,
     .fallback = "true",
     .doc = "Whether members that are not sent stay."},
    FIELDS_END};

static const struct filter filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "is_anonymous", .kind = FILTER_VALUE, .operators = OP_EQ, .type = FIELD_BOOLEAN},
    {.name = "block_type_id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY | OP_LIKE, .type = FIELD_TEXT},
    FILTERS_END};

static const struct relation relations[] = {
    {"block_types", block_type_filters, "r.block_type_id IN (SELECT r.id FROM block_types r WHERE ",
     ")", NULL},
    {"block_schemas", block_schema_filters,
     "r.block_schema_id IN (SELECT r.id FROM block_schemas r WHERE ", ")", NULL},
    {.key = NULL}};

static const struct sort sorts[] = {
    {"NAME_ASC", "r.name ASC, r.seq ASC"},
    {"NAME_DESC", "r.name DESC, r.seq DESC"},
    {"BLOCK_TYPE_AND_NAME_ASC", "t.name ASC, r.name ASC, r.seq ASC"},
    {NULL, NULL}};

static const struct resource block_document = {.name = "Block document",
                                               .table = "block_documents",
                                               .fields = fields,
                                               .filters = filters,
                                               .filter_key = "block_documents",
                                               .relations = relations,
                                               .sorts = sorts};

/* ---- reading ---- */

#define SELECT                                                                                     \
    "SELECT r.id, r.created, r.updated, r.name, r.data, r.is_anonymous, " BLOCK_SCHEMA_COLUMNS     \
    " FROM block_documents r JOIN block_schemas s ON s.id = r.block_schema_id"                     \
    " JOIN block_types t ON t.id = r.block_type_id"

enum { SCHEMA = 6, SCHEMA_FIELDS = SCHEMA + 4, TYPE = SCHEMA + 8, TYPE_NAME = TYPE + 3 };

static const struct secrets *secrets_of(const struct request *request)
{
    return api_config(request->api)->secrets;
}

static struct block_reader reader_of(struct txn *txn, const struct request *request,
                                     bool include_secrets)
{
    return (struct block_reader){.txn = txn,
                                 .secrets = secrets_of(request),
                                 .include_secrets = include_secrets,
                                 .room = READ_AT_ONCE};
}

static void write_row(struct json_writer *writer, const struct rows *rows,
                      const struct block_data *data)
{
    json_begin_object(writer);
    json_key(writer, "id");
    json_add_string(writer, rows_text(rows, 0));
    json_key(writer, "created");
    json_add_time(writer, rows_integer(rows, 1));
    json_key(writer, "updated");
    json_add_time(writer, rows_integer(rows, 2));
    json_key(writer, "name");
    json_add_string(writer, rows_text(rows, 3));
    json_key(writer, "data");
    json_add_text(writer, data->data);
    json_key(writer, "block_schema_id");
    json_add_string(writer, rows_text(rows, SCHEMA));
    json_key(writer, "block_schema");
    block_schema_write(writer, rows, SCHEMA);
    json_key(writer, "block_type_id");
    json_add_string(writer, rows_text(rows, TYPE));
    json_key(writer, "block_type_name");
    json_add_string(writer, rows_text(rows, TYPE_NAME));
    json_key(writer, "block_type");
    block_type_write(writer, rows, TYPE);
    json_key(writer, "block_document_references");
    json_add_text(writer, data->references);
    json_key(writer, "is_anonymous");
    json_add_bool(writer, rows_integer(rows, 5) != 0);
    json_end_object(writer);
}

static int write_document(struct block_reader *reader, struct json_writer *writer,
                          const struct rows *rows)
{
    struct block_data data;

    if (block_data_read(reader, rows_text(rows, 0), rows_text(rows, 4),
                        rows_text(rows, SCHEMA_FIELDS), &data) < 0)
        return -1;
    write_row(writer, rows, &data);
    return 0;
}

static int reply_document(struct txn *txn, const struct request *request, struct http_reply *reply,
                          int status, bool include_secrets, const char *id)
{
    struct block_reader reader = reader_of(txn, request, include_secrets);
    struct json_writer writer;
    rows_auto rows = {0};
    int found = db_first(txn, &rows, SELECT " WHERE r.id = ?", V(id));

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_missing(reply, &block_document);
    reply_begin(reply, status, &writer);
    return write_document(&reader, &writer, &rows) < 0 ? HANDLER_FAILED : HANDLER_DONE;
}

static int reply_documents(struct txn *txn, const struct request *request, struct http_reply *reply,
                           bool include_secrets, struct sql *sql)
{
    struct block_reader reader = reader_of(txn, request, include_secrets);
    struct json_writer writer;
    rows_auto rows = {0};
    int r;

    if (sql_query(txn, &rows, sql) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    while ((r = rows_next(&rows)) > 0)
        if (write_document(&reader, &writer, &rows) < 0)
            return HANDLER_FAILED;
    json_end_array(&writer);
    return r < 0 ? HANDLER_FAILED : HANDLER_DONE;
}

static bool asks_for_secrets(struct request *request)
{
    const char *text = request_query(request, "include_secrets");

    return text && (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

static int read_document(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return reply_document(txn, request, reply, 200, asks_for_secrets(request), request->params[0]);
}

static int read_by_name(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT d.id FROM block_documents d JOIN block_types t"
                         " ON t.id = d.block_type_id WHERE t.slug = ? AND d.name = ?",
                         V(request->params[0]), V(request->params[1]));

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_missing(reply, &block_document);
    return reply_document(txn, request, reply, 200, asks_for_secrets(request), rows_text(&rows, 0));
}

static int list_of_type(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};
    sql_auto sql = {0};
    int found =
        db_first(txn, &rows, "SELECT id FROM block_types WHERE slug = ?", V(request->params[0]));

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Block type not found");
    sql_add(&sql,
            SELECT " WHERE r.block_type_id = ? AND r.is_anonymous = 0 ORDER BY r.name LIMIT ?");
    sql_bind(&sql, V(rows_text(&rows, 0)));
    sql_bind(&sql, V(LIST_LIMIT));
    return reply_documents(txn, request, reply, asks_for_secrets(request), &sql);
}

/* Those without a name for people are found by those who ask for them. */
static void hide_anonymous(const struct request *request)
{
    json_t *asked = json_object_get(request->body, "block_documents");

    if (!asked || json_is_null(asked)) {
        asked = json_object();
        json_object_set_new(request->body, "block_documents", asked);
    }
    if (json_is_object(asked) && !json_object_get(asked, "is_anonymous"))
        json_object_set_new(asked, "is_anonymous", json_pack("{s:b}", "eq_", false));
}

static int filter_documents(struct txn *txn, struct request *request, struct http_reply *reply)
{
    problems_auto problems;
    sql_auto sql = {0};
    int64_t limit, offset;

    problems_init(&problems, "body");
    if (!request_page(request, reply, &limit, &offset))
        return HANDLER_DONE;
    hide_anonymous(request);
    sql_add(&sql, SELECT " WHERE ");
    resource_where(&block_document, request->body, txn_arena(txn), &sql, &problems);
    resource_order(&block_document, request->body, &sql, &problems);
    if (problems_any(&problems))
        return reply_problems(reply, request, &problems);
    sql_add(&sql, " LIMIT ? OFFSET ?");
    sql_bind(&sql, value_integer(limit));
    sql_bind(&sql, value_integer(offset));
    return reply_documents(txn, request, reply, request_flag(request, "include_secrets", false),
                           &sql);
}

static int count_documents(struct txn *txn, struct request *request, struct http_reply *reply)
{
    hide_anonymous(request);
    return resource_count(txn, request, reply);
}

/* ---- data as it is sent ---- */

/* {"$ref": {"block_document_id": …}}: what is inside, or NULL. */
static const json_t *reference_in(const json_t *value)
{
    const json_t *reference = json_object_get(value, "$ref");

    return json_is_object(reference) ? reference : NULL;
}

/* Whether the references are ids of blocks; else the reply says which is none. */
static bool check_references(const struct request *request, struct http_reply *reply)
{
    json_t *data = json_object_get(request->body, "data");
    const char *key;
    json_t *value;
    char id[ID_SIZE];

    json_object_foreach(data, key, value) {
        const json_t *reference = reference_in(value);
        const char *text = json_string_value(json_object_get(reference, "block_document_id"));
        if (reference && (!text || !id_parse(text, id))) {
            reply_detail(reply, 400,
                         "Received block reference without a block_document_id in key %s", key);
            return false;
        }
    }
    return true;
}

/* An object's text without the members that refer to other blocks in `data`. */
static const char *without_references(struct arena *arena, const char *text, json_t *object,
                                      const json_t *data)
{
    buf_auto kept = BUF_INIT;
    struct json_writer writer;
    const char *key;
    json_t *value;
    size_t length;

    json_writer_init(&writer, &kept);
    json_begin_object(&writer);
    json_object_foreach(object, key, value) {
        const char *const path[] = {key, NULL};
        if (reference_in(json_object_get(data, key)))
            continue;
        const char *member = json_member_text(text, path, &length);
        json_key(&writer, key);
        json_add_text(&writer, arena_strndup(arena, member, length));
    }
    json_end_object(&writer);
    return kept.failed ? NULL : arena_strdup(arena, buf_string(&kept));
}

static const char *sent_data(struct request *request)
{
    const char *const path[] = {"data", NULL};
    size_t length;
    const char *text = json_member_text(request->body_text, path, &length);

    return text ? arena_strndup(&request->arena, text, length) : "{}";
}

static int seal(struct txn *txn, const struct request *request, const char *data, const char *id,
                const char **ret_sealed)
{
    if (!data)
        return txn_fail(txn, EFBIG, "the data of a block is too large");
    return secrets_seal(secrets_of(request), data, id, txn_arena(txn), ret_sealed, txn_error(txn));
}

/* ---- references ---- */

/* Whether the parent may refer to the other block: 1; 0: the reply says why not. */
static int check_reference(struct txn *txn, struct http_reply *reply, const char *parent_id,
                           const char *reference_id)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows,
                 "WITH RECURSIVE below (id, depth) AS (SELECT id, 1 FROM block_documents"
                 " WHERE id = ? UNION SELECT f.reference_id, b.depth + 1 FROM below b"
                 " JOIN block_document_references f ON f.parent_id = b.id WHERE b.depth < ?)"
                 " SELECT COUNT(*), COALESCE(MAX(depth), 0),"
                 " COUNT(CASE WHEN id = ? THEN 1 END) FROM below",
                 V(reference_id), V(REFERENCE_DEPTH), V(parent_id)) < 0)
        return -1;
    if (rows_integer(&rows, 0) == 0)
        reply_detail(reply, 400, "No block document has the id %s.", reference_id);
    else if (rows_integer(&rows, 2) > 0)
        reply_detail(reply, 400,
                     "Cannot create block document reference: it would introduce a cycle into the "
                     "block_document_reference graph (parent=%s, reference=%s).",
                     parent_id, reference_id);
    else if (rows_integer(&rows, 1) >= REFERENCE_DEPTH)
        reply_detail(reply, 400, "Blocks may be at most %d deep inside one another.",
                     REFERENCE_DEPTH);
    else
        return 1;
    return 0;
}

/* Of the members that are sent. 1; 0: the reply says what is wrong. */
static int store_references(struct txn *txn, const struct request *request,
                            struct http_reply *reply, const char *parent_id)
{
    json_t *data = json_object_get(request->body, "data");
    const char *key;
    json_t *value;
    char id[ID_SIZE];

    json_object_foreach(data, key, value) {
        const json_t *reference = reference_in(value);
        if (db_run(txn, "DELETE FROM block_document_references WHERE parent_id = ? AND name = ?",
                   V(parent_id), V(key)) < 0)
            return -1;
        if (!reference ||
            !id_parse(json_string_value(json_object_get(reference, "block_document_id")), id))
            continue;
        int fits = check_reference(txn, reply, parent_id, id);
        if (fits <= 0)
            return fits;
        if (db_run(txn,
                   "INSERT INTO block_document_references (parent_id, name, reference_id)"
                   " VALUES (?, ?, ?)",
                   V(parent_id), V(key), V(id)) < 0)
            return -1;
    }
    return 1;
}

/* ---- creating ---- */

/* Whether the schema is there and one of the type: 1; 0: the reply says why not. */
static int check_schema(struct txn *txn, struct http_reply *reply, const char *schema_id,
                        const char *type_id)
{
    rows_auto rows = {0};
    int found =
        db_first(txn, &rows, "SELECT block_type_id FROM block_schemas WHERE id = ?", V(schema_id));

    if (found < 0)
        return -1;
    if (!found)
        reply_detail(reply, 404, "Block schema %s not found.", schema_id);
    else if (strcmp(rows_text(&rows, 0), type_id) != 0)
        reply_detail(reply, 400, "The block schema has to be one of the same block type.");
    else
        return 1;
    return 0;
}

/* The name that is sent, or one that is made up; NULL: the reply says what is wrong with it. */
static const char *name_of(struct txn *txn, const struct request *request, struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    char id[ID_SIZE];

    if (!check_dashed_name(request, reply, "name", "Block document name"))
        return NULL;
    if (name)
        return name;
    if (!request_flag(request, "is_anonymous", false)) {
        reply_problem(reply, request, "name", "value_error",
                      "Value error, Names must be provided for block documents.");
        return NULL;
    }
    id_random(id);
    return arena_printf(txn_arena(txn), "anonymous-%s", id);
}

/* Whether everything that it belongs to is there, and no other has its name. */
static int check_new(struct txn *txn, struct request *request, struct http_reply *reply,
                     const char *name)
{
    const char *type_id = request_id(request, "block_type_id");
    rows_auto rows = {0};

    if (!check_references(request, reply))
        return 0;
    int fits = check_block_type(txn, reply, type_id);
    if (fits > 0)
        fits = check_schema(txn, reply, request_id(request, "block_schema_id"), type_id);
    if (fits <= 0)
        return fits;
    int taken =
        db_first(txn, &rows, "SELECT 1 FROM block_documents WHERE block_type_id = ? AND name = ?",
                 V(type_id), V(name));
    if (taken > 0)
        reply_detail(reply, 409, "Block already exists");
    return taken < 0 ? -1 : !taken;
}

static int create_document(struct txn *txn, struct request *request, struct http_reply *reply)
{
    json_t *data = json_object_get(request->body, "data");
    const char *name = name_of(txn, request, reply);
    const char *sealed;
    char id[ID_SIZE];

    int fits = name ? check_new(txn, request, reply, name) : 0;
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    id_new(id);
    const char *text = without_references(txn_arena(txn), sent_data(request), data, data);
    if (seal(txn, request, text, id, &sealed) < 0 ||
        db_run(txn,
               "INSERT INTO block_documents (id, created, updated, name, data, block_schema_id,"
               " block_type_id, is_anonymous) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               V(id), V(txn_now(txn)), V(txn_now(txn)), V(name), V(sealed),
               V(request_id(request, "block_schema_id")), V(request_id(request, "block_type_id")),
               V(request_flag(request, "is_anonymous", false))) < 0)
        return HANDLER_FAILED;
    fits = store_references(txn, request, reply, id);
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return reply_document(txn, request, reply, 201, false, id);
}

/* ---- changing ---- */

struct stored {
    const char *sealed;
    const char *schema_fields;
    const char *type_id;
};

static int load(struct txn *txn, const char *id, struct stored *ret_stored)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT d.data, s.fields, d.block_type_id FROM block_documents d"
                         " JOIN block_schemas s ON s.id = d.block_schema_id WHERE d.id = ?",
                         V(id));

    if (found <= 0)
        return found;
    ret_stored->sealed = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    ret_stored->schema_fields = arena_strdup(txn_arena(txn), rows_text(&rows, 1));
    ret_stored->type_id = arena_strdup(txn_arena(txn), rows_text(&rows, 2));
    return 1;
}

/* The data that is sent, over what is stored or in its place. Stars that were read and are sent
 * back stand for what is stored. */
static int change_data(struct txn *txn, struct request *request, const char *id,
                       const struct stored *stored, const char **ret_sealed)
{
    struct arena *arena = txn_arena(txn);
    json_t *data = json_object_get(request->body, "data");
    buf_auto merged = BUF_INIT;
    const char *old;

    if (secrets_unseal(secrets_of(request), stored->sealed, id, arena, &old, txn_error(txn)) < 0)
        return -1;
    json_auto_t *old_values = json_parse(old, strlen(old), NULL);
    const char *text = without_references(arena, sent_data(request), data, data);
    text = text ? block_data_restore(arena, text, old, stored->schema_fields) : NULL;
    if (text && request_flag(request, "merge_existing_data", true)) {
        const char *kept = without_references(arena, old, old_values, data);
        if (kept)
            json_overlay(&merged, kept, text);
        text = kept && !merged.failed ? buf_string(&merged) : NULL;
    }
    return seal(txn, request, text, id, ret_sealed);
}

static int store_data(struct txn *txn, struct request *request, struct http_reply *reply,
                      const char *id, const struct stored *stored)
{
    bool merges = request_flag(request, "merge_existing_data", true);
    const char *sealed;

    if (merges && !json_object_get(request->body, "data"))
        return 1;
    if (!check_references(request, reply))
        return 0;
    if (change_data(txn, request, id, stored, &sealed) < 0 ||
        db_run(txn, "UPDATE block_documents SET data = ? WHERE id = ?", V(sealed), V(id)) < 0)
        return -1;
    if (!merges &&
        db_run(txn, "DELETE FROM block_document_references WHERE parent_id = ?", V(id)) < 0)
        return -1;
    return store_references(txn, request, reply, id);
}

static int update_document(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *id = request->params[0];
    const char *schema_id = request_id(request, "block_schema_id");
    struct stored stored;
    int fits = load(txn, id, &stored);

    if (fits == 0)
        return reply_missing(reply, &block_document);
    if (fits > 0 && schema_id)
        fits = check_schema(txn, reply, schema_id, stored.type_id);
    if (fits > 0)
        fits = store_data(txn, request, reply, id, &stored);
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (db_run(txn,
               "UPDATE block_documents SET updated = ?,"
               " block_schema_id = COALESCE(?, block_schema_id) WHERE id = ?",
               V(txn_now(txn)), V(schema_id), V(id)) < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

/* ---- routes ---- */

static const struct field secrets_query[] = {
    {.name = "include_secrets", .type = FIELD_BOOLEAN, .doc = "Whether to tell what is secret."},
    FIELDS_END};

#define DOCUMENTS "/api/block_documents/"
#define OF_TYPE   "/api/block_types/slug/{slug}/block_documents"

const struct route block_document_routes[] = {
    {.method = HTTP_POST,
     .path = DOCUMENTS,
     .handle = create_document,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT | ROUTE_SECRET,
     .resource = &block_document,
     .body = &(const struct body){.fields = fields, .only = FIELD_CREATE},
     .summary = "Creates a block document.",
     .status = 201,
     .answers = ANSWERS_404 | ANSWERS_409},
    {.method = HTTP_POST,
     .path = DOCUMENTS "filter",
     .handle = filter_documents,
     .resource = &block_document,
     .body = &filter_body,
     .summary = "Lists block documents.",
     .status = 200,
     .shape = REPLY_LIST},
    {.method = HTTP_POST,
     .path = DOCUMENTS "count",
     .handle = count_documents,
     .resource = &block_document,
     .body = &count_body,
     .summary = "Counts block documents.",
     .status = 200,
     .shape = REPLY_INTEGER},
    {ROUTE_READ(DOCUMENTS "{id}", block_document, read_document), .query = secrets_query,
     .summary = "Reads a block document."},
    {ROUTE_READ(OF_TYPE "/name/{block_document_name}", block_document, read_by_name),
     .query = secrets_query, .summary = "Reads the block document of that name and type."},
    {ROUTE_READ(OF_TYPE, block_document, list_of_type), .query = secrets_query, .shape = REPLY_LIST,
     .summary = "Lists the block documents of a type."},
    {.method = HTTP_PATCH,
     .path = DOCUMENTS "{id}",
     .handle = update_document,
     .flags = ROUTE_WRITES | ROUTE_SECRET,
     .resource = &block_document,
     .body = &(const struct body){.fields = update_fields, .only = FIELD_UPDATE},
     .summary = "Changes a block document's data.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {ROUTE_DELETE(DOCUMENTS "{id}", block_document, resource_delete),
     .summary = "Deletes a block document."},
    {.path = NULL},
};
