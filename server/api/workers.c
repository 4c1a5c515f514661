/* Workers: who takes runs from a work pool. */
#include "common/times.h"
#include "server/api/routes.h"
#include "server/api/work_pools.h"
#include "server/orchestration/work_event.h"

#define NAME_LENGTH 255
#define MISSED      3  /* signs of life after which a worker is taken to be gone */
#define INTERVAL    30 /* seconds between two of them, if the worker does not say */

/* ---- the resource ---- */

static const int64_t one = 1;
static const int64_t day = 86400;

static const char *const statuses[] = {"ONLINE", "OFFLINE", NULL};

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name", .type = FIELD_TEXT, .doc = "The name, of which a pool has one."},
    {.name = "work_pool_id", .type = FIELD_ID, .doc = "The pool that it takes runs from."},
    {.name = "last_heartbeat_time", .type = FIELD_TIME, .doc = "When it last gave a sign of life."},
    {.name = "heartbeat_interval_seconds",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .doc = "Seconds between two of them."},
    {.name = "status",
     .type = FIELD_ENUM,
     .choices = statuses,
     .doc = "OFFLINE: it has missed three of them."},
    FIELDS_END};

static const struct filter filters[] = {{.name = "last_heartbeat_time",
                                         .kind = FILTER_VALUE,
                                         .operators = OP_BEFORE | OP_AFTER,
                                         .type = FIELD_TIME},
                                        {.name = "status",
                                         .kind = FILTER_VALUE,
                                         .operators = OP_ANY | OP_NOT_ANY,
                                         .type = FIELD_ENUM,
                                         .choices = statuses},
                                        FILTERS_END};

static const struct sort sorts[] = {{"LAST_HEARTBEAT_DESC", "r.last_heartbeat_time DESC"},
                                    {NULL, NULL}};

static const struct resource worker = {.name = "Worker",
                                       .table = "workers",
                                       .fields = fields,
                                       .filters = filters,
                                       .filter_key = "workers",
                                       .sorts = sorts,
                                       .missing = "Worker not found."};

/* ---- signs of life ---- */

static const struct field heartbeat_fields[] = {
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .max_length = NAME_LENGTH,
     .doc = "Of the worker; one that is new is made."},
    {.name = "heartbeat_interval_seconds",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .minimum = &one,
     .maximum = &day,
     .doc = "In how many seconds the next one comes; null: as before, or 30."},
    FIELDS_END};

/* The worker of that name. 1: it was there, and gets its id, whether it was online and until when,
 * and the interval that holds if none is sent. */
struct known_worker {
    const char *id;
    bool is_online;
    int64_t interval;
    int64_t until;
};

static int find(struct txn *txn, const struct work_pool *pool, const char *name,
                struct known_worker *ret_worker)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT id, status = 'ONLINE', heartbeat_interval_seconds, online_until"
                         " FROM workers WHERE work_pool_id = ? AND name = ?",
                         V(pool->id), V(name));

    if (found > 0)
        *ret_worker = (struct known_worker){
            .id = arena_strdup(txn_arena(txn), rows_text(&rows, 0)),
            .is_online = rows_integer(&rows, 1) != 0,
            .interval = rows_is_null(&rows, 2) ? 0 : rows_integer(&rows, 2),
            .until = rows_integer(&rows, 3),
        };
    return found;
}

static int add(struct txn *txn, const struct work_pool *pool, const char *name)
{
    char id[ID_SIZE];
    int64_t now = txn_now(txn);

    id_new(id);
    return db_run(txn,
                  "INSERT INTO workers (id, created, updated, work_pool_id, name, status,"
                  " last_heartbeat_time, online_until) VALUES (?, ?, ?, ?, ?, 'OFFLINE', ?, ?)",
                  V((const char *)id), V(now), V(now), V(pool->id), V(name), V(now), V(now));
}

static int take_heartbeat(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    int64_t sent = request_integer(request, "heartbeat_interval_seconds", 0);
    struct known_worker known = {0};
    struct work_pool pool;
    const char *status = "";
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    found = find(txn, &pool, name, &known);
    if (found == 0 && add(txn, &pool, name) >= 0)
        found = find(txn, &pool, name, &known);
    if (found <= 0)
        return HANDLER_FAILED;
    if (!known.is_online && work_pool_status(txn, pool.id, &status) < 0)
        return HANDLER_FAILED;
    int64_t interval = sent ? sent : known.interval;
    int64_t now = txn_now(txn);
    int64_t until = now + (interval ? interval : INTERVAL) * MISSED * SECOND;
    if (db_run(txn,
               "UPDATE workers SET status = 'ONLINE', last_heartbeat_time = ?, updated = ?,"
               " heartbeat_interval_seconds = ?, online_until = ? WHERE id = ?",
               V(now), V(now), interval ? V(interval) : value_null(), V(until), V(known.id)) < 0)
        return HANDLER_FAILED;
    if (!known.is_online || until < known.until)
        txn_publish(txn, "clock");
    if (!known.is_online && work_pool_follow(txn, pool.id, status) < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

/* ---- the others ---- */

static int filter_workers(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return reply_list_of_pool(txn, request, reply, "r.last_heartbeat_time DESC");
}

static int delete_worker(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct work_pool pool;
    const char *status;
    int found = request_work_pool(txn, request, reply, &pool);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (work_pool_status(txn, pool.id, &status) < 0)
        return HANDLER_FAILED;
    int deleted = db_run(txn, "DELETE FROM workers WHERE work_pool_id = ? AND name = ?", V(pool.id),
                         V(request->params[1]));
    if (deleted < 0 || work_pool_follow(txn, pool.id, status) < 0)
        return HANDLER_FAILED;
    return deleted ? reply_nothing(reply, 204) : reply_missing(reply, &worker);
}

/* ---- routes ---- */

#define WORKERS "/api/work_pools/{work_pool_name}/workers/"

static const struct body heartbeat_body = {.fields = heartbeat_fields, .open = true};

const struct route worker_routes[] = {
    {.method = HTTP_POST,
     .path = WORKERS "heartbeat",
     .handle = take_heartbeat,
     .flags = ROUTE_WRITES,
     .body = &heartbeat_body,
     .summary = "A worker says that it is there.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.method = HTTP_POST,
     .path = WORKERS "filter",
     .handle = filter_workers,
     .body = &pool_list_body,
     .resource = &worker,
     .summary = "Lists the workers of a pool, those seen last first.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_LIST},
    {ROUTE_DELETE(WORKERS "{name}", worker, delete_worker), .summary = "Forgets a worker."},
    {.path = NULL},
};
