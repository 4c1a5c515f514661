/* What workers ask for: the runs of a work pool or of a queue whose time has come. */
#include <string.h>

#include "common/times.h"
#include "server/api/flow_runs.h"
#include "server/api/held_polls.h"
#include "server/api/poll_notes.h"
#include "server/api/routes.h"
#include "server/api/work_pools.h"
#include "server/orchestration/flow_run.h"

/* ---- what is asked ---- */

#define BEFORE_AND_LIMIT                                                                           \
    {.name = "scheduled_before",                                                                   \
     .type = FIELD_TIME,                                                                           \
     .flags = FIELD_NULLABLE,                                                                      \
     .doc = "Up to which time; null: any. For one who waits it moves along with the clock: 10 s "  \
            "ahead stays 10 s ahead, and null is now."},                                           \
        FIELD_LIMIT

static const struct field pool_poll_fields[] = {{.name = "work_queue_names",
                                                 .type = FIELD_STRINGS,
                                                 .flags = FIELD_NULLABLE,
                                                 .most = WORK_QUEUES_LIMIT,
                                                 .doc = "Of which queues; none: all of the pool."},
                                                BEFORE_AND_LIMIT,
                                                {.name = "scheduled_after",
                                                 .type = FIELD_TIME,
                                                 .flags = FIELD_NULLABLE,
                                                 .doc = "From which time on; null: any."},
                                                FIELDS_END};

static const struct field queue_poll_fields[] = {BEFORE_AND_LIMIT, FIELDS_END};

/* A poll: which queues of which pool, and how far ahead. */
struct poll {
    const struct work_pool *pool;
    struct work_queue *queues; /* those that come first first */
    int count;
    int64_t ahead; /* TIME_NEVER: any time */
    int64_t after; /* INT64_MIN: any time */
    int64_t limit;
};

/* ---- finding runs ---- */

#define SCHEDULED                                                                                  \
    " WHERE r.work_queue_id = ? AND r.state_type = 'SCHEDULED'"                                    \
    " AND strpos(r.empirical_policy, ?) = 0 AND r.next_scheduled_start_time "

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Writes the runs of one queue, at the most `limit`. How many, or -1. */
static int write_runs(struct txn *txn, struct json_writer *writer, const struct poll *poll,
                      const struct work_queue *queue, int64_t limit, bool with_places)
{
    rows_auto rows = {0};
    sql_auto sql = {0};
    int count = 0;
    int r;

    resource_select(&flow_run_resource, &sql);
    sql_add(&sql, SCHEDULED "<= ? AND r.next_scheduled_start_time >= ?"
                            " ORDER BY r.next_scheduled_start_time, r.seq LIMIT ?");
    sql_bind(&sql, V(queue->id));
    sql_bind(&sql, V(POLICY_IN_PROCESS));
    sql_bind(&sql, V(poll->ahead == TIME_NEVER ? TIME_NEVER : txn_now(txn) + poll->ahead));
    sql_bind(&sql, V(poll->after));
    sql_bind(&sql, V(limit));
    if (sql_query(txn, &rows, &sql) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0) {
        if (with_places) {
            json_begin_object(writer);
            json_key(writer, "work_pool_id");
            json_add_string(writer, queue->pool_id);
            json_key(writer, "work_queue_id");
            json_add_string(writer, queue->id);
            json_key(writer, "flow_run");
        }
        fields_write_row(flow_run_fields, writer, &rows);
        if (with_places)
            json_end_object(writer);
        count++;
    }
    return r < 0 ? -1 : count;
}

/* Writes runs as far as the limits leave room. How many, or -1. */
static int write_due(struct txn *txn, struct json_writer *writer, const struct poll *poll,
                     bool with_places)
{
    int64_t left, in_queue;
    int total = 0;

    if (work_pool_room(txn, poll->pool, &left) < 0)
        return -1;
    left = least(left, poll->limit);
    for (int i = 0; i < poll->count && left > 0 && !poll->pool->is_paused; i++) {
        if (poll->queues[i].is_paused)
            continue;
        if (work_queue_room(txn, &poll->queues[i], &in_queue) < 0)
            return -1;
        int written =
            write_runs(txn, writer, poll, &poll->queues[i], least(left, in_queue), with_places);
        if (written < 0)
            return -1;
        left -= written;
        total += written;
    }
    return total;
}

/* When the next run comes near enough. What a limit or a pause holds back comes with a change. */
static int watch_next(struct txn *txn, struct request *request, const struct poll *poll)
{
    if (poll->ahead == TIME_NEVER)
        return 0;
    for (int i = 0; i < poll->count; i++) {
        rows_auto rows = {0};
        int found =
            db_first(txn, &rows,
                     "SELECT r.next_scheduled_start_time FROM flow_runs r" SCHEDULED
                     "> ? ORDER BY r.next_scheduled_start_time LIMIT 1",
                     V(poll->queues[i].id), V(POLICY_IN_PROCESS), V(txn_now(txn) + poll->ahead));
        if (found < 0)
            return -1;
        if (found)
            request_watch_clock(request, rows_integer(&rows, 0) - poll->ahead);
    }
    return 0;
}

/* ---- answering ---- */

static int note(struct txn *txn, struct request *request, const struct poll *poll)
{
    struct value *ids = arena_alloc(&request->arena, ((size_t)poll->count + 1) * sizeof(*ids));

    for (int i = 0; i < poll->count; i++)
        ids[i] = V(poll->queues[i].id);
    return note_polls(txn, request, &polled_work_queues, ids, poll->count);
}

static int answer(struct txn *txn, struct request *request, struct http_reply *reply,
                  const struct poll *poll, bool with_places)
{
    struct json_writer writer;

    if (note(txn, request, poll) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    int found = write_due(txn, &writer, poll, with_places);
    json_end_array(&writer);
    if (found < 0)
        return HANDLER_FAILED;
    if (found > 0 || !request_may_wait(request, txn))
        return HANDLER_DONE;
    return watch_next(txn, request, poll) < 0 ? HANDLER_FAILED : HANDLER_PARK;
}

/* ---- of a pool ---- */

static bool is_asked_for(const json_t *names, const char *name)
{
    size_t i;
    json_t *asked;

    json_array_foreach(names, i, asked)
        if (strcmp(json_string_value(asked), name) == 0)
            return true;
    return false;
}

/* Those of the pool's queues that are asked for, in their order. 0: the reply says which one is not
 * there. */
static int asked_queues(struct txn *txn, const struct request *request, struct http_reply *reply,
                        struct poll *poll)
{
    const json_t *names = json_object_get(request->body, "work_queue_names");
    struct work_queue queue;
    size_t i;
    json_t *name;
    int count = 0;
    int all = work_queues_of(txn, poll->pool, &poll->queues);

    if (all < 0)
        return -1;
    poll->count = all;
    if (json_array_size(names) == 0)
        return 1;
    json_array_foreach(names, i, name) {
        int found = work_queue_find(txn, poll->pool, json_string_value(name), &queue);
        if (found == 0)
            reply_no_work_queue(reply, poll->pool->name, json_string_value(name));
        if (found <= 0)
            return found;
    }
    for (int k = 0; k < all; k++)
        if (is_asked_for(names, poll->queues[k].name))
            poll->queues[count++] = poll->queues[k];
    poll->count = count;
    return 1;
}

static int poll_pool(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_pool pool;
    struct poll poll = {.pool = &pool,
                        .ahead = polled_ahead(request, txn),
                        .after = request_time(request, "scheduled_after", INT64_MIN)};
    int64_t offset;

    if (!request_page(request, reply, &poll.limit, &offset))
        return HANDLER_DONE;
    if (request_watch(txn, request, WORK_POOL_TOPIC, request->params[0]) < 0)
        return HANDLER_FAILED;
    int found = request_work_pool(txn, request, reply, &pool);
    if (found > 0)
        found = asked_queues(txn, request, reply, &poll);
    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return answer(txn, request, reply, &poll, true);
}

/* ---- of one queue, by the old route ---- */

static int poll_queue(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_pool pool;
    struct work_queue queue;
    struct poll poll = {.pool = &pool,
                        .queues = &queue,
                        .count = 1,
                        .ahead = polled_ahead(request, txn),
                        .after = INT64_MIN};
    int64_t offset;

    if (!request_page(request, reply, &poll.limit, &offset))
        return HANDLER_DONE;
    int found = work_queue_load(txn, request->params[0], &queue);
    if (found > 0)
        found = work_pool_find(txn, queue.pool_name, &pool);
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_missing(reply, &work_queue_resource);
    return answer(txn, request, reply, &poll, false);
}

/* ---- routes ---- */

static const struct field polled_fields[] = {
    {.name = "work_pool_id", .type = FIELD_ID, .doc = "The pool that the run waits in."},
    {.name = "work_queue_id", .type = FIELD_ID, .doc = "And the queue."},
    {.name = "flow_run", .type = FIELD_OBJECT, .fields = flow_run_fields, .doc = "The run."},
    FIELDS_END};

static const struct body pool_poll_body = {.fields = pool_poll_fields, .optional = true};
static const struct body queue_poll_body = {.fields = queue_poll_fields, .optional = true};

const struct route work_poll_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/work_pools/{name}/get_scheduled_flow_runs",
     .handle = poll_pool,
     .prepare = hold_worker,
     .flags = ROUTE_WAITS,
     .body = &pool_poll_body,
     .summary = "Lists the scheduled runs of a work pool for which there is room: those of the "
                "queue that comes first, the earliest first. With Prefer: wait, as soon as there "
                "is one.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_LIST,
     .reply_fields = polled_fields},
    {.method = HTTP_POST,
     .path = "/api/work_queues/{id}/get_runs",
     .handle = poll_queue,
     .body = &queue_poll_body,
     .summary = "Lists the scheduled runs of a work queue for which there is room, the earliest "
                "first.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_LIST,
     .reply_fields = flow_run_fields},
    {.path = NULL},
};
