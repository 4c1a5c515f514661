/* A JSON value as the body of a request and as a filter. What passes the check can be kept and read
 * back, and then passes again; every filter without a problem is SQL that the database takes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/resource/field.h"
#include "server/resource/problems.h"
#include "server/resource/resource.h"
#include "server/store/connection.h"
#include "json/text.h"

#define SENT     (FIELD_CREATE | FIELD_UPDATE)
#define NULLABLE (SENT | FIELD_NULLABLE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const colours[] = {"RED", "GREEN", NULL};
static const int64_t least = -5, most = 100;

static const struct field parts[] = {
    {.name = "kind", .type = FIELD_ENUM, .flags = SENT | FIELD_REQUIRED, .choices = colours},
    {.name = "count", .type = FIELD_INTEGER, .flags = NULLABLE},
    {.name = "id", .type = FIELD_ID, .flags = NULLABLE},
    FIELDS_END};

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "other", .type = FIELD_ID, .flags = NULLABLE},
    {.name = "name", .type = FIELD_TEXT, .flags = SENT | FIELD_REQUIRED, .max_length = 20},
    {.name = "n", .type = FIELD_INTEGER, .flags = SENT, .fallback = "7", .maximum = &most},
    {.name = "r", .type = FIELD_NUMBER, .flags = NULLABLE, .minimum = &least, .maximum = &most},
    {.name = "flag", .type = FIELD_BOOLEAN, .flags = SENT, .fallback = "false"},
    {.name = "at", .type = FIELD_TIME, .flags = NULLABLE},
    {.name = "colour", .type = FIELD_ENUM, .flags = NULLABLE, .choices = colours},
    {.name = "any", .type = FIELD_JSON, .flags = NULLABLE},
    {.name = "map", .type = FIELD_MAP, .flags = SENT, .fallback = "{}"},
    {.name = "tags", .type = FIELD_STRINGS, .flags = SENT, .fallback = "[]"},
    {.name = "ids", .type = FIELD_IDS, .flags = NULLABLE},
    {.name = "list", .type = FIELD_LIST, .flags = NULLABLE},
    {.name = "part", .type = FIELD_OBJECT, .flags = NULLABLE, .fields = parts},
    {.name = "parts", .type = FIELD_OBJECTS, .flags = NULLABLE, .fields = parts},
    FIELDS_END};

static const char table[] =
    "CREATE TABLE things (id TEXT PRIMARY KEY, created INTEGER, updated INTEGER, other TEXT, "
    "name TEXT, n INTEGER, r REAL, flag INTEGER, at INTEGER, colour TEXT, any TEXT, map TEXT, "
    "tags TEXT, ids TEXT, list TEXT, part TEXT, parts TEXT) STRICT;";

static const struct filter inner[] = {
    {"name", FILTER_VALUE, OP_ANY | OP_NOT_ANY | OP_LIKE, FIELD_TEXT, NULL, NULL, NULL, NULL},
    {"any", FILTER_VALUE, OP_TYPE | OP_ID, FIELD_TEXT, NULL, "r.any", NULL, NULL},
    FILTERS_END};

static const struct filter filters[] = {
    {"id", FILTER_VALUE, OP_ANY | OP_NOT_ANY, FIELD_ID, NULL, NULL, NULL, NULL},
    {"name", FILTER_VALUE, OP_ANY | OP_LIKE | OP_QUERY | OP_EQ, FIELD_TEXT, NULL, NULL, NULL, NULL},
    {"n", FILTER_VALUE, OP_GE | OP_LE | OP_GT | OP_EQ, FIELD_INTEGER, NULL, NULL, NULL, NULL},
    {"r", FILTER_VALUE, OP_ANY | OP_GE | OP_LE, FIELD_NUMBER, NULL, NULL, NULL, NULL},
    {"flag", FILTER_VALUE, OP_EQ, FIELD_BOOLEAN, NULL, NULL, NULL, NULL},
    {"at", FILTER_VALUE, OP_BEFORE | OP_AFTER | OP_IS_NULL, FIELD_TIME, NULL, NULL, NULL, NULL},
    {"colour", FILTER_VALUE, OP_ANY | OP_NOT_ANY | OP_IS_NULL, FIELD_ENUM, colours, NULL,
     "r.colour IN (%s)", NULL},
    {"tags", FILTER_TAGS, OP_ALL | OP_ANY | OP_IS_NULL, FIELD_TEXT, NULL, NULL, NULL, NULL},
    {"there", FILTER_EXISTS, OP_EXISTS | OP_IS_NULL, FIELD_TEXT, NULL, "r.other IS NOT NULL", NULL,
     NULL},
    {"inner", FILTER_GROUP, 0, FIELD_TEXT, NULL, NULL, NULL, inner},
    FILTERS_END};

static const struct relation relations[] = {
    {"others", inner, "r.other IN (SELECT r.id FROM things r WHERE ", ")", NULL}, {.key = NULL}};

static const struct sort sorts[] = {
    {"NAME_ASC", "r.name ASC, r.id"}, {"N_DESC", "r.n DESC, r.id"}, {.name = NULL}};

static const struct resource things = {.name = "Thing",
                                       .table = "things",
                                       .fields = fields,
                                       .filters = filters,
                                       .filter_key = "things",
                                       .relations = relations,
                                       .sorts = sorts};

/* One database for all inputs, in a file that is gone with the process. */
static struct db_connection *database(void)
{
    static struct db_connection *connection;
    static char directory[] = "/tmp/fermata-fuzz-XXXXXX";
    static const struct store_config config = {.directory = directory};
    buf_auto file = BUF_INIT;
    struct error error;

    if (connection)
        return connection;
    if (!mkdtemp(directory) || db_open(&config, true, &connection, &error) < 0 ||
        db_script(connection, table, &error) < 0)
        abort();
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        buf_clear(&file);
        buf_addf(&file, "%s/fermata.db%s", directory, *end);
        unlink(buf_string(&file));
    }
    rmdir(directory);
    return connection;
}

static _Noreturn void fail(struct txn *txn, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, txn_error(txn)->message);
    abort();
}

static bool fits(const struct body *body, const json_t *value)
{
    struct problems problems;

    problems_init(&problems, "body");
    body_check(body, value, &problems);
    bool any = problems_any(&problems);
    json_auto_t *told = problems_for_person(&problems);
    if (any != (json_array_size(told) > 0) || json_array_size(problems.list) > PROBLEMS_LIMIT)
        abort();
    problems_release(&problems);
    return !any;
}

static void read_back(struct txn *txn, const char *id)
{
    sql_auto sql = {0};
    rows_auto rows = {0};
    buf_auto text = BUF_INIT;
    struct json_writer writer;
    struct error error;

    resource_select(&things, &sql);
    sql_add(&sql, " WHERE r.id = ?");
    sql_bind(&sql, V(id));
    if (sql_first(txn, &rows, &sql) != 1)
        fail(txn, "select");
    json_writer_init(&writer, &text);
    fields_write_row(fields, &writer, &rows);
    json_auto_t *value = json_parse(buf_string(&text), text.length, &error);
    if (!value || !fits(&(struct body){.fields = fields}, value)) {
        fprintf(stderr, "%s\n", buf_string(&text));
        abort();
    }
}

static void keep(struct txn *txn, const json_t *value, const char *text)
{
    struct record record;

    record_from_create(&record, fields, txn_arena(txn), value, text, (const char *const[]){NULL});
    if (record_insert(txn, things.table, &record) < 0)
        fail(txn, "insert");
    const char *id = record_get(&record, "id").text;
    read_back(txn, id);
    record_from_update(&record, fields, txn_arena(txn), value, text, (const char *const[]){NULL});
    record_set(&record, "updated", V(txn->now));
    if (record_update(txn, things.table, &record, "id", V(id)) != 1)
        fail(txn, "update");
    read_back(txn, id);
}

static void find(struct txn *txn, const json_t *value)
{
    sql_auto sql = {0};
    rows_auto rows = {0};
    struct problems problems;
    int r = 0;

    problems_init(&problems, "body");
    resource_select(&things, &sql);
    sql_add(&sql, " WHERE ");
    resource_where(&things, value, txn_arena(txn), &sql, &problems);
    resource_order(&things, value, &sql, &problems);
    bool refused = problems_any(&problems);
    problems_release(&problems);
    if (refused)
        return;
    if (sql_query(txn, &rows, &sql) < 0)
        fail(txn, buf_string(&sql.text));
    while ((r = rows_next(&rows)) > 0)
        ;
    if (r < 0)
        fail(txn, buf_string(&sql.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error;
    struct job job = {0};
    struct txn txn = {.connection = database(), .job = &job, .now = 1000000};
    buf_auto text = BUF_INIT;

    buf_add(&text, data, size);
    json_auto_t *value = json_parse(buf_string(&text), text.length, &error);
    if (!value)
        return 0;
    if (db_begin(txn.connection, &error) < 0)
        abort();
    fits(&(struct body){.fields = fields, .only = FIELD_UPDATE, .open = true}, value);
    fits(&(struct body){.fields = fields, .only = FIELD_CREATE, .list = true}, value);
    if (fits(&(struct body){.fields = fields, .only = FIELD_CREATE}, value))
        keep(&txn, value, buf_string(&text));
    if (json_is_object(value))
        find(&txn, value);
    db_rollback(txn.connection);
    arena_release(&job.arena);
    return 0;
}
