/* Deployments for which nobody polls any more. */
#include "server/orchestration/deployment_event.h"
#include "server/services/table.h"

#define AT_ONCE 100

int not_ready_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    (void)config;
    int found = db_first(txn, &rows,
                         "SELECT polled_until FROM deployments WHERE status = 'READY'"
                         " ORDER BY polled_until LIMIT 1");
    if (found > 0)
        *ret_time = rows_integer(&rows, 0);
    return found;
}

int not_ready_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = service_ids(txn, ids, AT_ONCE,
                            "SELECT id FROM deployments WHERE status = 'READY'"
                            " AND polled_until <= ? ORDER BY polled_until LIMIT ?",
                            txn_now(txn));

    (void)config;
    for (int i = 0; i < count; i++)
        if (db_run(txn, "UPDATE deployments SET status = 'NOT_READY' WHERE id = ?", V(ids[i])) <
                0 ||
            deployment_event_make(txn, ids[i], "not-ready") < 0)
            return -1;
    if (count > 0)
        txn_publish(txn, "deployments");
    return count < 0 ? -1 : 0;
}
