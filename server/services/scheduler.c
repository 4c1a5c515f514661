/* Runs that deployments' schedules need ahead of their time. */
#include <errno.h>

#include "common/times.h"
#include "server/log.h"
#include "server/orchestration/deployment_schedule.h"
#include "server/services/table.h"

#define AT_ONCE      20  /* schedules that one transaction looks at */
#define RUNS_AT_ONCE 200 /* after which it looks at no more */

int scheduler_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    (void)config;
    int found = db_first(txn, &rows,
                         "SELECT due FROM deployment_schedules WHERE due IS NOT NULL"
                         " ORDER BY due LIMIT 1");
    if (found > 0)
        *ret_time = rows_integer(&rows, 0);
    return found;
}

/* Errors that are not the schedule's: of the machine, or of the transaction, which may have ended.
 */
static bool is_for_all(int code)
{
    static const int codes[] = {ENOSPC, EIO, ENOMEM, ETIMEDOUT};

    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (codes[i] == code)
            return true;
    return false;
}

/* A schedule that cannot be used any more (its time zone is gone from the system, its parameters
 * have become too long) must not keep the others from being looked at. */
static int put_off(struct txn *txn, const char *id)
{
    log_event(LOG_LEVEL_WARNING, "a schedule makes no runs", LOG_STRING("schedule", id),
              LOG_STRING("error", txn_error(txn)->message));
    *txn_error(txn) = (struct error){0};
    return db_run(txn, "UPDATE deployment_schedules SET due = ? WHERE id = ?",
                  V(txn_now(txn) + HOUR), V(id));
}

int scheduler_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = service_ids(txn, ids, AT_ONCE,
                            "SELECT id FROM deployment_schedules WHERE due IS NOT NULL"
                            " AND due <= ? ORDER BY due LIMIT ?",
                            txn_now(txn));
    int total = 0;

    (void)config;
    for (int i = 0; i < count && total < RUNS_AT_ONCE; i++) {
        int made = deployment_schedule_run_ahead(txn, ids[i]);
        if (made < 0 && !is_for_all(txn_error(txn)->code))
            made = put_off(txn, ids[i]);
        if (made < 0)
            return -1;
        total += made;
    }
    return count < 0 ? -1 : 0;
}
