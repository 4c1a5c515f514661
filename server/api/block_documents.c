/* Block documents: what is configured. Their data is sealed, and what in it is secret is told only
 * to those who ask for it. */
#include <string.h>
#include <strings.h>

#include "server/api/blocks.h"
#include "server/api/routes.h"

#define READ_AT_ONCE 5000 /* documents, with those that they refer to, in one reply */

const struct field block_document_fields[] = {
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

const struct resource block_document = {.name = "Block document",
                                        .table = "block_documents",
                                        .fields = block_document_fields,
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

static struct block_reader reader_of(struct txn *txn, const struct request *request,
                                     bool include_secrets)
{
    return (struct block_reader){.txn = txn,
                                 .secrets = api_config(request->api)->secrets,
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

int reply_block_document(struct txn *txn, const struct request *request, struct http_reply *reply,
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
    return reply_block_document(txn, request, reply, 200, asks_for_secrets(request),
                                request->params[0]);
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
    return reply_block_document(txn, request, reply, 200, asks_for_secrets(request),
                                rows_text(&rows, 0));
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

/* ---- routes ---- */

static const struct field secrets_query[] = {
    {.name = "include_secrets", .type = FIELD_BOOLEAN, .doc = "Whether to tell what is secret."},
    FIELDS_END};

static const struct field filter_fields[] = {FIELD_SORT,
                                             FIELD_LIMIT,
                                             FIELD_OFFSET,
                                             {.name = "include_secrets",
                                              .type = FIELD_BOOLEAN,
                                              .fallback = "false",
                                              .doc = "Whether to tell what is secret."},
                                             FIELDS_END};

#define DOCUMENTS "/api/block_documents/"
#define OF_TYPE   "/api/block_types/slug/{slug}/block_documents"

const struct route block_document_routes[] = {
    {.method = HTTP_POST,
     .path = DOCUMENTS "filter",
     .handle = filter_documents,
     .resource = &block_document,
     .body = &(const struct body){.fields = filter_fields, .open = true, .optional = true},
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
    {ROUTE_DELETE(DOCUMENTS "{id}", block_document, resource_delete),
     .summary = "Deletes a block document."},
    {.path = NULL},
};
