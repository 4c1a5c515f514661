/* Flow runs: the resource, and its reading and writing. Their states: flow_run_states.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/times.h"
#include "server/api/flow_runs.h"
#include "server/api/headers.h"
#include "server/api/held_polls.h"
#include "server/api/routes.h"
#include "server/api/run_figures.h"
#include "server/api/run_leases.h"
#include "server/api/work_pools.h"
#include "server/orchestration/flow_run.h"
#include "server/resource/overlay.h"

/* ---- the resource ---- */

static const struct field created_by_fields[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_NULLABLE, .doc = "Of whom or what."},
    {.name = "type", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "SCHEDULE, DEPLOYMENT, …"},
    {.name = "display_value", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "A name."},
    FIELDS_END};

const struct field flow_run_fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_NULLABLE,
     .doc = "The name; without one two words are made up."},
    {.name = "flow_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "The flow that runs."},
    {.name = "state_id", .type = FIELD_ID, .flags = FIELD_NULLABLE, .doc = "The present state."},
    {.name = "deployment_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "The deployment that it is a run of."},
    {.name = "deployment_version",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "The version that the deployment had."},
    {.name = "work_queue_id",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "The work queue that it is in."},
    {.name = "work_queue_name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "The name of that queue."},
    {.name = "flow_version",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_NULLABLE,
     .doc = "The version of the flow's code."},
    {.name = "parameters",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE | FIELD_UPDATE,
     .fallback = "{}",
     .doc = "What the flow is called with."},
    {.name = "idempotency_key",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "A flow has one run with this key: asking again gives the same."},
    {.name = "context",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE,
     .fallback = "{}",
     .doc = "What else the run should know."},
    {.name = "empirical_policy",
     .type = FIELD_OBJECT,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_OPEN,
     .fields = flow_run_policy_fields,
     .doc = "Retries, and the pauses so far."},
    {.name = "tags",
     .type = FIELD_STRINGS,
     .flags = FIELD_CREATE | FIELD_UPDATE,
     .fallback = "[]",
     .doc = "Words to find it by."},
    {.name = "labels",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "{}",
     .doc = "Names and values for other programs."},
    {.name = "parent_task_run_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "The task run that stands for this run in its parent."},
    {.name = "state_type",
     .type = FIELD_ENUM,
     .flags = FIELD_NULLABLE,
     .choices = state_type_names,
     .doc = "The kind of the present state."},
    {.name = "state_name", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "And its name."},
    {.name = "run_count", .type = FIELD_INTEGER, .doc = "How often it was run."},
    {.name = "expected_start_time",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "When it was to start."},
    {.name = "next_scheduled_start_time",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "When it is to start next."},
    {.name = "start_time", .type = FIELD_TIME, .flags = FIELD_NULLABLE, .doc = "When it started."},
    {.name = "end_time", .type = FIELD_TIME, .flags = FIELD_NULLABLE, .doc = "When it ended."},
    {.name = "total_run_time",
     .type = FIELD_NUMBER,
     .doc = "Seconds that it ran, without the present."},
    {.name = "estimated_run_time",
     .type = FIELD_NUMBER,
     .sql = ESTIMATED_RUN_TIME_SQL,
     .columns = 3,
     .write = write_estimated_run_time,
     .doc = "Seconds that it ran until now."},
    {.name = "estimated_start_time_delta",
     .type = FIELD_NUMBER,
     .sql = START_DELTA_SQL,
     .columns = 3,
     .write = write_start_delta,
     .doc = "Seconds that it started late, or is late."},
    {.name = "auto_scheduled", .type = FIELD_BOOLEAN, .doc = "Whether a schedule made it."},
    {.name = "infrastructure_document_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "Where it is to run."},
    {.name = "infrastructure_pid",
     .type = FIELD_TEXT,
     .flags = FIELD_UPDATE | FIELD_NULLABLE,
     .doc = "The process that runs it."},
    {.name = "created_by",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = created_by_fields,
     .doc = "Who or what made it."},
    {.name = "work_pool_id", .type = FIELD_ID, .flags = FIELD_NULLABLE, .doc = "Its work pool."},
    {.name = "work_pool_name",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "The name of that pool."},
    {.name = "job_variables",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_NULLABLE,
     .doc = "How its process is to be started."},
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fields = state_fields,
     .sql = STATE_COLUMNS,
     .columns = STATE_COLUMN_COUNT,
     .write = state_write_columns,
     .doc = "The present state."},
    FIELDS_END};

/* What a client sends to make a run: the same, but its state is one that clients propose. */
static const struct field create_fields[] = {
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = state_create_fields,
     .doc = "The first state."},
    {.name = "flow_id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .doc = "The flow that runs."},
    {.name = "name", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "Null: it is made up."},
    {.name = "parameters", .type = FIELD_MAP, .doc = "What the flow is called with."},
    {.name = "context", .type = FIELD_MAP, .doc = "What else the run should know."},
    {.name = "parent_task_run_id",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "The task run that stands for it in its parent."},
    {.name = "infrastructure_document_id",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "Where it is to run."},
    {.name = "empirical_policy",
     .type = FIELD_OBJECT,
     .flags = FIELD_OPEN,
     .fields = flow_run_policy_fields,
     .doc = "Retries."},
    {.name = "tags", .type = FIELD_STRINGS, .doc = "Words to find it by."},
    {.name = "labels", .type = FIELD_MAP, .flags = FIELD_NULLABLE, .doc = "For other programs."},
    {.name = "idempotency_key", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "See above."},
    {.name = "flow_version", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "Of the code."},
    {.name = "deployment_id", .type = FIELD_ID, .flags = FIELD_NULLABLE, .doc = "What it is of."},
    {.name = "work_pool_name", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "Its pool."},
    {.name = "work_queue_name",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .max_length = PLAIN_NAME_LENGTH,
     .doc = "Its queue."},
    {.name = "job_variables",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .doc = "For its process."},
    FIELDS_END};

#define TIMES (OP_BEFORE | OP_AFTER)

const struct filter flow_run_filters[] = {
    {.name = "id",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_NOT_ANY | OP_STARTS_WITH,
     .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY | OP_LIKE, .type = FIELD_TEXT},
    {.name = "tags", .kind = FILTER_TAGS, .operators = OP_ALL | OP_ANY | OP_IS_NULL},
    {.name = "deployment_id",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_IS_NULL,
     .type = FIELD_ID},
    {.name = "work_queue_name",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_IS_NULL,
     .type = FIELD_TEXT},
    {.name = "state", .kind = FILTER_GROUP, .nested = run_state_filters},
    {.name = "flow_version", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_TEXT},
    {.name = "start_time",
     .kind = FILTER_VALUE,
     .operators = TIMES | OP_IS_NULL,
     .type = FIELD_TIME},
    {.name = "end_time", .kind = FILTER_VALUE, .operators = TIMES | OP_IS_NULL, .type = FIELD_TIME},
    {.name = "expected_start_time", .kind = FILTER_VALUE, .operators = TIMES, .type = FIELD_TIME},
    {.name = "next_scheduled_start_time",
     .kind = FILTER_VALUE,
     .operators = TIMES,
     .type = FIELD_TIME},
    {.name = "parent_flow_run_id",
     .kind = FILTER_VALUE,
     .operators = OP_ANY,
     .type = FIELD_ID,
     .any_sql = "r.parent_task_run_id IN (SELECT t.id FROM task_runs t"
                " WHERE t.flow_run_id IN (%s))"},
    {.name = "parent_task_run_id",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_IS_NULL,
     .type = FIELD_ID},
    {.name = "idempotency_key",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_NOT_ANY,
     .type = FIELD_TEXT},
    {.name = "created_by",
     .kind = FILTER_VALUE,
     .operators = OP_TYPE | OP_ID | OP_IS_NULL,
     .type = FIELD_TEXT},
    FILTERS_END};

static const struct relation relations[] = {
    {"flows", flow_filters, "r.flow_id IN (SELECT r.id FROM flows r WHERE ", ")", "r.flow_id"},
    {"task_runs", task_run_filters, "r.id IN (SELECT r.flow_run_id FROM task_runs r WHERE ", ")",
     NULL},
    {"deployments", deployment_filters, "r.deployment_id IN (SELECT r.id FROM deployments r WHERE ",
     ")", NULL},
    {"work_pools", work_pool_filters, "r.work_pool_id IN (SELECT r.id FROM work_pools r WHERE ",
     ")", NULL},
    {"work_pool_queues", work_queue_filters,
     "r.work_queue_id IN (SELECT r.id FROM work_queues r WHERE ", ")", NULL},
    {.key = NULL}};

static const struct sort sorts[] = {
    {"ID_DESC", "r.id DESC"},
    {"START_TIME_ASC", "COALESCE(r.start_time, r.expected_start_time) ASC"},
    {"START_TIME_DESC", "COALESCE(r.start_time, r.expected_start_time) DESC"},
    {"EXPECTED_START_TIME_ASC", "r.expected_start_time ASC, r.seq ASC"},
    {"EXPECTED_START_TIME_DESC", "r.expected_start_time DESC, r.seq DESC"},
    {"NAME_ASC", "r.name ASC"},
    {"NAME_DESC", "r.name DESC"},
    {"NEXT_SCHEDULED_START_TIME_ASC", "r.next_scheduled_start_time ASC, r.seq ASC"},
    {"END_TIME_DESC", "r.end_time DESC, r.seq DESC"},
    {NULL, NULL}};

static const char *const state_type[] = {"state", "type", NULL};

const struct resource flow_run_resource = {
    .name = "Flow run",
    .table = "flow_runs",
    .from = "flow_runs r LEFT JOIN flow_run_states s ON s.id = r.state_id",
    .fields = flow_run_fields,
    .filters = flow_run_filters,
    .filter_key = "flow_runs",
    .relations = relations,
    .sorts = sorts,
    .split = state_type};

/* ---- creating ---- */

/* The queue that the body asks for: of a pool, or one of which no more than the name is known. 0:
 * the reply says that it is not there. */
static int find_queue(struct txn *txn, const struct request *request, struct http_reply *reply,
                      struct work_queue *ret_queue)
{
    const struct work_queue_wish wish = {.pool = request_text(request, "work_pool_name"),
                                         .queue = request_text(request, "work_queue_name")};

    if (wish.pool)
        return wished_work_queue(txn, reply, &wish, ret_queue);
    *ret_queue = (struct work_queue){.name = wish.queue};
    return 1;
}

static int create_flow_run(struct txn *txn, struct request *request, struct http_reply *reply)
{
    static const char *const state_path[] = {"state", NULL};
    const json_t *sent_state = json_object_get(request->body, "state");
    bool has_state = json_is_object(sent_state);
    struct state state;
    struct work_queue queue;
    char id[ID_SIZE];
    const struct new_flow_run new_run = {
        .name = request_text(request, "name"),
        .flow_id = request_id(request, "flow_id"),
        .deployment_id = request_id(request, "deployment_id"),
        .work_queue = &queue,
        .flow_version = request_text(request, "flow_version"),
        .parameters = request_stored(request, create_fields, "parameters"),
        .context = request_stored(request, create_fields, "context"),
        .labels = request_stored(request, create_fields, "labels"),
        .tags = request_stored(request, create_fields, "tags"),
        .policy = json_object_get(request->body, "empirical_policy"),
        .idempotency_key = request_text(request, "idempotency_key"),
        .parent_task_run_id = request_id(request, "parent_task_run_id"),
        .job_variables = request_stored(request, create_fields, "job_variables"),
        .infrastructure_document_id = request_id(request, "infrastructure_document_id"),
    };

    int found = find_queue(txn, request, reply, &queue);
    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (has_state)
        state_from_body(&state, txn_arena(txn), sent_state, request->body_text, state_path);
    else
        state_make(&state, txn_arena(txn), STATE_PENDING, "Pending", NULL);
    int made = flow_run_create(txn, &new_run, &state, id);
    if (made < 0 && txn_error(txn)->code == ENOENT) {
        *txn_error(txn) = (struct error){0};
        return reply_detail(reply, 409,
                            "Data integrity conflict: no flow has the id %s. Create the flow "
                            "first.",
                            new_run.flow_id);
    }
    if (made < 0)
        return HANDLER_FAILED;
    if (made && request->lease.seconds && !state_is_terminal(state.type) &&
        (run_lease_take(txn, id, &request->lease) < 0 || lease_start(txn, request, id) < 0))
        return HANDLER_FAILED;
    return reply_resource(txn, reply, made ? 201 : 200, &flow_run_resource, "r.id = ?", V(id));
}

/* ---- reading ---- */

/* With If-None-Match and Prefer: wait, answers when the run has changed. */
static int read_flow_run(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *known = http_request_header(request->http, HTTP_HEADER_IF_NONE_MATCH);
    rows_auto rows = {0};
    char etag[32];

    if ((known || request->held) &&
        request_watch(txn, request, "flow_run:%s", request->params[0]) < 0)
        return HANDLER_FAILED;
    int found =
        db_first(txn, &rows, "SELECT version FROM flow_runs WHERE id = ?", V(request->params[0]));
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Flow run not found");
    int leased = lease_renew(txn, request, request->params[0]);
    if (leased < 0)
        return HANDLER_FAILED;
    if (!leased)
        return reply_detail(reply, 409,
                            "You do not hold this run any more: your lease ran out. Stop its "
                            "process, the run may be somebody else's.");
    int paused = poll_waits_on(txn, request);
    if (paused)
        return paused < 0 ? HANDLER_FAILED : HANDLER_PARK;
    snprintf(etag, sizeof(etag), "\"%lld\"", (long long)rows_integer(&rows, 0));
    if (known && none_match_names(known, etag)) {
        if (request_may_wait(request, txn))
            return HANDLER_PARK;
        reply_nothing(reply, 304);
    } else if (resource_read(txn, request, reply) < 0) {
        return HANDLER_FAILED;
    }
    reply_header(reply, "ETag", arena_strdup(&request->arena, etag));
    return HANDLER_DONE;
}

/* ---- changing ---- */

static void add_keys(json_t *to, json_t *seen, const json_t *keys)
{
    size_t i;
    json_t *key;

    json_array_foreach(keys, i, key) {
        const char *name = json_string_value(key);
        if (!name || json_object_get(seen, name))
            continue;
        json_object_set_new(seen, name, json_true());
        json_array_append(to, key);
    }
}

/* The policy that a process sends back is as old as its start: the pauses that came since must not
 * be lost. */
static int update_policy(struct txn *txn, struct request *request, struct record *record)
{
    const json_t *sent = json_object_get(request->body, "empirical_policy");
    rows_auto rows = {0};

    if (!sent)
        return 0;
    int found = db_first(txn, &rows, "SELECT empirical_policy FROM flow_runs WHERE id = ?",
                         V(request->params[0]));
    if (found <= 0)
        return found;
    json_auto_t *policy = json_loads(rows_text(&rows, 0), 0, NULL);
    json_auto_t *keys = json_incref(json_object_get(policy, "pause_keys"));
    json_object_update(policy, (json_t *)sent);
    json_auto_t *merged = json_array();
    json_auto_t *seen = json_object();
    add_keys(merged, seen, json_object_get(policy, "pause_keys"));
    add_keys(merged, seen, keys);
    json_object_set(policy, "pause_keys", merged);
    record_set(record, "empirical_policy",
               V(object_complete(flow_run_policy_fields, txn_arena(txn), policy)));
    return 0;
}

static int update_flow_run(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct record record;

    record_from_update(&record, flow_run_fields, txn_arena(txn), request->body, request->body_text,
                       NULL);
    if (record_is_set(&record, "name") && record_get(&record, "name").type == VALUE_NULL)
        return reply_problem(reply, request, "name", "string_type",
                             "Input should be a valid string");
    if (update_policy(txn, request, &record) < 0)
        return HANDLER_FAILED;
    int changed = record_update(txn, "flow_runs", &record, "id", V(request->params[0]));
    if (changed < 0 || db_run(txn, "UPDATE flow_runs SET version = version + 1 WHERE id = ?",
                              V(request->params[0])) < 0)
        return HANDLER_FAILED;
    if (!changed)
        return reply_detail(reply, 404, "Flow run not found");
    txn_publish(txn, "flow_run:%s", request->params[0]);
    txn_publish(txn, "flow_runs");
    return reply_nothing(reply, 204);
}

/* New labels beside the old ones, or in their place. */
static int update_labels(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};
    int found =
        db_first(txn, &rows, "SELECT labels FROM flow_runs WHERE id = ?", V(request->params[0]));

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Flow run not found");
    const char *labels = overlay_text(txn, txn_arena(txn), rows_text(&rows, 0), request->body_text);
    if (!labels ||
        db_run(txn,
               "UPDATE flow_runs SET labels = ?, updated = ?, version = version + 1 WHERE id = ?",
               V(labels), V(txn_now(txn)), V(request->params[0])) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "flow_run:%s", request->params[0]);
    txn_publish(txn, "flow_runs");
    return reply_nothing(reply, 204);
}

static int delete_flow_run(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int room = RUN_PARTS_AT_ONCE;
    int deleted = flow_run_delete(txn, request->params[0], &room);

    if (deleted < 0)
        return HANDLER_FAILED;
    if (deleted && !room)
        return HANDLER_AGAIN;
    return deleted ? reply_nothing(reply, 204) : reply_detail(reply, 404, "Flow run not found");
}

/* ---- routes ---- */

static const struct field no_fields[] = {FIELDS_END};
static const struct body create_body = {.fields = create_fields};
static const struct body labels_body = {.fields = no_fields, .open = true};

#define FLOW_RUNS "/api/flow_runs/"

const struct route flow_run_routes[] = {
    {.method = HTTP_POST,
     .path = FLOW_RUNS,
     .handle = create_flow_run,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT | ROUTE_LEASES,
     .body = &create_body,
     .summary = "Creates a run, or gives the one that has the idempotency key.",
     .status = 201,
     .answers = ANSWERS_200 | ANSWERS_404 | ANSWERS_409,
     .reply_fields = flow_run_fields},
    {ROUTE_FILTER(FLOW_RUNS, flow_run_resource, "runs")},
    {ROUTE_COUNT(FLOW_RUNS, flow_run_resource, "runs")},
    {ROUTE_PAGINATE(FLOW_RUNS, flow_run_resource, "runs")},
    {.method = HTTP_GET,
     .path = FLOW_RUNS "{id}",
     .handle = read_flow_run,
     .prepare = hold_pause,
     .flags = ROUTE_WAITS | ROUTE_LEASES,
     .resource = &flow_run_resource,
     .summary = "Reads a run. With If-None-Match and Prefer: wait, when it has changed.",
     .status = 200,
     .answers = ANSWERS_404 | ANSWERS_409 | ANSWERS_304,
     .reply_fields = flow_run_fields},
    {ROUTE_UPDATE(FLOW_RUNS "{id}", flow_run_resource, flow_run_fields, update_flow_run),
     .summary = "Changes a run, but not its state."},
    {.method = HTTP_PATCH,
     .path = FLOW_RUNS "{id}/labels",
     .handle = update_labels,
     .flags = ROUTE_WRITES,
     .body = &labels_body,
     .summary = "Adds labels to a run.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {ROUTE_DELETE(FLOW_RUNS "{id}", flow_run_resource, delete_flow_run),
     .summary = "Deletes a run with its states, inputs and logs."},
    {.path = NULL},
};
