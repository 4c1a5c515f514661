/* Deployments: the resource, its reading and deleting. Its writing: deployment_changes.c. */
#include "server/api/deployments.h"
#include "server/api/routes.h"
#include "server/api/work_pools.h"
#include "server/orchestration/deployment_event.h"
#include "server/orchestration/deployment_schedule.h"
#include "server/orchestration/room.h"

/* ---- the resource ---- */

static const int64_t one = 1;
static const int64_t least_grace = GRACE_SECONDS_LEAST;
static const int64_t most_grace = GRACE_SECONDS_MOST;

static const char *const statuses[] = {"READY", "NOT_READY", NULL};
static const char *const strategies[] = {"ENQUEUE", "CANCEL_NEW", NULL};

static const struct field concurrency_fields[] = {
    {.name = "collision_strategy",
     .type = FIELD_ENUM,
     .flags = FIELD_REQUIRED,
     .choices = strategies,
     .doc = "What becomes of a run for which there is no room."},
    {.name = "grace_period_seconds",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE | FIELD_OPTIONAL_REPLY,
     .minimum = &least_grace,
     .maximum = &most_grace,
     .doc = "How long a run may take to start before its room is given to others."},
    FIELDS_END};

#define BOTH (FIELD_CREATE | FIELD_UPDATE)

const struct field deployment_fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "The name, of which a flow has one."},
    {.name = "version",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .doc = "Of the code."},
    {.name = "version_info",
     .type = FIELD_MAP,
     .flags = BOTH | FIELD_NULLABLE | FIELD_NO_REPLY,
     .doc = "Where the version comes from."},
    {.name = "description",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .doc = "What it does, in Markdown."},
    {.name = "flow_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "The flow that it runs."},
    {.name = "paused",
     .type = FIELD_BOOLEAN,
     .flags = BOTH | FIELD_EVENT,
     .fallback = "false",
     .doc = "Whether its schedules rest."},
    {.name = "schedules",
     .type = FIELD_OBJECTS,
     .flags = BOTH | FIELD_NO_COLUMN,
     .fields = schedule_body_fields,
     .doc = "When it runs."},
    {.name = "schedules",
     .type = FIELD_OBJECTS,
     .fields = deployment_schedule_fields,
     .sql = "r.id",
     .columns = 1,
     .write = deployment_schedules_write,
     .doc = "When it runs."},
    {.name = "concurrency_limit",
     .type = FIELD_INTEGER,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .minimum = &one,
     .doc = "How many of its runs may run at the same time."},
    {.name = "global_concurrency_limit_id",
     .type = FIELD_ID,
     .flags = BOTH | FIELD_NULLABLE | FIELD_NO_COLUMN,
     .doc = "A limit that it shares."},
    {.name = "global_concurrency_limit",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .sql = "NULL",
     .columns = 1,
     .doc = "The limit that it shares."},
    {.name = "concurrency_options",
     .type = FIELD_OBJECT,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE | FIELD_OPEN,
     .fields = concurrency_fields,
     .doc = "How the limit is kept."},
    {.name = "job_variables",
     .type = FIELD_MAP,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .fallback = "{}",
     .doc = "How the processes of its runs are started."},
    {.name = "parameters",
     .type = FIELD_MAP,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .fallback = "{}",
     .doc = "What its runs are called with, if they say nothing else."},
    {.name = "tags",
     .type = FIELD_STRINGS,
     .flags = BOTH | FIELD_EVENT,
     .fallback = "[]",
     .doc = "Words to find it by; its runs get them too."},
    {.name = "labels",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE | FIELD_EVENT | FIELD_NULLABLE,
     .fallback = "{}",
     .doc = "Names and values for other programs."},
    {.name = "work_queue_name",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_NULLABLE | FIELD_NO_COLUMN,
     .max_length = PLAIN_NAME_LENGTH,
     .doc = "The queue of its runs, made if it is not there; null: the pool's default queue."},
    {.name = "work_queue_name",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "The work queue of its runs."},
    {.name = "work_queue_id",
     .type = FIELD_ID,
     .flags = FIELD_EVENT | FIELD_NULLABLE,
     .doc = "The id of that queue."},
    {.name = "work_pool_id",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE | FIELD_NO_REPLY,
     .doc = "The id of the pool of that queue."},
    {.name = "last_polled",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .sql = "COALESCE((SELECT q.last_polled FROM work_queues q WHERE q.id = r.work_queue_id),"
            " r.last_polled)",
     .columns = 1,
     .doc = "When somebody last asked for its runs, or for those of its queue."},
    {.name = "polled_until",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE | FIELD_NO_REPLY,
     .doc = "Up to when somebody is taken to be there."},
    {.name = "parameter_openapi_schema",
     .type = FIELD_MAP,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .fallback = "{}",
     .doc = "The JSON Schema of its parameters."},
    {.name = "path",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .doc = "Where its code lies."},
    {.name = "pull_steps",
     .type = FIELD_LIST,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .fallback = "[]",
     .doc = "How its code is fetched."},
    {.name = "entrypoint",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .doc = "Where its flow is, in that code."},
    {.name = "storage_document_id",
     .type = FIELD_ID,
     .flags = BOTH | FIELD_NULLABLE,
     .doc = "Where its code is stored."},
    {.name = "infrastructure_document_id",
     .type = FIELD_ID,
     .flags = BOTH | FIELD_NULLABLE,
     .doc = "Where its runs are to run."},
    {.name = "created_by",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .doc = "Who or what made it."},
    {.name = "updated_by",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .doc = "Who or what changed it last."},
    {.name = "work_pool_name",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_NULLABLE | FIELD_NO_COLUMN,
     .doc = "The work pool of its runs; null: none."},
    {.name = "work_pool_name",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "The work pool of its runs."},
    {.name = "status",
     .type = FIELD_ENUM,
     .flags = FIELD_NO_REPLY,
     .choices = statuses,
     .fallback = "\"NOT_READY\"",
     .doc = "Whether somebody asks for its runs alone."},
    {.name = "status",
     .type = FIELD_ENUM,
     .choices = statuses,
     .sql = "CASE WHEN r.status = 'READY' THEN r.status ELSE COALESCE((SELECT q.status"
            " FROM work_queues q WHERE q.id = r.work_queue_id), r.status) END",
     .columns = 1,
     .doc = "Whether somebody takes its runs, or those of its queue."},
    {.name = "enforce_parameter_schema",
     .type = FIELD_BOOLEAN,
     .flags = BOTH | FIELD_EVENT | FIELD_NULLABLE,
     .fallback = "true",
     .doc = "Whether the parameters of its runs are held against their schema."},
    FIELDS_END};

const struct filter deployment_filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY | OP_NOT_ANY, .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY | OP_LIKE, .type = FIELD_TEXT},
    {.name = "flow_or_deployment_name",
     .kind = FILTER_VALUE,
     .operators = OP_LIKE,
     .type = FIELD_TEXT,
     .sql = "((SELECT f.name FROM flows f WHERE f.id = r.flow_id) || '/' || r.name)"},
    {.name = "paused", .kind = FILTER_VALUE, .operators = OP_EQ, .type = FIELD_BOOLEAN},
    {.name = "tags", .kind = FILTER_TAGS, .operators = OP_ALL | OP_ANY | OP_IS_NULL},
    {.name = "work_queue_name", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_TEXT},
    {.name = "concurrency_limit",
     .kind = FILTER_VALUE,
     .operators = OP_GE | OP_LE | OP_IS_NULL,
     .type = FIELD_INTEGER},
    FILTERS_END};

static const struct relation relations[] = {
    {"flows", flow_filters, "r.flow_id IN (SELECT r.id FROM flows r WHERE ", ")", "r.flow_id"},
    {"flow_runs", flow_run_filters, "r.id IN (SELECT r.deployment_id FROM flow_runs r WHERE ", ")",
     NULL},
    {"work_pools", work_pool_filters, "r.work_pool_id IN (SELECT r.id FROM work_pools r WHERE ",
     ")", NULL},
    {"work_pool_queues", work_queue_filters,
     "r.work_queue_id IN (SELECT r.id FROM work_queues r WHERE ", ")", NULL},
    {.key = NULL}};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC, r.seq ASC"},
                                    {"NAME_DESC", "r.name DESC, r.seq DESC"},
                                    {"CREATED_DESC", "r.created DESC, r.seq DESC"},
                                    {"UPDATED_DESC", "r.updated DESC, r.seq DESC"},
                                    {NULL, NULL}};

const struct resource deployment_resource = {.name = "Deployment",
                                             .table = "deployments",
                                             .fields = deployment_fields,
                                             .filters = deployment_filters,
                                             .filter_key = "deployments",
                                             .relations = relations,
                                             .sorts = sorts};

/* ---- deleting ---- */

static int delete_deployment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    if (deployment_event_make(txn, request->params[0], "deleted") < 0 ||
        deployment_unschedule(txn, request->params[0], 0) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "deployments");
    return resource_delete(txn, request, reply);
}

#define DELETED_AT_ONCE 50

static const int64_t deleted_at_once = DELETED_AT_ONCE;

static int bulk_delete(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int64_t limit = request_integer(request, "limit", DELETED_AT_ONCE);
    const char *ids[DELETED_AT_ONCE];
    problems_auto problems = {0};
    struct json_writer writer;
    sql_auto sql = {0};
    rows_auto rows = {0};
    int count = 0;
    int r;

    problems_init(&problems, "body");
    sql_add(&sql, "SELECT r.id FROM deployments r WHERE ");
    resource_where(&deployment_resource, request->body, &request->arena, &sql, &problems);
    if (problems_any(&problems))
        return reply_problems(reply, request, &problems);
    sql_add(&sql, " ORDER BY r.name, r.seq LIMIT ?");
    sql_bind(&sql, V(limit));
    if (sql_query(txn, &rows, &sql) < 0)
        return HANDLER_FAILED;
    while (count < DELETED_AT_ONCE && (r = rows_next(&rows)) != 0) {
        if (r < 0)
            return HANDLER_FAILED;
        ids[count++] = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    }
    rows_close(&rows);
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "deleted");
    json_begin_array(&writer);
    for (int i = 0; i < count; i++) {
        if (deployment_event_make(txn, ids[i], "deleted") < 0 ||
            deployment_unschedule(txn, ids[i], 0) < 0 ||
            db_run(txn, "DELETE FROM deployments WHERE id = ?", V(ids[i])) < 0)
            return HANDLER_FAILED;
        json_add_string(&writer, ids[i]);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    txn_publish(txn, "deployments");
    return HANDLER_DONE;
}

/* ---- reading ---- */

static int read_by_name(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT d.id FROM deployments d JOIN flows f ON f.id = d.flow_id"
                         " WHERE f.name = ? AND d.name = ?",
                         V(request->params[0]), V(request->params[1]));

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Deployment not found");
    const char *id = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    return reply_resource(txn, reply, 200, &deployment_resource, "r.id = ?", V(id));
}

/* The queue that it is in, if it is in one. */
static int check_work_queues(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    rows_auto rows = {0};
    sql_auto sql = {0};
    int found = db_first(txn, &rows, "SELECT work_queue_id FROM deployments WHERE id = ?",
                         V(request->params[0]));

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_missing(reply, &deployment_resource);
    const char *queue_id = rows_text(&rows, 0);
    resource_select(&work_queue_resource, &sql);
    sql_add(&sql, " WHERE r.id = ?");
    sql_bind(&sql, V(queue_id ? arena_strdup(txn_arena(txn), queue_id) : NULL));
    rows_close(&rows);
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    if (reply_rows(txn, &writer, work_queue_resource.fields, &sql) < 0)
        return HANDLER_FAILED;
    json_end_array(&writer);
    return HANDLER_DONE;
}

/* ---- routes ---- */

/* Unlike the bodies of lists this one refuses what it does not know: a filter misspelt would match
 * every deployment. */
static const struct field bulk_delete_fields[] = {{.name = "deployments",
                                                   .type = FIELD_MAP,
                                                   .flags = FIELD_REQUIRED,
                                                   .doc = "Which deployments; {}: any."},
                                                  {.name = "limit",
                                                   .type = FIELD_INTEGER,
                                                   .minimum = &one,
                                                   .maximum = &deleted_at_once,
                                                   .fallback = "50",
                                                   .doc = "How many at the most."},
                                                  FIELDS_END};

static const struct field deleted_fields[] = {
    {.name = "deleted", .type = FIELD_IDS, .doc = "The ids of those that are gone."}, FIELDS_END};

static const struct body update_body = {.fields = deployment_fields, .only = FIELD_UPDATE};
static const struct body bulk_delete_body = {.fields = bulk_delete_fields};

#define DEPLOYMENTS "/api/deployments/"

const struct route deployment_routes[] = {
    {ROUTE_CREATE(DEPLOYMENTS, deployment_resource, deployment_fields, create_deployment),
     .prepare = prepare_create_deployment,
     .summary = "Creates a deployment, or changes the one of the flow that has the name.",
     .answers = ANSWERS_200 | ANSWERS_404 | ANSWERS_409},
    {ROUTE_FILTER(DEPLOYMENTS, deployment_resource, "deployments")},
    {ROUTE_COUNT(DEPLOYMENTS, deployment_resource, "deployments")},
    {ROUTE_PAGINATE(DEPLOYMENTS, deployment_resource, "deployments")},
    {.method = HTTP_POST,
     .path = DEPLOYMENTS "bulk_delete",
     .handle = bulk_delete,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &bulk_delete_body,
     .resource = &deployment_resource,
     .summary = "Deletes the deployments that a filter finds, up to 50 at once.",
     .status = 200,
     .reply_fields = deleted_fields},
    {ROUTE_READ(DEPLOYMENTS "name/{flow_name}/{deployment_name}", deployment_resource,
                read_by_name),
     .summary = "Reads the deployment of that name, of the flow of that name."},
    {ROUTE_READ(DEPLOYMENTS "{id}", deployment_resource, resource_read),
     .summary = "Reads a deployment."},
    {.method = HTTP_PATCH,
     .path = DEPLOYMENTS "{id}",
     .handle = update_deployment,
     .prepare = prepare_update_deployment,
     .flags = ROUTE_WRITES,
     .body = &update_body,
     .summary = "Changes a deployment; runs that its schedules made ahead are made anew.",
     .status = 204,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_NOTHING},
    {ROUTE_DELETE(DEPLOYMENTS "{id}", deployment_resource, delete_deployment),
     .summary = "Deletes a deployment with its schedules and its runs that wait to start."},
    {.method = HTTP_POST,
     .path = DEPLOYMENTS "{id}/pause_deployment",
     .handle = pause_deployment,
     .flags = ROUTE_WRITES,
     .summary = "Has a deployment's schedules rest; the runs that they made ahead are deleted.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_NULL},
    {.method = HTTP_POST,
     .path = DEPLOYMENTS "{id}/resume_deployment",
     .handle = resume_deployment,
     .flags = ROUTE_WRITES,
     .summary = "Has a deployment's schedules go on.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_NULL},
    {.method = HTTP_GET,
     .path = DEPLOYMENTS "{id}/work_queue_check",
     .handle = check_work_queues,
     .resource = &work_queue_resource,
     .summary = "Lists the work queue that a deployment's runs wait in, if there is one.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_LIST},
    {.path = NULL},
};
