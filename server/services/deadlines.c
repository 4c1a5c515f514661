/* Pauses that nobody ended in time: the run fails. */
#include "common/times.h"
#include "server/orchestration/input_request.h"
#include "server/orchestration/transition.h"
#include "server/services/table.h"

#define AT_ONCE 100 /* runs that one transaction lets expire */

/* In the order of the inbox, whose index this is: those without a deadline come last. One whose
 * answer is being checked has until its verdict. */
#define DEADLINE "COALESCE(deadline, 9223372036854775807)"
#define OPEN                                                                                       \
    " FROM input_requests WHERE state = 'open'"                                                    \
    " AND " DEADLINE " <= ? ORDER BY " DEADLINE " LIMIT ?"

int deadlines_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    (void)config;
    int found = db_first(txn, &rows, "SELECT deadline" OPEN, V(TIME_NEVER - 1), V(1));
    if (found > 0)
        *ret_time = rows_integer(&rows, 0);
    return found;
}

static int expire(struct txn *txn, const char *run_id)
{
    struct flow_run run;
    struct state state;
    struct outcome outcome;
    int found = flow_run_load(txn, run_id, &run);

    if (found <= 0)
        return found;
    state_make(&state, txn_arena(txn), STATE_FAILED, "Failed", PAUSE_NEVER_ENDED);
    /* A run that is no longer paused has nothing to expire but the request that it left open. */
    if (run.state.type != STATE_PAUSED)
        return input_request_leave(txn, &run, &state);
    return flow_run_propose(txn, &run, &state, true, &outcome);
}

int deadlines_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = service_ids(txn, ids, AT_ONCE, "SELECT flow_run_id" OPEN, txn_now(txn));

    (void)config;
    for (int i = 0; i < count; i++)
        if (expire(txn, ids[i]) < 0)
            return -1;
    return count < 0 ? -1 : 0;
}
