/* Pauses that nobody ended in time: the run fails. */
#include "common/times.h"
#include "server/orchestration/input_request.h"
#include "server/orchestration/transition.h"
#include "server/services/table.h"

#define AT_ONCE 100 /* runs that one transaction lets expire */

int deadlines_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    (void)config;
    int found =
        db_first(txn, &rows,
                 "SELECT deadline FROM input_requests"
                 " WHERE state = 'open' AND deadline IS NOT NULL ORDER BY deadline LIMIT 1");
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
    state_make(&state, txn_arena(txn), STATE_FAILED, "Failed",
               "The flow was paused and never resumed.");
    /* A run that is no longer paused has nothing to expire but the request that it left open. */
    if (run.state.type != STATE_PAUSED)
        return input_request_leave(txn, &run, &state);
    return flow_run_propose(txn, &run, &state, true, &outcome);
}

int deadlines_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = 0;
    int r;

    (void)config;
    {
        rows_auto rows = {0};
        if (db_query(txn, &rows,
                     "SELECT flow_run_id FROM input_requests WHERE state = 'open'"
                     " AND deadline IS NOT NULL AND deadline <= ? ORDER BY deadline LIMIT 100",
                     V(txn_now(txn))) < 0)
            return -1;
        while ((r = rows_next(&rows)) > 0)
            ids[count++] = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
        if (r < 0)
            return -1;
    }
    for (int i = 0; i < count; i++)
        if (expire(txn, ids[i]) < 0)
            return -1;
    return 0;
}
