/* Who takes up room in work pools and queues, and how queues fare. */
#include "common/times.h"
#include "server/api/routes.h"
#include "server/api/work_pools.h"
#include "server/orchestration/state.h"

static const int64_t zero = 0;
static const int64_t one = 1;
static const int64_t most_runs = LIST_LIMIT;

/* ---- slots ---- */

static void write_age(struct json_writer *writer, const struct rows *rows, int column)
{
    if (rows_is_null(rows, column))
        json_add_null(writer);
    else
        json_add_number(writer, (double)(time_now() - rows_integer(rows, column)) / (double)SECOND);
}

static const struct field slot_fields[] = {
    {.name = "id", .type = FIELD_ID, .doc = "Of the run."},
    {.name = "name", .type = FIELD_TEXT, .doc = "Of the run."},
    {.name = "state_type",
     .type = FIELD_ENUM,
     .flags = FIELD_NULLABLE,
     .choices = state_type_names,
     .doc = "The kind of its present state."},
    {.name = "state_name", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "And its name."},
    {.name = "start_time", .type = FIELD_TIME, .flags = FIELD_NULLABLE, .doc = "When it started."},
    {.name = "state_timestamp",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "When it entered that state."},
    {.name = "time_in_current_state",
     .type = FIELD_NUMBER,
     .flags = FIELD_NULLABLE,
     .sql = "r.state_timestamp",
     .columns = 1,
     .write = write_age,
     .doc = "Seconds since then."},
    FIELDS_END};

#define OF_QUEUE                                                                                   \
    " FROM flow_runs r WHERE r.work_pool_id = ? AND r.work_queue_id = ?"                           \
    " AND r.state_type IN ('PENDING', 'RUNNING')"

static int write_slots(struct txn *txn, struct json_writer *writer, const struct work_queue *queue,
                       int64_t limit, int64_t offset)
{
    sql_auto sql = {0};

    sql_add(&sql, "SELECT ");
    fields_select(slot_fields, &sql);
    sql_add(&sql, OF_QUEUE " ORDER BY r.id LIMIT ? OFFSET ?");
    sql_bind(&sql, V(queue->pool_id));
    sql_bind(&sql, V(queue->id));
    sql_bind(&sql, V(limit));
    sql_bind(&sql, V(offset));
    json_begin_array(writer);
    int count = reply_rows(txn, writer, slot_fields, &sql);
    json_end_array(writer);
    return count;
}

static int count_slots(struct txn *txn, const struct work_queue *queue, int64_t *ret_count)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT COUNT(*)" OF_QUEUE, V(queue->pool_id), V(queue->id)) < 0)
        return -1;
    *ret_count = rows_integer(&rows, 0);
    return 0;
}

/* ---- the status of limits ---- */

static void add_integer(struct json_writer *writer, const char *key, int64_t value)
{
    json_key(writer, key);
    json_add_integer(writer, value);
}

static void add_limit(struct json_writer *writer, int64_t limit)
{
    json_key(writer, "concurrency_limit");
    if (limit == NO_LIMIT)
        json_add_null(writer);
    else
        json_add_integer(writer, limit);
}

/* Where in a list of `count` the page that is asked for begins. */
struct page {
    int64_t limit, number, begin;
};

static bool read_page(const struct request *request, struct http_reply *reply, int64_t count,
                      struct page *ret_page)
{
    int64_t offset;

    ret_page->number = request_integer(request, "page", 1);
    if (!request_page(request, reply, &ret_page->limit, &offset))
        return false;
    bool is_behind = ret_page->limit && ret_page->number - 1 > count / ret_page->limit;
    ret_page->begin = is_behind ? count : (ret_page->number - 1) * ret_page->limit;
    return true;
}

static void add_page(struct json_writer *writer, const struct page *page, int64_t count)
{
    add_integer(writer, "count", count);
    add_integer(writer, "limit", page->limit);
    add_integer(writer, "pages", page->limit ? (count + page->limit - 1) / page->limit : 0);
    add_integer(writer, "page", page->number);
}

static int write_queue(struct txn *txn, struct json_writer *writer, const struct work_queue *queue,
                       int64_t runs)
{
    int64_t count;

    if (count_slots(txn, queue, &count) < 0)
        return -1;
    json_begin_object(writer);
    json_key(writer, "queue_id");
    json_add_string(writer, queue->id);
    json_key(writer, "queue_name");
    json_add_string(writer, queue->name);
    add_integer(writer, "active_slots", count);
    add_limit(writer, queue->limit);
    json_key(writer, "flow_runs");
    if (write_slots(txn, writer, queue, runs, 0) < 0)
        return -1;
    add_integer(writer, "flow_run_count", count);
    json_end_object(writer);
    return 0;
}

static int pool_status(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int64_t runs = request_integer(request, "flow_run_limit", 10);
    struct json_writer writer;
    struct work_queue *queues;
    struct work_pool pool;
    struct page page;
    int64_t taken = 0;
    int64_t in_queue;
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    int count = work_queues_of(txn, &pool, &queues);
    for (int i = 0; i < count; i++, taken += in_queue)
        if (count_slots(txn, &queues[i], &in_queue) < 0)
            return HANDLER_FAILED;
    if (count < 0)
        return HANDLER_FAILED;
    if (!read_page(request, reply, count, &page))
        return HANDLER_DONE;
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    add_integer(&writer, "active_slots", taken);
    add_limit(&writer, pool.limit);
    json_key(&writer, "queues");
    json_begin_array(&writer);
    for (int64_t i = page.begin; i < count && i < page.begin + page.limit; i++)
        if (write_queue(txn, &writer, &queues[i], runs) < 0)
            return HANDLER_FAILED;
    json_end_array(&writer);
    add_page(&writer, &page, count);
    json_end_object(&writer);
    return HANDLER_DONE;
}

static int queue_status(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    struct work_queue queue;
    struct page page;
    int64_t count;
    int found = work_queue_load(txn, request->params[0], &queue);

    if (found == 0)
        return reply_missing(reply, &work_queue_resource);
    if (found < 0 || count_slots(txn, &queue, &count) < 0)
        return HANDLER_FAILED;
    if (!read_page(request, reply, count, &page))
        return HANDLER_DONE;
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    add_integer(&writer, "active_slots", count);
    add_limit(&writer, queue.limit);
    json_key(&writer, "flow_runs");
    if (write_slots(txn, &writer, &queue, page.limit, page.begin) < 0)
        return HANDLER_FAILED;
    add_page(&writer, &page, count);
    json_end_object(&writer);
    return HANDLER_DONE;
}

/* ---- health ---- */

#define LATE_RUNS_MOST 0
#define SILENT_MOST    60 /* seconds */

static const struct field policy_fields[] = {
    {.name = "maximum_late_runs",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .doc = "So many of its runs may be late."},
    {.name = "maximum_seconds_since_last_polled",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .doc = "So long it may be that nobody asked for them."},
    FIELDS_END};

static const struct field health_fields[] = {
    {.name = "healthy", .type = FIELD_BOOLEAN, .doc = "Whether both hold."},
    {.name = "late_runs_count", .type = FIELD_INTEGER, .doc = "How many of its runs are late."},
    {.name = "last_polled",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "When somebody last asked for its runs."},
    {.name = "health_check_policy",
     .type = FIELD_OBJECT,
     .fields = policy_fields,
     .doc = "What is asked of a healthy queue."},
    FIELDS_END};

static int queue_health(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT q.last_polled, (SELECT COUNT(*) FROM flow_runs r"
                         " WHERE r.work_queue_id = q.id AND r.state_type = 'SCHEDULED'"
                         " AND r.state_name = 'Late') FROM work_queues q WHERE q.id = ?",
                         V(request->params[0]));

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_missing(reply, &work_queue_resource);
    bool is_polled =
        !rows_is_null(&rows, 0) && txn_now(txn) - rows_integer(&rows, 0) <= SILENT_MOST * SECOND;
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "healthy");
    json_add_bool(&writer, is_polled && rows_integer(&rows, 1) <= LATE_RUNS_MOST);
    add_integer(&writer, "late_runs_count", rows_integer(&rows, 1));
    json_key(&writer, "last_polled");
    if (rows_is_null(&rows, 0))
        json_add_null(&writer);
    else
        json_add_time(&writer, rows_integer(&rows, 0));
    json_key(&writer, "health_check_policy");
    json_begin_object(&writer);
    add_integer(&writer, "maximum_late_runs", LATE_RUNS_MOST);
    add_integer(&writer, "maximum_seconds_since_last_polled", SILENT_MOST);
    json_end_object(&writer);
    json_end_object(&writer);
    return HANDLER_DONE;
}

/* ---- routes ---- */

#define PAGE                                                                                       \
    {.name = "page",                                                                               \
     .type = FIELD_INTEGER,                                                                        \
     .minimum = &one,                                                                              \
     .fallback = "1",                                                                              \
     .doc = "Which page, counted from 1."},                                                        \
    {                                                                                              \
        .name = "limit", .type = FIELD_INTEGER, .flags = FIELD_NULLABLE, .minimum = &zero,         \
        .fallback = "200", .doc = "How many a page has, up to 200."                                \
    }

static const struct field pool_page_fields[] = {PAGE,
                                                {.name = "flow_run_limit",
                                                 .type = FIELD_INTEGER,
                                                 .minimum = &zero,
                                                 .maximum = &most_runs,
                                                 .fallback = "10",
                                                 .doc = "How many runs of each queue are told."},
                                                FIELDS_END};
static const struct field queue_page_fields[] = {PAGE, FIELDS_END};

#define TAKEN                                                                                      \
    {.name = "active_slots", .type = FIELD_INTEGER, .doc = "How many runs take up room."},         \
    {                                                                                              \
        .name = "concurrency_limit", .type = FIELD_INTEGER, .flags = FIELD_NULLABLE,               \
        .doc = "How many may; null: any number."                                                   \
    }

#define RUNS                                                                                       \
    {                                                                                              \
        .name = "flow_runs", .type = FIELD_OBJECTS, .fields = slot_fields,                         \
        .doc = "Those that take up room."                                                          \
    }

#define PAGES                                                                                      \
    {.name = "count", .type = FIELD_INTEGER, .doc = "How many there are on all pages."},           \
        {.name = "limit", .type = FIELD_INTEGER, .doc = "How many a page has."},                   \
        {.name = "pages", .type = FIELD_INTEGER, .doc = "How many pages there are."},              \
    {                                                                                              \
        .name = "page", .type = FIELD_INTEGER, .doc = "Which one this is."                         \
    }

static const struct field queue_detail_fields[] = {
    {.name = "queue_id", .type = FIELD_ID, .doc = "The queue."},
    {.name = "queue_name", .type = FIELD_TEXT, .doc = "Its name."},
    TAKEN,
    RUNS,
    {.name = "flow_run_count", .type = FIELD_INTEGER, .doc = "How many there are of these."},
    FIELDS_END};

static const struct field pool_status_fields[] = {TAKEN,
                                                  {.name = "queues",
                                                   .type = FIELD_OBJECTS,
                                                   .fields = queue_detail_fields,
                                                   .doc = "The queues of the page."},
                                                  PAGES,
                                                  FIELDS_END};
static const struct field queue_status_fields[] = {TAKEN, RUNS, PAGES, FIELDS_END};

static const struct body pool_page_body = {.fields = pool_page_fields, .optional = true};
static const struct body queue_page_body = {.fields = queue_page_fields, .optional = true};

const struct route work_slot_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/work_pools/{name}/concurrency_status",
     .handle = pool_status,
     .body = &pool_page_body,
     .summary = "Tells which runs take up room in a work pool, queue by queue.",
     .status = 200,
     .answers = ANSWERS_404,
     .reply_fields = pool_status_fields},
    {.method = HTTP_POST,
     .path = "/api/work_queues/{id}/concurrency_status",
     .handle = queue_status,
     .body = &queue_page_body,
     .summary = "Tells which runs take up room in a work queue.",
     .status = 200,
     .answers = ANSWERS_404,
     .reply_fields = queue_status_fields},
    {.method = HTTP_GET,
     .path = "/api/work_queues/{id}/status",
     .handle = queue_health,
     .summary = "Tells whether somebody takes a work queue's runs in time.",
     .status = 200,
     .answers = ANSWERS_404,
     .reply_fields = health_fields},
    {.path = NULL},
};
