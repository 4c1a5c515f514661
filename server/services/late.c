/* Runs whose time has come and that nobody has taken: they are told apart as "Late". */
#include "common/times.h"
#include "server/orchestration/transition.h"
#include "server/services/table.h"

#define AT_ONCE 100           /* runs in one transaction */
#define GRACE   (15 * SECOND) /* before a run is late */

int late_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    (void)config;
    int found = db_first(txn, &rows,
                         "SELECT next_scheduled_start_time FROM flow_runs"
                         " WHERE state_name = 'Scheduled' AND next_scheduled_start_time IS NOT NULL"
                         " ORDER BY next_scheduled_start_time LIMIT 1");
    if (found > 0)
        *ret_time = rows_integer(&rows, 0) + GRACE;
    return found;
}

static int mark(struct txn *txn, const char *run_id)
{
    struct flow_run run;
    struct state state;
    struct outcome outcome;
    int found = flow_run_load(txn, run_id, &run);

    if (found <= 0)
        return found;
    state_make(&state, txn_arena(txn), STATE_SCHEDULED, "Late", NULL);
    state_set_detail_time(&state, "scheduled_time",
                          state_detail_time(&run.state, "scheduled_time"));
    return flow_run_propose(txn, &run, &state, false, &outcome);
}

int late_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = service_ids(txn, ids, AT_ONCE,
                            "SELECT id FROM flow_runs WHERE state_name = 'Scheduled'"
                            " AND next_scheduled_start_time <= ?"
                            " ORDER BY next_scheduled_start_time LIMIT ?",
                            txn_now(txn) - GRACE);

    (void)config;
    for (int i = 0; i < count; i++)
        if (mark(txn, ids[i]) < 0)
            return -1;
    return count < 0 ? -1 : 0;
}
