/* Inputs of a run: what is sent to it, and what its pauses leave there. */
#include <ctype.h>
#include <string.h>

#include "server/api/routes.h"
#include "server/orchestration/input_request.h"

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "flow_run_id", .type = FIELD_ID, .doc = "The run that it is for."},
    {.name = "key",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .max_length = 1024,
     .doc = "The name, of which a run has one."},
    {.name = "value",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "Text that the server does not look into; clients put JSON there."},
    {.name = "sender",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "Who sent it: prefect.flow-run.ID, or null."},
    FIELDS_END};

static const struct resource run_input = {
    .name = "Flow run input", .table = "flow_run_inputs", .fields = fields};

/* ---- creating ---- */

/* Letters, digits, dot, dash and underscore: what can stand in a path. */
static bool is_key(const char *key)
{
    for (const char *p = key; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            return false;
    return *key != '\0';
}

static int prepare_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct description *description = arena_alloc(&request->arena, sizeof(*description));
    const char *key = request_text(request, "key");

    if (!is_key(key)) {
        reply_problem(reply, request, "key", "value_error",
                      "Value error, an input's key has letters, digits, dots, dashes and "
                      "underscores only");
        return 1;
    }
    request->prepared = description;
    return input_request_describe(txn, &request->arena, request->params[0], key,
                                  request_text(request, "value"), description);
}

static int create_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *run_id = request->params[0];
    const char *key = request_text(request, "key");
    const char *value = request_text(request, "value");
    rows_auto rows = {0};
    struct record record;

    int found = db_first(txn, &rows, "SELECT 1 FROM flow_runs WHERE id = ?", V(run_id));
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Flow run not found");
    found = db_first(txn, &rows, "SELECT 1 FROM flow_run_inputs WHERE flow_run_id = ? AND key = ?",
                     V(run_id), V(key));
    if (found < 0)
        return HANDLER_FAILED;
    if (found)
        return reply_detail(reply, 409, "A flow run input with this key already exists.");
    record_from_create(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    record_set(&record, "flow_run_id", V(run_id));
    if (record_insert(txn, "flow_run_inputs", &record) < 0 ||
        input_request_take(txn, run_id, key, value, request->prepared) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "inputs:%s", run_id);
    return reply_json(reply, 201, "null");
}

/* ---- reading ---- */

static const int64_t one = 1;

static const struct field filter_fields[] = {{.name = "prefix",
                                              .type = FIELD_TEXT,
                                              .flags = FIELD_REQUIRED,
                                              .doc = "What the key begins with."},
                                             {.name = "limit",
                                              .type = FIELD_INTEGER,
                                              .minimum = &one,
                                              .fallback = "1",
                                              .doc = "How many at the most."},
                                             {.name = "exclude_keys",
                                              .type = FIELD_STRINGS,
                                              .fallback = "[]",
                                              .doc = "Keys to leave out: what the reader has had."},
                                             FIELDS_END};

static int filter_inputs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *prefix = request_text(request, "prefix");
    const json_t *excluded = json_object_get(request->body, "exclude_keys");
    int64_t limit = request_integer(request, "limit", 1);
    json_auto_t *had = json_object();
    struct json_writer writer;
    rows_auto rows = {0};
    sql_auto sql = {0};
    size_t i;
    json_t *key;
    int64_t count = 0;
    int r;

    if (request_watch(txn, request, "inputs:%s", request->params[0]) < 0)
        return HANDLER_FAILED;
    json_array_foreach(excluded, i, key)
        json_object_set_new(had, json_string_value(key), json_true());
    resource_select(&run_input, &sql);
    sql_add(&sql, " WHERE r.flow_run_id = ? ORDER BY r.seq");
    sql_bind(&sql, value_text(request->params[0]));
    if (sql_query(txn, &rows, &sql) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    while (count < limit && (r = rows_next(&rows)) != 0) {
        if (r < 0)
            return HANDLER_FAILED;
        const char *name = rows_text(&rows, 4);
        if (strncmp(name, prefix, strlen(prefix)) != 0 || json_object_get(had, name))
            continue;
        fields_write_row(fields, &writer, &rows);
        count++;
    }
    json_end_array(&writer);
    return count == 0 && request_may_wait(request, txn) ? HANDLER_PARK : HANDLER_DONE;
}

/* The stored text itself. */
static int read_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};

    if (request_watch(txn, request, "inputs:%s", request->params[0]) < 0)
        return HANDLER_FAILED;
    int found =
        db_first(txn, &rows, "SELECT value FROM flow_run_inputs WHERE flow_run_id = ? AND key = ?",
                 V(request->params[0]), V(request->params[1]));
    if (found < 0)
        return HANDLER_FAILED;
    if (!found && request_may_wait(request, txn))
        return HANDLER_PARK;
    if (!found)
        return reply_detail(reply, 404, "Flow run input not found");
    reply_json(reply, 200, rows_text(&rows, 0));
    reply->content_type = "text/plain; charset=utf-8";
    return HANDLER_DONE;
}

static int delete_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int deleted = db_run(txn, "DELETE FROM flow_run_inputs WHERE flow_run_id = ? AND key = ?",
                         V(request->params[0]), V(request->params[1]));

    if (deleted < 0)
        return HANDLER_FAILED;
    return deleted ? reply_nothing(reply, 204)
                   : reply_detail(reply, 404, "Flow run input not found");
}

/* ---- routes ---- */

static const struct body create_body = {.fields = fields, .only = FIELD_CREATE};
static const struct body inputs_body = {.fields = filter_fields};

const struct route run_input_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/input",
     .handle = create_input,
     .prepare = prepare_input,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &create_body,
     .summary = "Sends an input to a run.",
     .status = 201,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_NULL},
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/input/filter",
     .handle = filter_inputs,
     .flags = ROUTE_WAITS,
     .body = &inputs_body,
     .summary = "Lists inputs by the beginning of their key, in the order of their arrival. With "
                "Prefer: wait, as soon as there is one.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = fields},
    {.method = HTTP_GET,
     .path = "/api/flow_runs/{id}/input/{key}",
     .handle = read_input,
     .flags = ROUTE_WAITS,
     .summary = "Reads an input's text. With Prefer: wait, as soon as it is there.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_TEXT},
    {.method = HTTP_DELETE,
     .path = "/api/flow_runs/{id}/input/{key}",
     .handle = delete_input,
     .flags = ROUTE_WRITES,
     .summary = "Deletes an input.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.path = NULL},
};
