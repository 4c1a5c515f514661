/* Work pools: where runs wait for workers. */
#include "server/api/work_pools.h"

#include <string.h>
#include <strings.h>

#include "server/api/routes.h"
#include "server/orchestration/work_event.h"

/* ---- the resource ---- */

static const int64_t zero = 0;

static const char *const statuses[] = {"READY", "NOT_READY", "PAUSED", NULL};

static const struct field storage_fields[] = {{.name = "bundle_upload_step",
                                               .type = FIELD_MAP,
                                               .flags = FIELD_NULLABLE | FIELD_OPTIONAL_REPLY,
                                               .doc = "How a flow's code is stored."},
                                              {.name = "bundle_execution_step",
                                               .type = FIELD_MAP,
                                               .flags = FIELD_NULLABLE | FIELD_OPTIONAL_REPLY,
                                               .doc = "How it is run from there."},
                                              {.name = "default_result_storage_block_id",
                                               .type = FIELD_ID,
                                               .flags = FIELD_NULLABLE | FIELD_OPTIONAL_REPLY,
                                               .doc = "Where results are stored."},
                                              FIELDS_END};

#define BOTH (FIELD_CREATE | FIELD_UPDATE)

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .max_length = PLAIN_NAME_LENGTH,
     .doc = "The name; there are no / % & > < in it."},
    {.name = "description",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_NULLABLE,
     .doc = "What it is for."},
    {.name = "type",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE,
     .fallback = "\"prefect-agent\"",
     .doc = "Of the workers that it takes: process, docker, kubernetes, …"},
    {.name = "base_job_template",
     .type = FIELD_MAP,
     .flags = BOTH,
     .fallback = "{}",
     .doc = "How its workers start processes."},
    {.name = "is_paused",
     .type = FIELD_BOOLEAN,
     .flags = BOTH,
     .fallback = "false",
     .doc = "Whether its runs are held back."},
    {.name = "concurrency_limit",
     .type = FIELD_INTEGER,
     .flags = BOTH | FIELD_NULLABLE,
     .minimum = &zero,
     .doc = "How many of its runs may be pending or running at the same time."},
    {.name = "storage_configuration",
     .type = FIELD_OBJECT,
     .flags = BOTH,
     .fields = storage_fields,
     .fallback = "{}",
     .doc = "Where its workers find code and leave results."},
    {.name = "default_queue_id",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "The queue of runs that name none."},
    {.name = "status",
     .type = FIELD_ENUM,
     .flags = FIELD_NULLABLE,
     .choices = statuses,
     .sql = WORK_POOL_STATUS,
     .columns = 1,
     .doc = "READY: a worker is there."},
    {.name = "active_slots",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .sql = "CASE WHEN r.concurrency_limit IS NOT NULL THEN (SELECT COUNT(*) FROM flow_runs f"
            " WHERE f.work_pool_id = r.id AND f.state_type IN ('PENDING', 'RUNNING')) END",
     .columns = 1,
     .doc = "How many of its runs count against the limit; null: there is none."},
    FIELDS_END};

const struct filter work_pool_filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_TEXT},
    {.name = "type", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_TEXT},
    FILTERS_END};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC"}, {NULL, NULL}};

const struct resource work_pool_resource = {.name = "Work pool",
                                            .table = "work_pools",
                                            .fields = fields,
                                            .filters = work_pool_filters,
                                            .filter_key = "work_pools",
                                            .sorts = sorts,
                                            .unique = "name"};

/* ---- finding ---- */

int reply_no_work_pool(struct http_reply *reply, const char *name)
{
    return reply_detail(reply, 404, "Work pool \"%.300s\" not found.", name);
}

int reply_no_work_queue(struct http_reply *reply, const char *pool, const char *name)
{
    return reply_detail(reply, 404, "Work pool queue '%.300s/%.300s' not found.", pool, name);
}

int request_work_pool(struct txn *txn, const struct request *request, struct http_reply *reply,
                      struct work_pool *ret_pool)
{
    int found = work_pool_find(txn, request->params[0], ret_pool);

    if (found == 0)
        reply_no_work_pool(reply, request->params[0]);
    return found;
}

int request_work_queue(struct txn *txn, const struct request *request, struct http_reply *reply,
                       struct work_queue *ret_queue)
{
    struct work_pool pool;
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found;
    found = work_queue_find(txn, &pool, request->params[1], ret_queue);
    if (found == 0)
        reply_no_work_queue(reply, pool.name, request->params[1]);
    return found;
}

int wished_work_queue(struct txn *txn, struct http_reply *reply, const struct work_queue_wish *wish,
                      struct work_queue *ret_queue)
{
    struct work_pool pool;
    int found = 1;

    if (wish->pool)
        found = work_pool_find(txn, wish->pool, &pool);
    else if (work_pool_ensure_agents(txn, &pool) < 0)
        return -1;
    if (found == 0)
        reply_no_work_pool(reply, wish->pool);
    if (found <= 0)
        return found;
    if (wish->make && wish->queue)
        return work_queue_ensure(txn, &pool, wish->queue, ret_queue) < 0 ? -1 : 1;
    found = work_queue_find(txn, &pool, wish->queue, ret_queue);
    if (found == 0)
        reply_no_work_queue(reply, pool.name, wish->queue);
    return found;
}

/* ---- handlers ---- */

static int check_template(struct txn *txn, struct request *request, struct http_reply *reply)
{
    problems_auto problems;

    (void)txn;
    problems_init(&problems, "body");
    check_base_job_template(request, &problems);
    if (!problems_any(&problems))
        return 0;
    reply_problems(reply, request, &problems);
    return 1;
}

static int create_work_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    struct record record;
    rows_auto rows = {0};

    if (!check_plain_name(request, reply, "name"))
        return HANDLER_DONE;
    if (strncasecmp(name, "prefect", strlen("prefect")) == 0)
        return reply_detail(reply, 403,
                            "Names of work pools that begin with \"prefect\" are reserved: choose "
                            "another.");
    int taken = db_first(txn, &rows, "SELECT 1 FROM work_pools WHERE name = ?", V(name));
    if (taken < 0)
        return HANDLER_FAILED;
    if (taken)
        return reply_detail(reply, 409, "A work pool with this name already exists.");
    record_from_create(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    const char *id = record_get(&record, "id").text;
    if (record_insert(txn, "work_pools", &record) < 0 || work_pool_add_default_queue(txn, id) < 0 ||
        work_pool_event_make(txn, id, "created") < 0 || work_pool_follow(txn, id, "") < 0)
        return HANDLER_FAILED;
    return reply_resource(txn, reply, 201, &work_pool_resource, "r.id = ?", V(id));
}

static int read_work_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_pool pool;
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return reply_resource(txn, reply, 200, &work_pool_resource, "r.id = ?", V(pool.id));
}

static int update_work_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_pool pool;
    struct record record;
    const char *status;
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    record_from_update(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    if (work_pool_status(txn, pool.id, &status) < 0 ||
        record_update(txn, "work_pools", &record, "id", V(pool.id)) < 0 ||
        work_pool_follow(txn, pool.id, status) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, WORK_POOL_TOPIC, pool.name);
    return reply_nothing(reply, 204);
}

static int delete_work_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_pool pool;
    struct work_queue *queues;
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    int count = work_queues_of(txn, &pool, &queues);
    if (count < 0)
        return HANDLER_FAILED;
    for (int i = 0; i < count; i++)
        if (work_queue_detach(txn, queues[i].id) < 0 ||
            work_queue_event_make(txn, queues[i].id, "deleted") < 0)
            return HANDLER_FAILED;
    if (work_pool_event_make(txn, pool.id, "deleted") < 0 ||
        db_run(txn, "DELETE FROM work_pools WHERE id = ?", V(pool.id)) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "deployments");
    txn_publish(txn, WORK_POOL_TOPIC, pool.name);
    return reply_nothing(reply, 204);
}

/* ---- lists of a pool ---- */

static const struct field pool_list_fields[] = {FIELD_LIMIT, FIELD_OFFSET, FIELDS_END};

const struct body pool_list_body = {.fields = pool_list_fields, .open = true, .optional = true};

int reply_list_of_pool(struct txn *txn, struct request *request, struct http_reply *reply,
                       const char *sort)
{
    const struct resource *resource = request->route->resource;
    struct json_writer writer;
    struct work_pool pool;
    problems_auto problems = {0};
    sql_auto sql = {0};
    int64_t limit, offset;
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (!request_page(request, reply, &limit, &offset))
        return HANDLER_DONE;
    problems_init(&problems, "body");
    resource_select(resource, &sql);
    sql_add(&sql, " WHERE r.work_pool_id = ? AND ");
    sql_bind(&sql, V(pool.id));
    resource_where(resource, request->body, txn_arena(txn), &sql, &problems);
    if (problems_any(&problems))
        return reply_problems(reply, request, &problems);
    sql_addf(&sql, " ORDER BY %s LIMIT ? OFFSET ?", sort);
    sql_bind(&sql, V(limit));
    sql_bind(&sql, V(offset));
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    if (reply_rows(txn, &writer, resource->fields, &sql) < 0)
        return HANDLER_FAILED;
    json_end_array(&writer);
    return HANDLER_DONE;
}

/* ---- routes ---- */

#define WORK_POOLS "/api/work_pools/"

const struct route work_pool_routes[] = {
    {ROUTE_CREATE(WORK_POOLS, work_pool_resource, fields, create_work_pool),
     .prepare = check_template, .summary = "Creates a work pool, with a queue \"default\".",
     .answers = ANSWERS_409},
    {ROUTE_FILTER(WORK_POOLS, work_pool_resource, "work pools")},
    {ROUTE_COUNT(WORK_POOLS, work_pool_resource, "work pools")},
    {ROUTE_READ(WORK_POOLS "{name}", work_pool_resource, read_work_pool),
     .summary = "Reads the work pool of that name."},
    {ROUTE_UPDATE(WORK_POOLS "{name}", work_pool_resource, fields, update_work_pool),
     .prepare = check_template, .summary = "Changes a work pool."},
    {ROUTE_DELETE(WORK_POOLS "{name}", work_pool_resource, delete_work_pool),
     .summary = "Deletes a work pool with its queues. Deployments and runs that wait are in none "
                "then."},
    {.path = NULL},
};
