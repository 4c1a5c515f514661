/* Creating and changing deployments. */
#include <string.h>

#include "common/ids.h"
#include "server/api/deployments.h"
#include "server/api/parameters.h"
#include "server/api/work_pools.h"
#include "server/orchestration/deployment_event.h"
#include "server/orchestration/deployment_schedule.h"
#include "server/orchestration/room.h"
#include "json/schema.h"
#include "json/text.h"

/* ---- checking what is sent ---- */

/* What a preparation leaves for its handler. */
struct input {
    bool has_schedules;
    struct sent_schedules schedules;
    const char *parameters; /* resolved; NULL: none were sent */
    int64_t updated;        /* of the deployment that they were checked for */
};

static void check_name(const struct request *request, const char *member, struct problems *problems)
{
    const json_t *name = json_object_get(request->body, member);

    if (json_is_string(name) && !is_plain_name(json_string_value(name)))
        problems_add_at(problems, member, "value_error", name, "Value error, " PLAIN_NAME_RULE);
}

static void check_schema(const struct request *request, struct problems *problems)
{
    const json_t *schema = json_object_get(request->body, "parameter_openapi_schema");
    struct schema *compiled = NULL;
    struct error error;

    if (json_is_object(schema) && schema_compile(schema, NULL, &compiled, &error) < 0)
        problems_add_at(problems, "parameter_openapi_schema", "value_error", schema,
                        "Value error, The provided schema is not a valid json schema. Schema "
                        "error: %s",
                        error.message);
    schema_free(compiled);
}

static void read_schedules(struct request *request, struct input *input, struct problems *problems)
{
    const json_t *schedules = json_object_get(request->body, "schedules");

    input->has_schedules = json_is_array(schedules);
    problems_enter(problems, "schedules");
    sent_schedules_read(request, schedules, problems, &input->schedules);
    problems_leave(problems);
}

/* Holds the job variables against what the work pool says of them. 1: the reply says what is wrong,
 * or that there is no such pool. */
static int check_pool(struct txn *txn, struct request *request, struct http_reply *reply,
                      const char *doing)
{
    const char *name = request_text(request, "work_pool_name");
    const char *variables = request_stored(request, deployment_fields, "job_variables");
    struct work_pool pool;
    const char *reason = "";

    if (!name)
        return 0;
    int found = work_pool_find(txn, name, &pool);
    if (found < 0)
        return -1;
    if (!found) {
        reply_no_work_pool(reply, name);
        return 1;
    }
    json_auto_t *template = json_loads(pool.base_job_template, 0, NULL);
    const json_t *schema = json_object_get(template, "variables");
    if (!variables || json_object_size(schema) == 0)
        return 0;
    const char *text = json_arena_text(&request->arena, schema);
    if (parameters_check(&request->arena, variables, text, PARAMETERS_MAY_LACK, &reason) == 1)
        return 0;
    reply_detail(reply, 422, "Error %s deployment: %s", doing, reason);
    return 1;
}

/* What can be said without the deployment. 1: the reply says what is wrong. */
static int read_input(struct txn *txn, struct request *request, struct http_reply *reply,
                      struct input *input, const char *doing)
{
    problems_auto problems = {0};

    problems_init(&problems, "body");
    check_name(request, "name", &problems);
    check_name(request, "work_queue_name", &problems);
    if (request_flag(request, "enforce_parameter_schema", true))
        check_schema(request, &problems);
    read_schedules(request, input, &problems);
    if (problems_any(&problems)) {
        reply_problems(reply, request, &problems);
        return 1;
    }
    if (request_text(request, "global_concurrency_limit_id")) {
        reply_detail(reply, 404, "Concurrency limit not found");
        return 1;
    }
    return check_pool(txn, request, reply, doing);
}

int prepare_create_deployment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct input *input = arena_alloc(&request->arena, sizeof(*input));
    const char *parameters = request_stored(request, deployment_fields, "parameters");
    const char *schema = request_stored(request, deployment_fields, "parameter_openapi_schema");
    const char *reason;

    request->prepared = input;
    int r = read_input(txn, request, reply, input, "creating");
    if (r != 0)
        return r;
    if (!parameters || !schema || !request_flag(request, "enforce_parameter_schema", false) ||
        parameters_check(&request->arena, parameters, schema, PARAMETERS_MAY_LACK, &reason) == 1)
        return 0;
    reply_problem(reply, request, "parameters", "value_error", "Value error, %s", reason);
    return 1;
}

/* ---- creating ---- */

/* The flow's labels, its id, and those that were sent, each over the ones before. */
static const char *labels_of(struct txn *txn, const struct request *request, const char *flow_id)
{
    rows_auto rows = {0};
    json_auto_t *labels = NULL;

    if (db_first(txn, &rows, "SELECT labels FROM flows WHERE id = ?", V(flow_id)) > 0)
        labels = json_loads(rows_text(&rows, 0), 0, NULL);
    if (!labels)
        labels = json_object();
    json_object_set_new(labels, "prefect.flow.id", json_string(flow_id));
    json_object_update(labels, json_object_get(request->body, "labels"));
    return json_arena_text(txn_arena(txn), labels);
}

/* Where null means as much as not sent. */
static void forget_nulls(struct record *record)
{
    static const char *const names[] = {"job_variables", "parameters", "enforce_parameter_schema",
                                        NULL};

    for (size_t i = 0; names[i]; i++) {
        if (!record_is_set(record, names[i]) || record_get(record, names[i]).type != VALUE_NULL)
            continue;
        record->set[field_find(record->fields, names[i]) - record->fields] = false;
    }
}

static void default_nulls(struct record *record)
{
    if (record_get(record, "job_variables").type == VALUE_NULL)
        record_set(record, "job_variables", V("{}"));
    if (record_get(record, "parameters").type == VALUE_NULL)
        record_set(record, "parameters", V("{}"));
    if (record_get(record, "enforce_parameter_schema").type == VALUE_NULL)
        record_set(record, "enforce_parameter_schema", V(true));
}

/* The pool that a deployment is in, or NULL. */
static int load_pool_name(struct txn *txn, const char *id, const char **ret_name)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows, "SELECT work_pool_name FROM deployments WHERE id = ?", V(id));

    if (found < 0)
        return -1;
    const char *name = found ? rows_text(&rows, 0) : NULL;
    *ret_name = name ? arena_strdup(txn_arena(txn), name) : NULL;
    return 0;
}

/* Puts the deployment into the work queue that the body asks for: of the pool that it names or else
 * of the deployment's own, made if it is not there. 1: done, -1: failed, 0: the reply says that
 * there is no such pool. */
static int place(struct txn *txn, const struct request *request, struct http_reply *reply,
                 const char *id)
{
    struct work_queue_wish wish = {.pool = request_text(request, "work_pool_name"),
                                   .queue = request_text(request, "work_queue_name"),
                                   .make = true};
    bool names_pool = json_object_get(request->body, "work_pool_name") != NULL;
    struct work_queue queue = {0};

    if (!names_pool && !wish.queue)
        return 1;
    if (!names_pool && load_pool_name(txn, id, &wish.pool) < 0)
        return -1;
    if (wish.pool || wish.queue) {
        int found = wished_work_queue(txn, reply, &wish, &queue);
        if (found <= 0)
            return found;
    }
    return db_run(txn,
                  "UPDATE deployments SET work_queue_id = ?, work_queue_name = ?, work_pool_id = ?,"
                  " work_pool_name = ? WHERE id = ?",
                  V(queue.id), V(queue.name), V(queue.pool_id), V(queue.pool_name), V(id));
}

static const char *insert_deployment(struct txn *txn, struct request *request, const char *labels)
{
    struct record record;

    record_from_create(&record, deployment_fields, txn_arena(txn), request->body,
                       request->body_text, NULL);
    default_nulls(&record);
    record_set(&record, "labels", V(labels));
    return record_insert(txn, "deployments", &record) < 0 ? NULL : record_get(&record, "id").text;
}

/* The one of that name is changed to what was sent. */
static int overwrite_deployment(struct txn *txn, struct request *request, const char *id,
                                const char *labels)
{
    struct record record;

    record_from_update(&record, deployment_fields, txn_arena(txn), request->body,
                       request->body_text, NULL);
    forget_nulls(&record);
    record_set(&record, "labels", V(labels));
    if (record_update(txn, "deployments", &record, "id", V(id)) < 0)
        return -1;
    return deployment_unschedule(txn, id, UNSCHEDULE_AUTO | UNSCHEDULE_FUTURE);
}

/* With another limit there may be room for runs that wait for it. */
static int call_waiting(struct txn *txn, const struct request *request, const char *id)
{
    return json_object_get(request->body, "concurrency_limit") ? room_call(txn, id) : 0;
}

int create_deployment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct input *input = request->prepared;
    const char *flow_id = request_id(request, "flow_id");
    rows_auto rows = {0};

    int found = db_first(txn, &rows, "SELECT 1 FROM flows WHERE id = ?", V(flow_id));
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 409,
                            "Data integrity conflict: no flow has the id %s. Create the flow "
                            "first.",
                            flow_id);
    const char *labels = labels_of(txn, request, flow_id);
    found = db_first(txn, &rows, "SELECT id FROM deployments WHERE flow_id = ? AND name = ?",
                     V(flow_id), V(request_text(request, "name")));
    if (found < 0)
        return HANDLER_FAILED;
    const char *id = found ? arena_strdup(txn_arena(txn), rows_text(&rows, 0)) : NULL;
    const char *before = NULL;
    rows_close(&rows);
    if (found && (deployment_snapshot(txn, id, &before) < 0 ||
                  overwrite_deployment(txn, request, id, labels) < 0))
        return HANDLER_FAILED;
    if (!found && !(id = insert_deployment(txn, request, labels)))
        return HANDLER_FAILED;
    int placed = place(txn, request, reply, id);
    if (placed <= 0)
        return placed < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (deployment_schedules_replace(txn, id, &input->schedules) < 0 ||
        deployment_reschedule(txn, id) < 0 || (found && call_waiting(txn, request, id) < 0))
        return HANDLER_FAILED;
    if ((before ? deployment_follow(txn, id, before) : deployment_event_make(txn, id, "created")) <
        0)
        return HANDLER_FAILED;
    txn_publish(txn, "deployments");
    return reply_resource(txn, reply, found ? 200 : 201, &deployment_resource, "r.id = ?", V(id));
}

/* ---- changing ---- */

/* Holds the parameters that there will be against the schema that there will be. */
static int check_update(struct txn *txn, struct request *request, struct http_reply *reply,
                        struct input *input)
{
    const char *sent = request_stored(request, deployment_fields, "parameters");
    const char *schema = request_stored(request, deployment_fields, "parameter_openapi_schema");
    const char *reason = "";
    rows_auto rows = {0};

    int found = db_first(txn, &rows,
                         "SELECT updated, parameters, parameter_openapi_schema,"
                         " enforce_parameter_schema FROM deployments WHERE id = ?",
                         V(request->params[0]));
    if (found < 0)
        return -1;
    if (!found) {
        reply_detail(reply, 404, "Deployment not found.");
        return 1;
    }
    input->updated = rows_integer(&rows, 0);
    int resolved =
        sent ? parameters_resolve(txn, &request->arena, sent, &input->parameters, &reason) : 1;
    if (resolved < 0)
        return -1;
    if (!resolved) {
        reply_detail(reply, 400, "Error hydrating deployment parameters: %s", reason);
        return 1;
    }
    if (!request_flag(request, "enforce_parameter_schema", rows_integer(&rows, 3) != 0))
        return 0;
    const char *parameters = input->parameters ? input->parameters : rows_text(&rows, 1);
    schema = schema ? schema : rows_text(&rows, 2);
    if (!schema) {
        reply_detail(reply, 409,
                     "Error updating deployment: Cannot update parameters because parameter "
                     "schema enforcement is enabled and the deployment does not have a valid "
                     "parameter schema.");
        return 1;
    }
    int fits = parameters_check(&request->arena, parameters, schema, PARAMETERS_MAY_LACK, &reason);
    if (fits == 0)
        reply_detail(reply, 409, "Error updating deployment: %s", reason);
    if (fits < 0)
        reply_detail(reply, 422, "Invalid schema: %s", reason);
    return fits != 1;
}

int prepare_update_deployment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct input *input = arena_alloc(&request->arena, sizeof(*input));

    request->prepared = input;
    int r = read_input(txn, request, reply, input, "updating");
    if (r != 0)
        return r;
    return check_update(txn, request, reply, input);
}

/* Whether the deployment is still the one that was looked at; -1 on failure. */
static int is_unchanged(struct txn *txn, const char *id, int64_t updated)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows, "SELECT updated FROM deployments WHERE id = ?", V(id));

    return found < 0 ? -1 : found && rows_integer(&rows, 0) == updated;
}

int update_deployment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct input *input = request->prepared;
    const char *id = request->params[0];
    const char *before;
    struct record record;

    int r = is_unchanged(txn, id, input->updated);
    if (r < 0)
        return HANDLER_FAILED;
    r = r ? 0 : check_update(txn, request, reply, input);
    if (r != 0)
        return r < 0 ? HANDLER_FAILED : HANDLER_DONE;
    record_from_update(&record, deployment_fields, txn_arena(txn), request->body,
                       request->body_text, NULL);
    forget_nulls(&record);
    if (input->parameters)
        record_set(&record, "parameters", V(input->parameters));
    if (deployment_snapshot(txn, id, &before) < 0 ||
        record_update(txn, "deployments", &record, "id", V(id)) < 0 ||
        deployment_unschedule(txn, id, UNSCHEDULE_AUTO | UNSCHEDULE_FUTURE) < 0)
        return HANDLER_FAILED;
    int placed = place(txn, request, reply, id);
    if (placed <= 0)
        return placed < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (input->has_schedules) {
        r = deployment_schedules_update(txn, reply, id, &input->schedules);
        if (r != 0)
            return r < 0 ? HANDLER_FAILED : HANDLER_DONE;
    }
    if (deployment_reschedule(txn, id) < 0 || call_waiting(txn, request, id) < 0 ||
        deployment_follow(txn, id, before) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "deployments");
    return reply_nothing(reply, 204);
}

static int set_paused(struct txn *txn, struct request *request, struct http_reply *reply,
                      bool paused)
{
    const char *id = request->params[0];
    const char *before;

    if (deployment_snapshot(txn, id, &before) < 0)
        return HANDLER_FAILED;
    int changed = db_run(txn, "UPDATE deployments SET paused = ?, updated = ? WHERE id = ?",
                         V(paused), V(txn_now(txn)), V(id));
    if (changed < 0)
        return HANDLER_FAILED;
    if (!changed)
        return reply_detail(reply, 404, "Deployment not found");
    if ((paused && deployment_unschedule(txn, id, UNSCHEDULE_AUTO) < 0) ||
        deployment_reschedule(txn, id) < 0 || deployment_follow(txn, id, before) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "deployments");
    return reply_json(reply, 200, "null");
}

int pause_deployment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return set_paused(txn, request, reply, true);
}

int resume_deployment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return set_paused(txn, request, reply, false);
}
