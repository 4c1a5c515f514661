/* The runs of deployments: making them, and taking those whose time has come. */
#include <stdlib.h>
#include <string.h>

#include "common/ids.h"
#include "common/times.h"
#include "server/api/deployments.h"
#include "server/api/flow_runs.h"
#include "server/api/held_polls.h"
#include "server/api/parameters.h"
#include "server/api/poll_notes.h"
#include "server/api/routes.h"
#include "server/api/work_pools.h"
#include "server/orchestration/flow_run.h"
#include "server/resource/overlay.h"
#include "json/text.h"

/* ---- what is sent ---- */

static const struct field run_fields[] = {
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = state_create_fields,
     .doc = "The first state; null: scheduled for now."},
    {.name = "name", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "Null: it is made up."},
    {.name = "parameters",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .doc = "What the flow is called with, over the deployment's parameters."},
    {.name = "enforce_parameter_schema",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_NULLABLE,
     .doc = "Whether they are held against the schema; null: as the deployment says."},
    {.name = "context", .type = FIELD_MAP, .doc = "What else the run should know."},
    {.name = "infrastructure_document_id",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "Where it is to run."},
    {.name = "empirical_policy",
     .type = FIELD_OBJECT,
     .flags = FIELD_OPEN,
     .fields = flow_run_policy_fields,
     .doc = "Retries."},
    {.name = "tags", .type = FIELD_STRINGS, .doc = "More tags than the deployment's."},
    {.name = "idempotency_key",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "A flow has one run with this key: asking again gives the same."},
    {.name = "labels", .type = FIELD_MAP, .flags = FIELD_NULLABLE, .doc = "For other programs."},
    {.name = "parent_task_run_id",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "The task run that stands for it in its parent."},
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

/* ---- preparing a run ---- */

/* The deployment as it was looked at. */
struct deployment {
    int64_t updated;
    const char *flow_id;
    const char *version;
    const char *parameters; /* JSON, like the next ones */
    const char *schema;     /* or NULL */
    const char *tags;
    const char *labels;
    struct work_queue queue; /* `id` NULL: it is in none */
    const char *infrastructure_document_id;
    bool enforces;
};

/* A run that can be made, or the reason why it cannot. */
struct plan {
    int status; /* of the refusal; 0: none */
    const char *refusal;
    struct new_flow_run run;
    const json_t *state; /* that was sent, or NULL */
    const char *queue;   /* another than the deployment's, or NULL */
};

struct plans {
    struct deployment deployment;
    struct plan *list;
    size_t count;
};

static int load_deployment(struct txn *txn, struct request *request, struct http_reply *reply,
                           struct deployment *ret_deployment)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT updated, flow_id, version, parameters, parameter_openapi_schema,"
                         " tags, labels, work_queue_name, infrastructure_document_id,"
                         " enforce_parameter_schema, work_queue_id, work_pool_id, work_pool_name"
                         " FROM deployments WHERE id = ?",
                         V(request->params[0]));

    if (found == 0)
        reply_detail(reply, 404, "Deployment not found");
    if (found <= 0)
        return found;
    *ret_deployment = (struct deployment){
        .updated = rows_integer(&rows, 0),
        .flow_id = rows_strdup(&rows, 1, &request->arena),
        .version = rows_strdup(&rows, 2, &request->arena),
        .parameters = rows_strdup(&rows, 3, &request->arena),
        .schema = rows_strdup(&rows, 4, &request->arena),
        .tags = rows_strdup(&rows, 5, &request->arena),
        .labels = rows_strdup(&rows, 6, &request->arena),
        .queue = {.id = rows_strdup(&rows, 10, &request->arena),
                  .name = rows_strdup(&rows, 7, &request->arena),
                  .pool_id = rows_strdup(&rows, 11, &request->arena),
                  .pool_name = rows_strdup(&rows, 12, &request->arena)},
        .infrastructure_document_id = rows_strdup(&rows, 8, &request->arena),
        .enforces = rows_integer(&rows, 9) != 0,
    };
    return 1;
}

/* A member as text, NULL if it is not there or null. `text` is what `sent` was read from. */
static const char *member_text(struct request *request, const json_t *sent, const char *text,
                               const char *name)
{
    const json_t *value = json_object_get(sent, name);

    if (!value || json_is_null(value))
        return NULL;
    return field_value(field_find(run_fields, name), &request->arena, value, text, NULL).text;
}

static const char *overlay(struct txn *txn, struct request *request, const char *base,
                           const char *over)
{
    return over ? overlay_text(txn, &request->arena, base, over) : base;
}

static void add_tags(json_t *to, json_t *seen, const json_t *tags)
{
    size_t i;
    json_t *tag;

    json_array_foreach(tags, i, tag) {
        const char *name = json_string_value(tag);
        if (!json_object_get(seen, name))
            json_array_append(to, tag);
        json_object_set_new(seen, name, json_true());
    }
}

/* The deployment's tags and those of the run that it does not have. */
static const char *all_tags(struct request *request, const char *base, const json_t *more)
{
    json_auto_t *own = json_loads(base, 0, NULL);
    json_auto_t *tags = json_array();
    json_auto_t *seen = json_object();

    add_tags(tags, seen, own);
    add_tags(tags, seen, more);
    return json_arena_text(&request->arena, tags);
}

static void refuse(struct request *request, struct plan *plan, int status, const char *before,
                   const char *reason)
{
    plan->status = status;
    plan->refusal = arena_printf(&request->arena, "%s%s", before, reason);
}

/* The parameters laid over the deployment's, resolved, and held against its schema. */
static int plan_parameters(struct txn *txn, struct request *request,
                           const struct deployment *deployment, const json_t *sent,
                           const char *text, struct plan *plan)
{
    const json_t *enforce = json_object_get(sent, "enforce_parameter_schema");
    const char *merged = overlay(txn, request, deployment->parameters,
                                 member_text(request, sent, text, "parameters"));
    const char *reason = "";

    if (!merged)
        return -1;
    int r = parameters_resolve(txn, &request->arena, merged, &plan->run.parameters, &reason);
    if (r < 0)
        return -1;
    if (r == 0) {
        refuse(request, plan, 400, "Error hydrating flow run parameters: ", reason);
        return 0;
    }
    if (json_is_boolean(enforce) ? json_is_false(enforce) : !deployment->enforces)
        return 0;
    if (!deployment->schema) {
        refuse(request, plan, 409, "Error updating deployment: Cannot update parameters because ",
               "parameter schema enforcement is enabled and the deployment does not have a valid "
               "parameter schema.");
        return 0;
    }
    r = parameters_check(&request->arena, plan->run.parameters, deployment->schema, 0, &reason);
    if (r == 0)
        refuse(request, plan, 409, "Error creating flow run: ", reason);
    if (r < 0)
        refuse(request, plan, 422, "Invalid schema: ", reason);
    return 0;
}

static const char *id_member(struct request *request, const json_t *sent, const char *name)
{
    const char *text = json_string_value(json_object_get(sent, name));
    char id[ID_SIZE];

    return text && id_parse(text, id) ? arena_strdup(&request->arena, id) : NULL;
}

static int plan_run(struct txn *txn, struct request *request, const struct deployment *deployment,
                    const json_t *sent, const char *text, struct plan *plan)
{
    const char *infrastructure = id_member(request, sent, "infrastructure_document_id");
    const char *queue = json_string_value(json_object_get(sent, "work_queue_name"));
    const json_t *state = json_object_get(sent, "state");

    *plan = (struct plan){
        .state = json_is_object(state) ? state : NULL,
        .run = {
            .name = json_string_value(json_object_get(sent, "name")),
            .flow_id = deployment->flow_id,
            .deployment_id = request->params[0],
            .deployment_version = deployment->version,
            .work_queue = deployment->queue.id ? &deployment->queue : NULL,
            .context = member_text(request, sent, text, "context"),
            .labels = overlay(txn, request, deployment->labels,
                              member_text(request, sent, text, "labels")),
            .tags = all_tags(request, deployment->tags, json_object_get(sent, "tags")),
            .policy = json_object_get(sent, "empirical_policy"),
            .idempotency_key = json_string_value(json_object_get(sent, "idempotency_key")),
            .parent_task_run_id = id_member(request, sent, "parent_task_run_id"),
            .job_variables = member_text(request, sent, text, "job_variables"),
            .infrastructure_document_id =
                infrastructure ? infrastructure : deployment->infrastructure_document_id,
        }};
    if (queue && deployment->queue.id) {
        plan->queue = queue;
    } else if (queue) {
        refuse(request, plan, 400, "Cannot create flow run in work queue ",
               arena_printf(&request->arena,
                            "%.200s because deployment %s is not associated with a work pool. "
                            "Please remove work_queue_name and try again.",
                            queue, request->params[0]));
        return 0;
    }
    return plan_parameters(txn, request, deployment, sent, text, plan);
}

/* Reads the deployment and plans a run for each object of the body. 1: the reply is final. */
static int plan_runs(struct txn *txn, struct request *request, struct http_reply *reply,
                     struct plans *plans)
{
    bool single = json_is_object(request->body);
    int found = load_deployment(txn, request, reply, &plans->deployment);

    if (found <= 0)
        return found < 0 ? -1 : 1;
    plans->count = single ? 1 : json_array_size(request->body);
    plans->list = arena_alloc(&request->arena, (plans->count + 1) * sizeof(*plans->list));
    for (size_t i = 0; i < plans->count; i++) {
        const json_t *sent = single ? request->body : json_array_get(request->body, i);
        if (plan_run(txn, request, &plans->deployment, sent, single ? request->body_text : NULL,
                     &plans->list[i]) < 0)
            return -1;
    }
    return 0;
}

#define RUNS_AT_ONCE 100

static int prepare_runs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct plans *plans = arena_alloc(&request->arena, sizeof(*plans));

    request->prepared = plans;
    if (json_array_size(request->body) > RUNS_AT_ONCE) {
        reply_detail(reply, 400, "Cannot create more than %d flow runs at once.", RUNS_AT_ONCE);
        return 1;
    }
    return plan_runs(txn, request, reply, plans);
}

/* Plans again if the deployment has changed since. 1: the reply is final. */
static int check_plans(struct txn *txn, struct request *request, struct http_reply *reply,
                       struct plans *plans)
{
    rows_auto rows = {0};
    int found =
        db_first(txn, &rows, "SELECT updated FROM deployments WHERE id = ?", V(request->params[0]));

    if (found < 0)
        return -1;
    if (found && rows_integer(&rows, 0) == plans->deployment.updated)
        return 0;
    rows_close(&rows);
    return plan_runs(txn, request, reply, plans);
}

/* ---- making runs ---- */

/* 1: made, 0: there was one with that idempotency key, -1: failed. */
static int make_run(struct txn *txn, const struct plan *plan, const char *text,
                    char ret_id[static ID_SIZE])
{
    static const char *const state_path[] = {"state", NULL};
    struct new_flow_run run = plan->run;
    struct work_queue queue;
    struct state state;

    if (plan->queue) {
        const struct work_pool pool = {.id = run.work_queue->pool_id};
        if (work_queue_ensure(txn, &pool, plan->queue, &queue) < 0)
            return -1;
        run.work_queue = &queue;
    }
    if (plan->state)
        state_from_body(&state, txn_arena(txn), plan->state, text, state_path);
    else
        state_make(&state, txn_arena(txn), STATE_SCHEDULED, "Scheduled", NULL);
    return flow_run_create(txn, &run, &state, ret_id);
}

static int create_run(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct plans *plans = request->prepared;
    char id[ID_SIZE];
    int r = check_plans(txn, request, reply, plans);

    if (r != 0)
        return r < 0 ? HANDLER_FAILED : HANDLER_DONE;
    const struct plan *plan = &plans->list[0];
    if (plan->status)
        return reply_detail(reply, plan->status, "%s", plan->refusal);
    int made = make_run(txn, plan, request->body_text, id);
    if (made < 0)
        return HANDLER_FAILED;
    return reply_resource(txn, reply, made ? 201 : 200, &flow_run_resource, "r.id = ?",
                          V((const char *)id));
}

static int create_runs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct plans *plans = request->prepared;
    struct json_writer writer;
    char id[ID_SIZE];
    int r = check_plans(txn, request, reply, plans);

    if (r != 0)
        return r < 0 ? HANDLER_FAILED : HANDLER_DONE;
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "results");
    json_begin_array(&writer);
    for (size_t i = 0; i < plans->count; i++) {
        const struct plan *plan = &plans->list[i];
        if (!plan->status && make_run(txn, plan, NULL, id) < 0)
            return HANDLER_FAILED;
        json_begin_object(&writer);
        json_key(&writer, "flow_run_id");
        json_add_string(&writer, plan->status ? NULL : id);
        json_key(&writer, "status");
        json_add_string(&writer, plan->status ? "FAILED" : "CREATED");
        json_key(&writer, "error");
        json_add_string(&writer, plan->refusal);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return HANDLER_DONE;
}

/* ---- polling ---- */

#define POLLED_DEPLOYMENTS 1000

static const struct field poll_fields[] = {
    {.name = "deployment_ids", .type = FIELD_IDS, .flags = FIELD_REQUIRED, .doc = "Whose runs."},
    {.name = "scheduled_before",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "Up to which time; null: any. For one who waits it moves along with the clock: 10 s "
            "ahead stays 10 s ahead, and null is now."},
    FIELD_LIMIT,
    FIELDS_END};

/* The ids as values in the request's memory. */
static struct value *polled_ids(struct request *request, int *ret_count)
{
    const json_t *ids = json_object_get(request->body, "deployment_ids");
    struct value *values =
        arena_alloc(&request->arena, (json_array_size(ids) + 1) * sizeof(*values));
    size_t i;
    json_t *text;
    char id[ID_SIZE];

    json_array_foreach(ids, i, text)
        values[i] =
            V(id_parse(json_string_value(text), id) ? arena_strdup(&request->arena, id) : NULL);
    *ret_count = (int)json_array_size(ids);
    return values;
}

static void from_scheduled(struct sql *sql, const struct value *ids, int count)
{
    sql_add(sql, " WHERE r.deployment_id IN (");
    sql_add_list(sql, ids, count);
    sql_add(sql, ") AND r.state_type = 'SCHEDULED' AND r.next_scheduled_start_time ");
}

/* When the next run comes near enough. Nothing is too far for who asks for all: only a new one is
 * news. */
static int watch_next(struct txn *txn, struct request *request, const struct value *ids, int count,
                      int64_t ahead)
{
    sql_auto sql = {0};
    rows_auto rows = {0};

    if (ahead == TIME_NEVER)
        return 0;
    sql_add(&sql, "SELECT MIN(r.next_scheduled_start_time) FROM flow_runs r");
    from_scheduled(&sql, ids, count);
    sql_add(&sql, "> ?");
    sql_bind(&sql, V(txn_now(txn) + ahead));
    int found = sql_first(txn, &rows, &sql);
    if (found > 0 && !rows_is_null(&rows, 0))
        request_watch_clock(request, rows_integer(&rows, 0) - ahead);
    return found < 0 ? -1 : 0;
}

static int poll_runs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    sql_auto sql = {0};
    int64_t limit, offset;
    int count;
    struct value *ids = polled_ids(request, &count);
    int64_t ahead = polled_ahead(request, txn);

    if (!request_page(request, reply, &limit, &offset))
        return HANDLER_DONE;
    if (count > POLLED_DEPLOYMENTS)
        return reply_detail(reply, 422, "Invalid deployment_ids: must be at most %d.",
                            POLLED_DEPLOYMENTS);
    for (int i = 0; i < count; i++)
        if (request_watch(txn, request, "deployment:%s", ids[i].text) < 0)
            return HANDLER_FAILED;
    if (note_polls(txn, request, &polled_deployments, ids, count) < 0)
        return HANDLER_FAILED;
    resource_select(&flow_run_resource, &sql);
    from_scheduled(&sql, ids, count);
    sql_add(&sql, "<= ? ORDER BY r.next_scheduled_start_time, r.seq LIMIT ?");
    sql_bind(&sql, V(ahead == TIME_NEVER ? TIME_NEVER : txn_now(txn) + ahead));
    sql_bind(&sql, V(limit));
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    int found = reply_rows(txn, &writer, flow_run_fields, &sql);
    json_end_array(&writer);
    if (found < 0)
        return HANDLER_FAILED;
    if (found > 0 || !request_may_wait(request, txn))
        return HANDLER_DONE;
    return watch_next(txn, request, ids, count, ahead) < 0 ? HANDLER_FAILED : HANDLER_PARK;
}

/* ---- routes ---- */

static const char *const results[] = {"CREATED", "FAILED", NULL};

static const struct field result_fields[] = {
    {.name = "flow_run_id", .type = FIELD_ID, .flags = FIELD_NULLABLE, .doc = "The run."},
    {.name = "status", .type = FIELD_ENUM, .choices = results, .doc = "What became of it."},
    {.name = "error", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "Why it was not made."},
    FIELDS_END};

static const struct field bulk_fields[] = {{.name = "results",
                                            .type = FIELD_OBJECTS,
                                            .fields = result_fields,
                                            .doc = "One for each run, in the order of the body."},
                                           FIELDS_END};

static const struct body run_body = {.fields = run_fields};
static const struct body runs_body = {.fields = run_fields, .list = true};
static const struct body poll_body = {.fields = poll_fields};

const struct route deployment_run_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/deployments/get_scheduled_flow_runs",
     .handle = poll_runs,
     .prepare = hold_runner,
     .flags = ROUTE_WAITS,
     .body = &poll_body,
     .summary = "Lists the scheduled runs of deployments, the earliest first. With Prefer: wait, "
                "as soon as the time of one comes.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = flow_run_fields},
    {.method = HTTP_POST,
     .path = "/api/deployments/{id}/create_flow_run",
     .handle = create_run,
     .prepare = prepare_runs,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &run_body,
     .summary = "Creates a run of a deployment, or gives the one that has the idempotency key.",
     .status = 201,
     .answers = ANSWERS_200 | ANSWERS_404 | ANSWERS_409,
     .reply_fields = flow_run_fields},
    {.method = HTTP_POST,
     .path = "/api/deployments/{id}/create_flow_run/bulk",
     .handle = create_runs,
     .prepare = prepare_runs,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &runs_body,
     .summary = "Creates up to 100 runs of a deployment; one that cannot be made does not keep "
                "the others from being made.",
     .status = 200,
     .answers = ANSWERS_404,
     .reply_fields = bulk_fields},
    {.path = NULL},
};
