/* Logs: stored in batches, read back, followed as they come. */
#include <string.h>

#include "common/ids.h"
#include "server/api/routes.h"
#include "server/api/stream.h"
#include "server/orchestration/state.h"

static const struct field fields[] = {
    {.name = "id", .type = FIELD_ID, .doc = "The id, made by the server."},
    {.name = "created", .type = FIELD_TIME, .doc = "When it arrived."},
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "The logger."},
    {.name = "level",
     .type = FIELD_INTEGER,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "10 debug, 20 info, 30 warning, 40 error, 50 critical."},
    {.name = "message",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "Its text."},
    {.name = "timestamp",
     .type = FIELD_TIME,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "When it was written, by the writer's clock."},
    {.name = "flow_run_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "The run that wrote it."},
    {.name = "task_run_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "The task run that wrote it."},
    {.name = "worker_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_NULLABLE | FIELD_NO_COLUMN,
     .doc = "Not kept."},
    {.name = "seq",
     .type = FIELD_INTEGER,
     .doc = "Its number in the order of arrival: the place from which to go on."},
    FIELDS_END};

static const struct filter filters[] = {
    {.name = "level", .kind = FILTER_VALUE, .operators = OP_GE | OP_LE, .type = FIELD_INTEGER},
    {.name = "timestamp",
     .kind = FILTER_VALUE,
     .operators = OP_BEFORE | OP_AFTER,
     .type = FIELD_TIME},
    {.name = "flow_run_id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "task_run_id",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_IS_NULL,
     .type = FIELD_ID},
    {.name = "text",
     .kind = FILTER_VALUE,
     .operators = OP_QUERY,
     .type = FIELD_TEXT,
     .sql = "(r.name || ' ' || r.message)"},
    {.name = "seq", .kind = FILTER_VALUE, .operators = OP_GT, .type = FIELD_INTEGER},
    FILTERS_END};

static const struct sort sorts[] = {{"TIMESTAMP_ASC", "r.timestamp ASC, r.seq ASC"},
                                    {"TIMESTAMP_DESC", "r.timestamp DESC, r.seq DESC"},
                                    {"SEQ_ASC", "r.seq ASC"},
                                    {NULL, NULL}};

static const struct resource log_resource = {.name = "Log",
                                             .table = "logs",
                                             .fields = fields,
                                             .filters = filters,
                                             .filter_key = "logs",
                                             .sorts = sorts};

/* ---- storing ---- */

static int create_logs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    json_auto_t *runs = json_object();
    const char *run_id;
    size_t i;
    json_t *entry;
    json_t *ignored;

    json_array_foreach(request->body, i, entry) {
        struct record record;
        record_from_create(&record, fields, txn_arena(txn), entry, NULL, NULL);
        if (record_insert(txn, "logs", &record) < 0)
            return HANDLER_FAILED;
        struct value run = record_get(&record, "flow_run_id");
        if (run.type == VALUE_TEXT)
            json_object_set_new(runs, run.text, json_true());
    }
    json_object_foreach(runs, run_id, ignored)
        txn_publish(txn, "logs:%s", run_id);
    if (json_array_size(request->body))
        txn_publish(txn, "logs");
    return reply_json(reply, 201, "null");
}

/* ---- reading ---- */

/* The runs of which alone a filter lets logs through, as it was sent; NULL: of any. */
static const json_t *runs_asked(const json_t *filter)
{
    const char *operator= json_string_value(json_object_get(filter, "operator"));
    const json_t *ids = json_object_get(json_object_get(filter, "flow_run_id"), "any_");

    if (operator&& strcmp(operator, "or_") == 0)
        return NULL;
    return json_is_array(ids) && json_array_size(ids) <= FILTER_LIST_LIMIT ? ids : NULL;
}

/* Watches the runs that are asked for, also for their ends: a follower is not kept waiting for
 * logs that will not come. */
static int watch(struct txn *txn, struct request *request, const json_t *ids)
{
    size_t i;
    json_t *id;

    if (!ids)
        return request_watch(txn, request, "logs");
    json_array_foreach(ids, i, id) {
        char run_id[ID_SIZE];
        if (!json_is_string(id) || !id_parse(json_string_value(id), run_id))
            continue;
        if (request_watch(txn, request, "logs:%s", run_id) < 0 ||
            request_watch(txn, request, "flow_run:%s", run_id) < 0)
            return -1;
    }
    return 0;
}

/* Whether any of the runs may still write: 1 or 0. */
static int any_runs(struct txn *txn, const json_t *ids)
{
    size_t i;
    json_t *id;

    if (!ids)
        return 1;
    json_array_foreach(ids, i, id) {
        char run_id[ID_SIZE];
        rows_auto rows = {0};
        if (!json_is_string(id) || !id_parse(json_string_value(id), run_id))
            continue;
        int found =
            db_first(txn, &rows, "SELECT state_type FROM flow_runs WHERE id = ?", V(run_id));
        if (found < 0)
            return -1;
        if (!found || !state_is_terminal(state_type_parse(rows_text(&rows, 0))))
            return 1;
    }
    return 0;
}

static int filter_logs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const json_t *ids = runs_asked(json_object_get(request->body, "logs"));

    if (watch(txn, request, ids) < 0 || resource_filter(txn, request, reply) < 0)
        return HANDLER_FAILED;
    if (reply->status != 200 || reply->body.length > 2 || !request_may_wait(request, txn))
        return HANDLER_DONE;
    int runs = any_runs(txn, ids);
    return runs < 0 ? HANDLER_FAILED : runs ? HANDLER_PARK : HANDLER_DONE;
}

/* ---- streaming ---- */

static void where(json_t *filter, int64_t since, struct arena *arena, struct sql *sql,
                  struct problems *problems)
{
    json_auto_t *body = json_pack("{s:O}", "logs", filter);

    (void)since;
    resource_where(&log_resource, body, arena, sql, problems);
}

static const char *const *topics(const json_t *filter, struct arena *arena)
{
    const json_t *ids = runs_asked(filter);
    const char **topics = arena_alloc(arena, (json_array_size(ids) + 2) * sizeof(*topics));
    char run_id[ID_SIZE];
    size_t i;
    json_t *id;

    topics[0] = "logs";
    json_array_foreach(ids, i, id)
        if (id_parse(json_string_value(id), run_id))
            topics[i] = arena_printf(arena, "logs:%s", run_id);
    return topics;
}

const struct stream_kind log_stream = {.socket = STREAM_SOCKET("/api/logs/out"),
                                       .table = "logs",
                                       .fields = fields,
                                       .type = "log",
                                       .where = where,
                                       .topics = topics};

static const struct body create_body = {.fields = fields, .only = FIELD_CREATE, .list = true};

const struct route log_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/logs/",
     .handle = create_logs,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &create_body,
     .summary = "Stores logs.",
     .status = 201,
     .shape = REPLY_NULL},
    {.method = HTTP_POST,
     .path = "/api/logs/filter",
     .handle = filter_logs,
     .flags = ROUTE_WAITS | ROUTE_SEARCHES,
     .body = &filter_body,
     .resource = &log_resource,
     .summary = "Lists logs. With Prefer: wait, as soon as there is one, or the run has ended.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = fields},
    {ROUTE_COUNT("/api/logs/", log_resource, "logs")},
    {.path = NULL},
};
