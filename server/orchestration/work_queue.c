#include "server/orchestration/work_queue.h"

#include <errno.h>
#include <string.h>

#include "common/ids.h"
#include "server/orchestration/work_event.h"

static int64_t limit_of(const struct rows *rows, int column)
{
    return rows_is_null(rows, column) ? NO_LIMIT : rows_integer(rows, column);
}

/* ---- finding ---- */

int work_pool_find(struct txn *txn, const char *name, struct work_pool *ret_pool)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT id, name, type, default_queue_id, base_job_template, is_paused,"
                         " concurrency_limit FROM work_pools WHERE name = ?",
                         V(name));

    if (found <= 0)
        return found;
    *ret_pool = (struct work_pool){
        .id = rows_strdup(&rows, 0, txn_arena(txn)),
        .name = rows_strdup(&rows, 1, txn_arena(txn)),
        .type = rows_strdup(&rows, 2, txn_arena(txn)),
        .default_queue_id = rows_strdup(&rows, 3, txn_arena(txn)),
        .base_job_template = rows_strdup(&rows, 4, txn_arena(txn)),
        .is_paused = rows_integer(&rows, 5) != 0,
        .limit = limit_of(&rows, 6),
    };
    return 1;
}

#define QUEUES                                                                                     \
    "SELECT q.id, q.name, q.work_pool_id, p.name, q.is_paused, q.concurrency_limit, q.priority"    \
    " FROM work_queues q JOIN work_pools p ON p.id = q.work_pool_id WHERE "

static struct work_queue queue_of(struct txn *txn, const struct rows *rows)
{
    return (struct work_queue){
        .id = rows_strdup(rows, 0, txn_arena(txn)),
        .name = rows_strdup(rows, 1, txn_arena(txn)),
        .pool_id = rows_strdup(rows, 2, txn_arena(txn)),
        .pool_name = rows_strdup(rows, 3, txn_arena(txn)),
        .is_paused = rows_integer(rows, 4) != 0,
        .limit = limit_of(rows, 5),
        .priority = rows_integer(rows, 6),
    };
}

int work_queue_load(struct txn *txn, const char *id, struct work_queue *ret_queue)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows, QUEUES "q.id = ?", V(id));

    if (found > 0)
        *ret_queue = queue_of(txn, &rows);
    return found;
}

int work_queue_find(struct txn *txn, const struct work_pool *pool, const char *name,
                    struct work_queue *ret_queue)
{
    rows_auto rows = {0};

    if (!name)
        return work_queue_load(txn, pool->default_queue_id, ret_queue);
    int found =
        db_first(txn, &rows, QUEUES "q.work_pool_id = ? AND q.name = ?", V(pool->id), V(name));
    if (found > 0)
        *ret_queue = queue_of(txn, &rows);
    return found;
}

int work_queues_of(struct txn *txn, const struct work_pool *pool, struct work_queue **ret_queues)
{
    rows_auto rows = {0};
    int count = 0;
    int r;

    if (db_first(txn, &rows, "SELECT COUNT(*) FROM work_queues WHERE work_pool_id = ?",
                 V(pool->id)) < 0)
        return -1;
    size_t size = (size_t)rows_integer(&rows, 0);
    struct work_queue *queues = arena_alloc(txn_arena(txn), (size + 1) * sizeof(*queues));
    rows_close(&rows);
    if (db_query(txn, &rows, QUEUES "q.work_pool_id = ? ORDER BY q.priority, q.seq LIMIT ?",
                 V(pool->id), V(size)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0)
        queues[count++] = queue_of(txn, &rows);
    *ret_queues = queues;
    return r < 0 ? -1 : count;
}

/* ---- making ---- */

int work_pool_free_priority(struct txn *txn, const char *pool_id, int64_t *ret_priority)
{
    rows_auto rows = {0};
    int64_t priority = 1;
    int r;

    if (db_query(txn, &rows,
                 "SELECT priority FROM work_queues WHERE work_pool_id = ? ORDER BY priority",
                 V(pool_id)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0 && rows_integer(&rows, 0) <= priority)
        if (rows_integer(&rows, 0) == priority)
            priority++;
    *ret_priority = priority;
    return r < 0 ? -1 : 0;
}

int work_pool_check_queues(struct txn *txn, const char *pool_id)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT COUNT(*) FROM work_queues WHERE work_pool_id = ?",
                 V(pool_id)) < 0)
        return -1;
    if (rows_integer(&rows, 0) < WORK_QUEUES_LIMIT)
        return 0;
    return txn_fail(txn, EDQUOT,
                    "The work pool has %d queues, as many as it may have: delete some, or use "
                    "another pool.",
                    WORK_QUEUES_LIMIT);
}

static int insert_queue(struct txn *txn, const char *pool_id, const char *name,
                        const char *description, char ret_id[static ID_SIZE])
{
    int64_t priority;

    if (work_pool_free_priority(txn, pool_id, &priority) < 0)
        return -1;
    id_new(ret_id);
    if (db_run(txn,
               "INSERT INTO work_queues (id, created, updated, work_pool_id, name, description,"
               " is_paused, priority) VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
               V((const char *)ret_id), V(txn_now(txn)), V(txn_now(txn)), V(pool_id), V(name),
               V(description), V(priority)) < 0)
        return -1;
    return work_queue_event_make(txn, ret_id, "created");
}

int work_queue_ensure(struct txn *txn, const struct work_pool *pool, const char *name,
                      struct work_queue *ret_queue)
{
    char id[ID_SIZE];
    int found = work_queue_find(txn, pool, name, ret_queue);

    if (found != 0)
        return found < 0 ? -1 : 0;
    if (work_pool_check_queues(txn, pool->id) < 0 ||
        insert_queue(txn, pool->id, name, NULL, id) < 0)
        return -1;
    return work_queue_load(txn, id, ret_queue) < 0 ? -1 : 0;
}

int work_pool_add_default_queue(struct txn *txn, const char *pool_id)
{
    char id[ID_SIZE];

    if (insert_queue(txn, pool_id, "default", "The queue of runs that name none.", id) < 0)
        return -1;
    return db_run(txn, "UPDATE work_pools SET default_queue_id = ? WHERE id = ?",
                  V((const char *)id), V(pool_id));
}

int work_pool_ensure_agents(struct txn *txn, struct work_pool *ret_pool)
{
    char id[ID_SIZE];
    int found = work_pool_find(txn, AGENT_POOL, ret_pool);

    if (found != 0)
        return found < 0 ? -1 : 0;
    id_new(id);
    if (db_run(txn,
               "INSERT INTO work_pools (id, created, updated, name, type, base_job_template,"
               " is_paused, storage_configuration)"
               " VALUES (?, ?, ?, ?, 'prefect-agent', '{}', 0, '{}')",
               V((const char *)id), V(txn_now(txn)), V(txn_now(txn)), V(AGENT_POOL)) < 0 ||
        work_pool_add_default_queue(txn, id) < 0)
        return -1;
    return work_pool_find(txn, AGENT_POOL, ret_pool) < 0 ? -1 : 0;
}

int work_queue_set_priority(struct txn *txn, const char *pool_id, const char *queue_id,
                            int64_t priority)
{
    const struct work_pool pool = {.id = pool_id};
    struct work_queue *queues;
    int64_t last = priority;
    int count = work_queues_of(txn, &pool, &queues);

    if (count < 0 || db_run(txn, "UPDATE work_queues SET priority = ? WHERE id = ?", V(priority),
                            V(queue_id)) < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        if (queues[i].priority < priority || strcmp(queues[i].id, queue_id) == 0)
            continue;
        if (queues[i].priority > last)
            break; /* there is a gap: the rest stays where it is */
        if (db_run(txn, "UPDATE work_queues SET priority = ? WHERE id = ?", V(++last),
                   V(queues[i].id)) < 0)
            return -1;
    }
    return 0;
}

/* ---- ending ---- */

int work_queue_detach(struct txn *txn, const char *queue_id)
{
    if (db_run(txn,
               "UPDATE deployments SET work_queue_id = NULL, work_queue_name = NULL,"
               " work_pool_id = NULL, work_pool_name = NULL, updated = ? WHERE work_queue_id = ?",
               V(txn_now(txn)), V(queue_id)) < 0)
        return -1;
    return db_run(txn,
                  "UPDATE flow_runs SET work_queue_id = NULL, work_queue_name = NULL,"
                  " work_pool_id = NULL, work_pool_name = NULL, version = version + 1"
                  " WHERE work_queue_id = ? AND state_type = 'SCHEDULED'",
                  V(queue_id));
}

/* ---- room ---- */

static int64_t rest(int64_t limit, int64_t taken)
{
    return limit > taken ? limit - taken : 0;
}

int work_pool_room(struct txn *txn, const struct work_pool *pool, int64_t *ret_room)
{
    rows_auto rows = {0};

    *ret_room = INT64_MAX;
    if (pool->limit == NO_LIMIT)
        return 0;
    if (db_first(txn, &rows,
                 "SELECT COUNT(*) FROM flow_runs WHERE work_pool_id = ?"
                 " AND state_type IN ('PENDING', 'RUNNING')",
                 V(pool->id)) < 0)
        return -1;
    *ret_room = rest(pool->limit, rows_integer(&rows, 0));
    return 0;
}

int work_queue_room(struct txn *txn, const struct work_queue *queue, int64_t *ret_room)
{
    rows_auto rows = {0};

    *ret_room = INT64_MAX;
    if (queue->limit == NO_LIMIT)
        return 0;
    if (db_first(txn, &rows,
                 "SELECT COUNT(*) FROM flow_runs WHERE work_pool_id = ? AND work_queue_id = ?"
                 " AND state_type IN ('PENDING', 'RUNNING')",
                 V(queue->pool_id), V(queue->id)) < 0)
        return -1;
    *ret_room = rest(queue->limit, rows_integer(&rows, 0));
    return 0;
}
