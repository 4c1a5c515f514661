/* Leases of slots whose holders have not renewed them: what they held is free again. */
#include "server/orchestration/slots.h"
#include "server/services/table.h"

#define AT_ONCE 100

int slot_leases_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    (void)config;
    int found = db_first(txn, &rows,
                         "SELECT expires FROM slot_leases WHERE expires IS NOT NULL"
                         " ORDER BY expires LIMIT 1");
    if (found > 0)
        *ret_time = rows_integer(&rows, 0);
    return found;
}

int slot_leases_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = service_ids(txn, ids, AT_ONCE,
                            "SELECT id FROM slot_leases WHERE expires IS NOT NULL"
                            " AND expires <= ? ORDER BY expires LIMIT ?",
                            txn_now(txn));

    (void)config;
    for (int i = 0; i < count; i++)
        if (slot_lease_release(txn, ids[i]) < 0)
            return -1;
    return count < 0 ? -1 : 0;
}
