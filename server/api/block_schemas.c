/* Block schemas: what a block of a type is made of, as a version of its class has it. Clients know
 * them by checksums, which they make themselves: ours have to be the same. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "server/api/blocks.h"
#include "server/api/routes.h"
#include "json/text.h"

const struct field block_schema_fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "checksum", .type = FIELD_TEXT, .doc = "Made of the fields."},
    {.name = "fields",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE,
     .fallback = "{}",
     .doc = "A JSON Schema of the data; its secret_fields are the paths of what is secret."},
    {.name = "block_type_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "The type."},
    {.name = "capabilities",
     .type = FIELD_STRINGS,
     .flags = FIELD_CREATE,
     .fallback = "[]",
     .doc = "What blocks of it can do."},
    {.name = "version",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE,
     .fallback = "\"non-versioned\"",
     .doc = "Which version, for people."},
    {.name = "block_type",
     .type = FIELD_OBJECT,
     .fields = block_type_fields,
     .sql = BLOCK_TYPE_COLUMNS,
     .columns = BLOCK_TYPE_COLUMN_COUNT,
     .write = block_type_write,
     .doc = "The type."},
    FIELDS_END};

const struct filter block_schema_filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "block_type_id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "block_capabilities",
     .kind = FILTER_TAGS,
     .operators = OP_ALL,
     .sql = "r.capabilities"},
    {.name = "version", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_TEXT},
    FILTERS_END};

static const struct sort sorts[] = {{"CREATED_DESC", "r.seq DESC"}, {NULL, NULL}};

static const struct resource block_schema = {
    .name = "Block schema",
    .table = "block_schemas",
    .from = "block_schemas r JOIN block_types t ON t.id = r.block_type_id",
    .fields = block_schema_fields,
    .filters = block_schema_filters,
    .filter_key = "block_schemas",
    .sorts = sorts};

void block_schema_write(struct json_writer *writer, const struct rows *rows, int column)
{
    fields_write_columns(block_schema_fields, writer, rows, column);
}

/* ---- checksums ---- */

#define DEFINITIONS "#/definitions/"

/* Those that are referred to, by name, and the same in order: whoever is in the list is to be
 * looked through in turn. A list, not a recursion: a chain of references may be as long as the
 * body. */
struct definitions {
    const json_t *all;
    json_t *used;
    json_t *list;
};

/* A definition that a reference names, unless it is a block, which has a schema of its own. */
static void add_definition(struct definitions *to, const char *reference)
{
    const char *name =
        reference +
        (strncmp(reference, DEFINITIONS, strlen(DEFINITIONS)) == 0 ? strlen(DEFINITIONS) : 0);
    json_t *definition = json_object_get(to->all, name);
    const json_t *slug = json_object_get(definition, "block_type_slug");

    if (json_object_size(definition) == 0 || json_object_get(to->used, name) ||
        (slug && !json_is_null(slug)))
        return;
    json_object_set(to->used, name, definition);
    json_array_append(to->list, definition);
}

/* Those that a value refers to, as deep as JSON may be. */
static void add_definitions(struct definitions *to, const json_t *value)
{
    const char *reference = json_string_value(json_object_get(value, "$ref"));
    const char *key;
    json_t *member;
    size_t i;

    if (reference && *reference)
        add_definition(to, reference);
    json_object_foreach((json_t *)value, key, member)
        add_definitions(to, member);
    json_array_foreach(value, i, member)
        add_definitions(to, member);
}

/* Leaves of an object's definitions those that it refers to, and those that they refer to. */
static void keep_used_definitions(json_t *object)
{
    json_auto_t *used = json_object();
    json_auto_t *list = json_array();
    struct definitions to = {
        .all = json_object_get(object, "definitions"), .used = used, .list = list};

    if (json_object_size(to.all) == 0)
        return;
    add_definitions(&to, object);
    for (size_t i = 0; i < json_array_size(list); i++)
        add_definitions(&to, json_array_get(list, i));
    if (json_object_size(used) > 0)
        json_object_set(object, "definitions", used);
    else
        json_object_del(object, "definitions");
}

/* Of an object and the objects in it, but not of those in arrays. */
static void remove_secret_fields(json_t *object)
{
    const char *key;
    json_t *member;

    json_object_del(object, "secret_fields");
    json_object_foreach(object, key, member)
        if (json_is_object(member))
            remove_secret_fields(member);
}

/* "sha256:…" of the fields without what is told of blocks elsewhere; NULL: memory is short. */
static const char *checksum_of(struct arena *arena, const json_t *fields)
{
    json_auto_t *kept = json_deep_copy(fields);
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(hash) + 1];
    buf_auto text = BUF_INIT;

    remove_secret_fields(kept);
    keep_used_definitions(kept);
    /* As the arguments of a call in Python. */
    buf_add_string(&text, "[[");
    json_text_python(kept, &text);
    buf_add_string(&text, "], {}]");
    if (text.failed)
        return NULL;
    crypto_hash_sha256(hash, (const uint8_t *)text.data, text.length);
    return arena_printf(arena, "sha256:%s", sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
}

static int prepare_checksum(struct txn *txn, struct request *request, struct http_reply *reply)
{
    json_auto_t *none = json_object();
    const json_t *fields = json_object_get(request->body, "fields");

    (void)reply;
    request->prepared = (void *)checksum_of(&request->arena, fields ? fields : none);
    return request->prepared ? 0 : txn_fail(txn, ENOMEM, "no memory for a checksum");
}

/* ---- creating ---- */

/* Whether the type that a member of the data refers to is there; else the reply says so. */
static int check_reference(struct txn *txn, struct http_reply *reply, const json_t *reference)
{
    const char *slug = json_string_value(json_object_get(reference, "block_type_slug"));
    rows_auto rows = {0};

    if (!slug)
        return 1;
    int found = db_first(txn, &rows, "SELECT 1 FROM block_types WHERE slug = ?", V(slug));
    if (found == 0)
        reply_detail(reply, 409,
                     "Cannot create block schema because block type '%s' was not found. Did you "
                     "forget to register the block type?",
                     slug);
    return found;
}

/* Each is one, or a list of which it may be any. */
static int check_references(struct txn *txn, const struct request *request,
                            struct http_reply *reply)
{
    const json_t *fields = json_object_get(request->body, "fields");
    json_t *references = json_object_get(fields, "block_schema_references");
    const char *name;
    json_t *reference, *entry;
    size_t i;

    json_object_foreach(references, name, reference) {
        int found = json_is_object(reference) ? check_reference(txn, reply, reference) : 1;
        if (found <= 0)
            return found;
        json_array_foreach(reference, i, entry) {
            found = check_reference(txn, reply, entry);
            if (found <= 0)
                return found;
        }
    }
    return 1;
}

/* One that is there already is the answer. */
static int create_schema(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *checksum = request->prepared;
    struct record record;
    rows_auto rows = {0};

    record_from_create(&record, block_schema_fields, txn_arena(txn), request->body,
                       request->body_text, NULL);
    record_set(&record, "checksum", V(checksum));
    int fits = check_block_type(txn, reply, record_get(&record, "block_type_id").text);
    if (fits > 0)
        fits = check_references(txn, request, reply);
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    int found =
        db_first(txn, &rows, "SELECT id FROM block_schemas WHERE checksum = ? AND version = ?",
                 V(checksum), record_get(&record, "version"));
    if (found < 0 || (!found && record_insert(txn, block_schema.table, &record) < 0))
        return HANDLER_FAILED;
    return reply_resource(txn, reply, found ? 200 : 201, &block_schema, "r.id = ?",
                          found ? V(rows_text(&rows, 0)) : record_get(&record, "id"));
}

/* ---- reading ---- */

static const struct field checksum_query[] = {{.name = "version",
                                               .type = FIELD_TEXT,
                                               .flags = FIELD_NULLABLE,
                                               .doc = "Which version; without it the latest."},
                                              FIELDS_END};

static int read_by_checksum(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *version = request_query(request, "version");
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT id FROM block_schemas WHERE checksum = ? AND"
                         " (version = ? OR ? = 0) ORDER BY seq DESC LIMIT 1",
                         V(request->params[0]), V(version ? version : ""), V(version != NULL));

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_missing(reply, &block_schema);
    return reply_resource(txn, reply, 200, &block_schema, "r.id = ?", V(rows_text(&rows, 0)));
}

/* Everything that any block can do, each once. */
static int list_capabilities(struct txn *txn, struct request *request, struct http_reply *reply)
{
    json_auto_t *all = json_object();
    struct json_writer writer;
    rows_auto rows = {0};
    const char *name;
    json_t *value;
    size_t i;
    int r;

    (void)request;
    if (db_query(txn, &rows, "SELECT DISTINCT capabilities FROM block_schemas LIMIT ?",
                 V(FILTER_LIST_LIMIT)) < 0)
        return HANDLER_FAILED;
    while ((r = rows_next(&rows)) > 0) {
        json_auto_t *some = json_parse(rows_text(&rows, 0), strlen(rows_text(&rows, 0)), NULL);
        json_array_foreach(some, i, value)
            json_object_set_new(all, json_string_value(value), json_true());
    }
    if (r < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    json_object_foreach(all, name, value)
        json_add_string(&writer, name);
    json_end_array(&writer);
    return HANDLER_DONE;
}

/* ---- routes ---- */

#define SCHEMAS "/api/block_schemas/"

const struct route block_schema_routes[] = {
    {ROUTE_CREATE(SCHEMAS, block_schema, block_schema_fields, create_schema),
     .prepare = prepare_checksum, .answers = ANSWERS_200 | ANSWERS_404 | ANSWERS_409,
     .summary = "Creates a block schema, or gives the one with the checksum and version."},
    {ROUTE_FILTER(SCHEMAS, block_schema, "block schemas")},
    {ROUTE_READ(SCHEMAS "{id}", block_schema, resource_read), .summary = "Reads a block schema."},
    {ROUTE_READ(SCHEMAS "checksum/{checksum}", block_schema, read_by_checksum),
     .query = checksum_query, .summary = "Reads the block schema with that checksum."},
    {ROUTE_DELETE(SCHEMAS "{id}", block_schema, resource_delete),
     .summary = "Deletes a block schema with its documents."},
    {.method = HTTP_GET,
     .path = "/api/block_capabilities/",
     .handle = list_capabilities,
     .summary = "What blocks can do.",
     .status = 200,
     .shape = REPLY_ANY},
    {.path = NULL},
};
