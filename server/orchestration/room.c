#include "server/orchestration/room.h"

#include <string.h>

#include "common/times.h"
#include "server/orchestration/work_queue.h"

#define KEPT_SECONDS 300 /* the room of a run that starts, if the deployment says nothing */

#define AT_WORK (STATE_BIT(STATE_PENDING) | STATE_BIT(STATE_RUNNING) | STATE_BIT(STATE_CANCELLING))

static bool is_at_work(enum state_type type)
{
    return (STATE_BIT(type) & AT_WORK) != 0;
}

/* ---- deployments ---- */

/* The limit of the run's deployment. 1, 0 if there is none, -1. */
static int load_limit(struct txn *txn, const struct flow_run *run, struct room *room,
                      int64_t *ret_limit, int64_t *ret_kept)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT concurrency_limit, concurrency_options FROM deployments"
                         " WHERE id = ? AND concurrency_limit IS NOT NULL",
                         V(run->deployment_id));

    if (found <= 0)
        return found;
    const char *text = rows_text(&rows, 1);
    json_auto_t *options = text ? json_loads(text, 0, NULL) : NULL;
    const char *strategy = json_string_value(json_object_get(options, "collision_strategy"));
    const json_t *kept = json_object_get(options, "grace_period_seconds");
    room->cancels = strategy && strcmp(strategy, "CANCEL_NEW") == 0;
    *ret_kept = (json_is_integer(kept) ? json_integer_value(kept) : KEPT_SECONDS) * SECOND;
    *ret_limit = rows_integer(&rows, 0);
    return 1;
}

/* Whether the others leave no room. One that has been starting for too long does not count, and
 * one that is tried again in its own process does. */
static int look_at_deployment(struct txn *txn, const struct flow_run *run, struct room *room)
{
    rows_auto rows = {0};
    int64_t limit, kept;
    int found = load_limit(txn, run, room, &limit, &kept);

    if (found <= 0)
        return found;
    int64_t oldest = txn_now(txn) - kept;
    if (db_first(txn, &rows,
                 "SELECT COUNT(*) FROM (SELECT 1 FROM flow_runs WHERE deployment_id = ?"
                 " AND (state_type IN ('PENDING', 'RUNNING', 'CANCELLING')"
                 " OR state_name = 'AwaitingRetry') AND id <> ?"
                 " AND (state_type <> 'PENDING' OR state_timestamp > ?)"
                 " AND (state_type <> 'SCHEDULED' OR strpos(empirical_policy, ?) > 0) LIMIT ?)",
                 V(run->deployment_id), V(run->id), V(oldest), V(POLICY_IN_PROCESS), V(limit)) < 0)
        return -1;
    room->deployment_is_full = rows_integer(&rows, 0) >= limit;
    room->was_lost = run->state.type == STATE_PENDING && run->state.timestamp <= oldest;
    return 0;
}

/* ---- pools ---- */

static int look_at_pool(struct txn *txn, const struct flow_run *run, struct room *room)
{
    struct work_queue queue;
    struct work_pool pool;
    int64_t in_queue, in_pool;
    int found = work_queue_load(txn, run->work_queue_id, &queue);

    if (found > 0)
        found = work_pool_find(txn, queue.pool_name, &pool);
    if (found <= 0)
        return found;
    if (work_queue_room(txn, &queue, &in_queue) < 0 || work_pool_room(txn, &pool, &in_pool) < 0)
        return -1;
    room->pool_is_full = in_queue == 0 || in_pool == 0;
    return 0;
}

/* ---- for the rules ---- */

static bool starts(const struct flow_run *run, const struct state *proposed)
{
    return proposed->type == STATE_PENDING && !is_at_work(run->state.type) &&
           run->state.type != STATE_PAUSED;
}

int room_look(struct txn *txn, const struct flow_run *run, const struct state *proposed,
              struct room *ret_room)
{
    bool begins = run->state.type == STATE_PENDING && proposed->type == STATE_RUNNING;
    bool is_late = proposed->type == STATE_SCHEDULED && strcmp(proposed->name, "Late") == 0;

    *ret_room = (struct room){0};
    if (run->deployment_id && (starts(run, proposed) || begins || is_late) &&
        look_at_deployment(txn, run, ret_room) < 0)
        return -1;
    if (run->work_queue_id && starts(run, proposed))
        return look_at_pool(txn, run, ret_room);
    return 0;
}

/* ---- with the run's states ---- */

/* The one of the deployment that has waited longest is due now. */
static int call_next(struct txn *txn, const char *deployment_id)
{
    rows_auto rows = {0};
    struct flow_run run;
    struct state state;
    int found = db_first(txn, &rows,
                         "SELECT id FROM flow_runs WHERE deployment_id = ?"
                         " AND state_name = 'AwaitingConcurrencySlot'"
                         " AND next_scheduled_start_time > ?"
                         " ORDER BY next_scheduled_start_time LIMIT 1",
                         V(deployment_id), V(txn_now(txn)));

    if (found > 0)
        found = flow_run_load(txn, arena_strdup(txn_arena(txn), rows_text(&rows, 0)), &run);
    if (found <= 0)
        return found;
    state_make(&state, txn_arena(txn), STATE_SCHEDULED, ROOM_AWAITED, "There is room again.");
    state_set_detail_time(&state, "scheduled_time", txn_now(txn));
    return flow_run_enter(txn, &run, &state);
}

int room_follow(struct txn *txn, const struct flow_run *run, const struct state *state)
{
    if (!run->deployment_id || !is_at_work(run->state.type) || is_at_work(state->type) ||
        strcmp(state->name, "AwaitingRetry") == 0)
        return 0;
    return call_next(txn, run->deployment_id);
}
