/* Work queues: of a pool, and by the old routes, which name none. */
#include <string.h>

#include "server/api/routes.h"
#include "server/api/work_pools.h"
#include "server/orchestration/work_event.h"

/* ---- the resource ---- */

static const int64_t zero = 0;
static const int64_t one = 1;
static const int64_t last_priority = INT32_MAX;

static const char *const statuses[] = {"READY", "NOT_READY", "PAUSED", NULL};

#define BOTH (FIELD_CREATE | FIELD_UPDATE)

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_REQUIRED,
     .max_length = PLAIN_NAME_LENGTH,
     .doc = "The name, of which a pool has one; there are no / % & > < in it."},
    {.name = "description",
     .type = FIELD_TEXT,
     .flags = BOTH | FIELD_NULLABLE,
     .doc = "What it is for."},
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
    {.name = "priority",
     .type = FIELD_INTEGER,
     .flags = BOTH | FIELD_NULLABLE,
     .minimum = &one,
     .maximum = &last_priority,
     .doc = "1 comes first; null: the first number that is free. Queues that are in its way move "
            "back."},
    {.name = "filter",
     .type = FIELD_MAP,
     .flags = BOTH | FIELD_NULLABLE,
     .sql = "NULL",
     .columns = 1,
     .doc = "Null: queues that find runs by their tags are not supported."},
    {.name = "work_pool_id", .type = FIELD_ID, .doc = "The pool that it belongs to."},
    {.name = "work_pool_name",
     .type = FIELD_TEXT,
     .sql = "(SELECT p.name FROM work_pools p WHERE p.id = r.work_pool_id)",
     .columns = 1,
     .doc = "The name of that pool."},
    {.name = "last_polled",
     .type = FIELD_TIME,
     .flags = FIELD_UPDATE | FIELD_NULLABLE,
     .doc = "When somebody last asked for its runs."},
    {.name = "status",
     .type = FIELD_ENUM,
     .choices = statuses,
     .sql = WORK_QUEUE_STATUS,
     .columns = 1,
     .doc = "READY: somebody asks for its runs."},
    {.name = "active_slots",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .sql = "CASE WHEN r.concurrency_limit IS NOT NULL THEN (SELECT COUNT(*) FROM flow_runs f"
            " WHERE f.work_pool_id = r.work_pool_id AND f.work_queue_id = r.id"
            " AND f.state_type IN ('PENDING', 'RUNNING')) END",
     .columns = 1,
     .doc = "How many of its runs count against the limit; null: there is none."},
    FIELDS_END};

const struct filter work_queue_filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY | OP_STARTS, .type = FIELD_TEXT},
    FILTERS_END};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC, r.seq ASC"}, {NULL, NULL}};

const struct resource work_queue_resource = {.name = "Work queue",
                                             .table = "work_queues",
                                             .fields = fields,
                                             .filters = work_queue_filters,
                                             .filter_key = "work_queues",
                                             .sorts = sorts,
                                             .missing = "work queue not found"};

/* ---- checking ---- */

/* Whether the body fits the pool, in which `own` is the queue itself or "". 0: the reply says why
 * not. */
static int check(struct txn *txn, struct request *request, struct http_reply *reply,
                 const char *pool_id, const char *own)
{
    const char *name = request_text(request, "name");
    rows_auto rows = {0};

    if (!check_plain_name(request, reply, "name"))
        return 0;
    if (json_is_object(json_object_get(request->body, "filter"))) {
        reply_problem(reply, request, "filter", "value_error",
                      "Value error, queues that find runs by their tags are not supported: name "
                      "the queue in the deployment instead (work_queue_name)");
        return 0;
    }
    if (!name)
        return 1;
    int taken = db_first(txn, &rows,
                         "SELECT 1 FROM work_queues WHERE work_pool_id = ? AND name = ?"
                         " AND id <> ?",
                         V(pool_id), V(name), V(own));
    if (taken > 0)
        reply_detail(reply, 409, "A work queue with this name already exists in the work pool.");
    return taken < 0 ? -1 : !taken;
}

/* ---- creating ---- */

static int insert(struct txn *txn, struct request *request, struct http_reply *reply,
                  const struct work_pool *pool)
{
    int64_t priority = request_integer(request, "priority", 0);
    struct record record;
    int fits = check(txn, request, reply, pool->id, "");

    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (work_pool_check_queues(txn, pool->id) < 0)
        return HANDLER_FAILED;
    if (!priority && work_pool_free_priority(txn, pool->id, &priority) < 0)
        return HANDLER_FAILED;
    record_from_create(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    const char *id = record_get(&record, "id").text;
    record_set(&record, "work_pool_id", V(pool->id));
    record_set(&record, "priority", V(priority));
    if (record_insert(txn, "work_queues", &record) < 0 ||
        work_queue_set_priority(txn, pool->id, id, priority) < 0 ||
        work_queue_event_make(txn, id, "created") < 0)
        return HANDLER_FAILED;
    txn_publish(txn, WORK_POOL_TOPIC, pool->name);
    return reply_resource(txn, reply, 201, &work_queue_resource, "r.id = ?", V(id));
}

static int create_in_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_pool pool;
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return insert(txn, request, reply, &pool);
}

/* By the old route a queue has no pool of its own: it is one of the pool of all such queues. */
static int create(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    struct work_pool pool;
    rows_auto rows = {0};

    int there = db_first(txn, &rows, "SELECT 1 FROM work_pools WHERE name = ?", V(AGENT_POOL));
    if (there < 0 || work_pool_ensure_agents(txn, &pool) < 0)
        return HANDLER_FAILED;
    if (!there && strcmp(name, "default") == 0) /* it was made with the pool */
        return reply_resource(txn, reply, 201, &work_queue_resource, "r.id = ?",
                              V(pool.default_queue_id));
    return insert(txn, request, reply, &pool);
}

/* ---- reading ---- */

static int read_of_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_queue queue;
    int found = request_work_queue(txn, request, reply, &queue);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return reply_resource(txn, reply, 200, &work_queue_resource, "r.id = ?", V(queue.id));
}

static int read_by_name(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_pool pool;
    struct work_queue queue = {0};
    int found = work_pool_find(txn, AGENT_POOL, &pool);

    if (found > 0)
        found = work_queue_find(txn, &pool, request->params[0], &queue);
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_missing(reply, &work_queue_resource);
    return reply_resource(txn, reply, 200, &work_queue_resource, "r.id = ?", V(queue.id));
}

static int filter_of_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return reply_list_of_pool(txn, request, reply, "r.priority, r.seq");
}

/* ---- changing ---- */

/* What is kept beside the queue: its name with deployments and with runs that wait. */
static int rename_queue(struct txn *txn, const char *id, const char *name)
{
    if (db_run(txn,
               "UPDATE deployments SET work_queue_name = ?, updated = ? WHERE work_queue_id = ?",
               V(name), V(txn_now(txn)), V(id)) < 0)
        return -1;
    return db_run(txn,
                  "UPDATE flow_runs SET work_queue_name = ?, version = version + 1"
                  " WHERE work_queue_id = ? AND state_type = 'SCHEDULED'",
                  V(name), V(id));
}

static int update(struct txn *txn, struct request *request, struct http_reply *reply,
                  const struct work_queue *queue)
{
    const char *name = request_text(request, "name");
    int64_t priority = request_integer(request, "priority", queue->priority);
    struct record record;
    const char *status;
    int fits = check(txn, request, reply, queue->pool_id, queue->id);

    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    record_from_update(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    record_set(&record, "priority", V(priority));
    if (work_queue_status(txn, queue->id, &status) < 0 ||
        record_update(txn, "work_queues", &record, "id", V(queue->id)) < 0 ||
        work_queue_follow(txn, queue->id, status) < 0 ||
        (name && rename_queue(txn, queue->id, name) < 0))
        return HANDLER_FAILED;
    if (priority != queue->priority &&
        work_queue_set_priority(txn, queue->pool_id, queue->id, priority) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, WORK_POOL_TOPIC, queue->pool_name);
    return reply_nothing(reply, 204);
}

static int remove_queue(struct txn *txn, struct http_reply *reply, const struct work_queue *queue)
{
    rows_auto rows = {0};
    int is_default =
        db_first(txn, &rows, "SELECT 1 FROM work_pools WHERE id = ? AND default_queue_id = ?",
                 V(queue->pool_id), V(queue->id));

    if (is_default > 0)
        return reply_detail(reply, 409,
                            "A work pool's default queue cannot be deleted. Delete the work pool, "
                            "or pause the queue.");
    if (is_default < 0 || work_queue_detach(txn, queue->id) < 0 ||
        work_queue_event_make(txn, queue->id, "deleted") < 0 ||
        db_run(txn, "DELETE FROM work_queues WHERE id = ?", V(queue->id)) < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "deployments");
    txn_publish(txn, WORK_POOL_TOPIC, queue->pool_name);
    return reply_nothing(reply, 204);
}

static int update_of_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_queue queue;
    int found = request_work_queue(txn, request, reply, &queue);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return update(txn, request, reply, &queue);
}

static int delete_of_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_queue queue;
    int found = request_work_queue(txn, request, reply, &queue);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return remove_queue(txn, reply, &queue);
}

static int load(struct txn *txn, const struct request *request, struct http_reply *reply,
                struct work_queue *ret_queue)
{
    int found = work_queue_load(txn, request->params[0], ret_queue);

    if (found == 0)
        reply_missing(reply, &work_queue_resource);
    return found;
}

static int update_by_id(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_queue queue;
    int found = load(txn, request, reply, &queue);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return update(txn, request, reply, &queue);
}

static int delete_by_id(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_queue queue;
    int found = load(txn, request, reply, &queue);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return remove_queue(txn, reply, &queue);
}

/* ---- routes ---- */

#define POOL_QUEUES "/api/work_pools/{work_pool_name}/queues/"
#define QUEUES      "/api/work_queues/"

static const struct body update_body = {.fields = fields, .only = FIELD_UPDATE};

#define CHANGE(where, handler)                                                                     \
    .method = HTTP_PATCH, .path = (where), .handle = (handler), .flags = ROUTE_WRITES,             \
    .body = &update_body, .status = 204, .answers = ANSWERS_404 | ANSWERS_409,                     \
    .shape = REPLY_NOTHING

#define DELETE(where, handler)                                                                     \
    .method = HTTP_DELETE, .path = (where), .handle = (handler), .flags = ROUTE_WRITES,            \
    .status = 204, .answers = ANSWERS_404 | ANSWERS_409, .shape = REPLY_NOTHING

const struct route work_queue_routes[] = {
    {ROUTE_CREATE("/api/work_pools/{work_pool_name}/queues", work_queue_resource, fields,
                  create_in_pool),
     .summary = "Creates a work queue in a pool.", .answers = ANSWERS_404 | ANSWERS_409},
    {.method = HTTP_POST,
     .path = POOL_QUEUES "filter",
     .handle = filter_of_pool,
     .body = &pool_list_body,
     .resource = &work_queue_resource,
     .summary = "Lists the work queues of a pool, those that come first first.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_LIST},
    {ROUTE_READ(POOL_QUEUES "{name}", work_queue_resource, read_of_pool),
     .summary = "Reads a work queue of a pool."},
    {CHANGE(POOL_QUEUES "{name}", update_of_pool), .summary = "Changes a work queue of a pool."},
    {DELETE(POOL_QUEUES "{name}", delete_of_pool),
     .summary = "Deletes a work queue of a pool; not the default one."},
    {ROUTE_CREATE(QUEUES, work_queue_resource, fields, create),
     .summary = "Creates a work queue in the pool \"" AGENT_POOL "\".", .answers = ANSWERS_409},
    {ROUTE_FILTER(QUEUES, work_queue_resource, "work queues")},
    {ROUTE_READ(QUEUES "name/{name}", work_queue_resource, read_by_name),
     .summary = "Reads the work queue of that name in the pool \"" AGENT_POOL "\"."},
    {ROUTE_READ(QUEUES "{id}", work_queue_resource, resource_read),
     .summary = "Reads a work queue."},
    {CHANGE(QUEUES "{id}", update_by_id), .summary = "Changes a work queue."},
    {DELETE(QUEUES "{id}", delete_by_id), .summary = "Deletes a work queue."},
    {.path = NULL},
};
