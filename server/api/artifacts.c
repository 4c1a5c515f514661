/* Artifacts: what runs make for people to look at. Those of one key are a collection, which is seen
 * as its latest. */
#include "common/ids.h"
#include "server/api/names.h"
#include "server/api/routes.h"
#include "json/text.h"

#define COLLECTED_FIELDS                                                                           \
    {.name = "type",                                                                               \
     .type = FIELD_TEXT,                                                                           \
     .flags = FIELD_CREATE | FIELD_NULLABLE,                                                       \
     .doc = "What the data is: markdown, table, link, image, progress, result."},                  \
        {.name = "description",                                                                    \
         .type = FIELD_TEXT,                                                                       \
         .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_NULLABLE,                                    \
         .doc = "Markdown about it."},                                                             \
        {.name = "data",                                                                           \
         .type = FIELD_JSON,                                                                       \
         .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_NULLABLE,                                    \
         .doc = "Any JSON, as the type asks."},                                                    \
        {.name = "metadata_",                                                                      \
         .type = FIELD_MAP,                                                                        \
         .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_NULLABLE,                                    \
         .doc = "Names and texts; what is longer than 500 characters is cut."},                    \
        {.name = "flow_run_id",                                                                    \
         .type = FIELD_ID,                                                                         \
         .flags = FIELD_CREATE | FIELD_NULLABLE,                                                   \
         .doc = "The flow run that made it."},                                                     \
    {                                                                                              \
        .name = "task_run_id", .type = FIELD_ID, .flags = FIELD_CREATE | FIELD_NULLABLE,           \
        .doc = "The task run that made it."                                                        \
    }

#define METADATA_LENGTH 500

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "key",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "Under which it is found again: lower-case letters, digits and dashes."},
    COLLECTED_FIELDS,
    {.name = "latest", .type = FIELD_BOOLEAN, .flags = FIELD_NO_REPLY, .fallback = "false"},
    {.name = "collection_id", .type = FIELD_ID, .flags = FIELD_NO_REPLY | FIELD_NULLABLE},
    FIELDS_END};

static const struct field collection_fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "key", .type = FIELD_TEXT, .doc = "Under which its artifacts are found."},
    {.name = "latest_id", .type = FIELD_ID, .doc = "The latest artifact."},
    COLLECTED_FIELDS,
    FIELDS_END};

#define COLLECTED_FILTERS                                                                          \
    {.name = "key",                                                                                \
     .kind = FILTER_VALUE,                                                                         \
     .operators = OP_ANY | OP_LIKE | OP_EXISTS,                                                    \
     .type = FIELD_TEXT},                                                                          \
        {.name = "flow_run_id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},      \
        {.name = "task_run_id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},      \
    {                                                                                              \
        .name = "type", .kind = FILTER_VALUE, .operators = OP_ANY | OP_NOT_ANY, .type = FIELD_TEXT \
    }

static const struct filter filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    COLLECTED_FILTERS,
    FILTERS_END};

static const struct filter collection_filters[] = {
    {.name = "latest_id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    COLLECTED_FILTERS,
    FILTERS_END};

#define OF_FLOW_RUNS "r.flow_run_id IN (SELECT f.id FROM flow_runs f WHERE "

static const struct relation relations[] = {
    {"flow_runs", flow_run_filters, "r.flow_run_id IN (SELECT r.id FROM flow_runs r WHERE ", ")",
     NULL},
    {"task_runs", task_run_filters, "r.task_run_id IN (SELECT r.id FROM task_runs r WHERE ", ")",
     NULL},
    {"flows", flow_filters, OF_FLOW_RUNS "f.flow_id IN (SELECT r.id FROM flows r WHERE ", "))",
     NULL},
    {"deployments", deployment_filters,
     OF_FLOW_RUNS "f.deployment_id IN (SELECT r.id FROM deployments r WHERE ", "))", NULL},
    {.key = NULL}};

static const struct sort sorts[] = {{"ID_DESC", "r.id DESC"},
                                    {"CREATED_DESC", "r.created DESC, r.seq DESC"},
                                    {"UPDATED_DESC", "r.updated DESC, r.seq DESC"},
                                    {"KEY_DESC", "r.key DESC, r.seq DESC"},
                                    {"KEY_ASC", "r.key ASC, r.seq ASC"},
                                    {NULL, NULL}};

static const struct resource artifact = {.name = "Artifact",
                                         .table = "artifacts",
                                         .fields = fields,
                                         .filters = filters,
                                         .filter_key = "artifacts",
                                         .relations = relations,
                                         .sorts = sorts,
                                         .missing = "Artifact not found."};

static const struct resource collection = {.name = "Artifact collection",
                                           .table = "artifact_collections",
                                           .fields = collection_fields,
                                           .filters = collection_filters,
                                           .filter_key = "artifacts",
                                           .relations = relations,
                                           .sorts = sorts};

/* ---- what may be written ---- */

/* The text, or so many characters of it and "...". */
static json_t *shortened(const char *text)
{
    size_t count = 0;
    const char *p = text;

    while (*p && count <= METADATA_LENGTH)
        count += (*p++ & 0xc0) != 0x80;
    if (count <= METADATA_LENGTH)
        return json_string(text);
    return json_sprintf("%.*s...", (int)(p - 1 - text), text);
}

/* Metadata is names and texts; long texts are cut. 1, or 0: the reply says what is wrong. */
static int check_metadata(struct txn *txn, struct request *request, struct record *record,
                          struct http_reply *reply)
{
    json_t *metadata = json_object_get(request->body, "metadata_");
    json_auto_t *cut = json_object();
    problems_auto problems;
    const char *key;
    json_t *text;

    problems_init(&problems, "body");
    problems_enter(&problems, "metadata_");
    json_object_foreach(metadata, key, text) {
        if (json_is_string(text))
            json_object_set_new(cut, key, shortened(json_string_value(text)));
        else
            problems_add_at(&problems, key, "string_type", text, "Input should be a valid string");
    }
    if (problems_any(&problems)) {
        reply_problems(reply, request, &problems);
        return 0;
    }
    if (json_is_object(metadata))
        record_set(record, "metadata_", V(json_arena_text(txn_arena(txn), cut)));
    return 1;
}

/* It is the latest of its key from now on, in the place of the one before. */
static int take_place(struct txn *txn, struct record *record, const char *key)
{
    char made[ID_SIZE];
    rows_auto rows = {0};

    int found = db_first(
        txn, &rows, "SELECT collection_id FROM artifacts WHERE key = ? AND latest = 1", V(key));
    if (found < 0)
        return -1;
    if (!found)
        id_new(made);
    record_set(record, "collection_id",
               V(arena_strdup(txn_arena(txn), found ? rows_text(&rows, 0) : made)));
    record_set(record, "latest", V(true));
    rows_close(&rows);
    return db_run(txn, "UPDATE artifacts SET latest = 0 WHERE key = ? AND latest = 1", V(key));
}

static int check_new(struct txn *txn, struct request *request, struct record *record,
                     struct http_reply *reply)
{
    const char *key = request_text(request, "key");

    if (!check_dashed_name(request, reply, "key", "Artifact key") ||
        !check_metadata(txn, request, record, reply))
        return 0;
    return key && take_place(txn, record, key) < 0 ? -1 : 1;
}

/* ---- handlers ---- */

static int read_latest(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return reply_resource(txn, reply, 200, &artifact, "r.key = ? AND r.latest = 1",
                          V(request->params[0]));
}

/* The one before it is the latest again. */
static int delete_artifact(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows, "SELECT key FROM artifacts WHERE id = ? AND latest = 1",
                         V(request->params[0]));
    const char *key = found > 0 ? arena_strdup(txn_arena(txn), rows_text(&rows, 0)) : NULL;

    rows_close(&rows);
    if (found < 0 || resource_delete(txn, request, reply) < 0)
        return HANDLER_FAILED;
    if (key && db_run(txn,
                      "UPDATE artifacts SET latest = 1 WHERE seq ="
                      " (SELECT MAX(seq) FROM artifacts WHERE key = ?)",
                      V(key)) < 0)
        return HANDLER_FAILED;
    return HANDLER_DONE;
}

/* ---- routes ---- */

#define ARTIFACTS "/api/artifacts/"

const struct route artifact_routes[] = {
    {ROUTE_CREATE(ARTIFACTS, artifact, fields, resource_create), .check = check_new,
     .summary = "Creates an artifact, which is then the latest of its key."},
    {ROUTE_FILTER(ARTIFACTS, artifact, "artifacts")},
    {ROUTE_COUNT(ARTIFACTS, artifact, "artifacts")},
    {ROUTE_FILTER(ARTIFACTS "latest/", collection, "the latest artifact of each key")},
    {ROUTE_COUNT(ARTIFACTS "latest/", collection, "the keys that artifacts have")},
    {ROUTE_READ(ARTIFACTS "{id}", artifact, resource_read), .summary = "Reads an artifact."},
    {ROUTE_READ(ARTIFACTS "{key}/latest", artifact, read_latest),
     .summary = "Reads the latest artifact of a key."},
    {ROUTE_UPDATE(ARTIFACTS "{id}", artifact, fields, resource_update), .check = check_metadata,
     .summary = "Changes an artifact."},
    {ROUTE_DELETE(ARTIFACTS "{id}", artifact, delete_artifact),
     .summary = "Deletes an artifact; the one before it is then the latest of the key."},
    {.path = NULL},
};
