/* Workers that give no sign of life any more and those that are forgotten, and work queues that
 * nobody asks for runs. */
#include "server/orchestration/work_event.h"
#include "server/services/table.h"

#define AT_ONCE 100
#define WORKERS_KEPT                                                                               \
    (7 * DAY) /* after their last sign of life: most have another name each time                   \
               */

static int first(struct txn *txn, const char *sql, int64_t *ret_time)
{
    rows_auto rows = {0};
    int found = db_first_values(txn, &rows, sql, NULL, 0);

    if (found > 0)
        *ret_time = rows_integer(&rows, 0);
    return found;
}

int workers_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    (void)config;
    return first(txn,
                 "SELECT online_until FROM workers WHERE status = 'ONLINE'"
                 " ORDER BY online_until LIMIT 1",
                 ret_time);
}

static int lose(struct txn *txn, const char *worker_id)
{
    const char *status;
    rows_auto rows = {0};
    int found = db_first(txn, &rows, "SELECT work_pool_id FROM workers WHERE id = ?", V(worker_id));

    if (found <= 0)
        return found;
    const char *pool_id = rows_strdup(&rows, 0, txn_arena(txn));
    rows_close(&rows);
    if (work_pool_status(txn, pool_id, &status) < 0 ||
        db_run(txn, "UPDATE workers SET status = 'OFFLINE' WHERE id = ?", V(worker_id)) < 0)
        return -1;
    return work_pool_follow(txn, pool_id, status);
}

int workers_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = service_ids(txn, ids, AT_ONCE,
                            "SELECT id FROM workers WHERE status = 'ONLINE'"
                            " AND online_until <= ? ORDER BY online_until LIMIT ?",
                            txn_now(txn));

    (void)config;
    for (int i = 0; i < count; i++)
        if (lose(txn, ids[i]) < 0)
            return -1;
    return count < 0 ? -1 : 0;
}

int gone_workers_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    (void)config;
    int found = first(txn,
                      "SELECT last_heartbeat_time FROM workers WHERE status = 'OFFLINE'"
                      " ORDER BY last_heartbeat_time LIMIT 1",
                      ret_time);
    if (found > 0)
        *ret_time += WORKERS_KEPT;
    return found;
}

int gone_workers_run(struct txn *txn, const struct services_config *config)
{
    (void)config;
    int deleted = db_run(txn,
                         "DELETE FROM workers WHERE seq IN (SELECT seq FROM workers"
                         " WHERE status = 'OFFLINE' AND last_heartbeat_time <= ?"
                         " ORDER BY last_heartbeat_time LIMIT ?)",
                         V(txn_now(txn) - WORKERS_KEPT), V(AT_ONCE));
    return deleted < 0 ? -1 : 0;
}

int queues_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    (void)config;
    return first(txn,
                 "SELECT polled_until FROM work_queues WHERE status = 'READY'"
                 " ORDER BY polled_until LIMIT 1",
                 ret_time);
}

int queues_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = service_ids(txn, ids, AT_ONCE,
                            "SELECT id FROM work_queues WHERE status = 'READY'"
                            " AND polled_until <= ? ORDER BY polled_until LIMIT ?",
                            txn_now(txn));

    (void)config;
    for (int i = 0; i < count; i++)
        if (work_queue_left(txn, ids[i]) < 0)
            return -1;
    return count < 0 ? -1 : 0;
}
