#include "server/orchestration/room.h"

#include <string.h>

#include "common/times.h"
#include "server/orchestration/work_queue.h"

#define KEPT_SECONDS   300 /* the room of a run that starts, if the deployment says nothing */
#define CALLED_AT_ONCE 100 /* runs that wait; where there is room for more the others ask again */

#define AT_WORK (STATE_BIT(STATE_PENDING) | STATE_BIT(STATE_RUNNING) | STATE_BIT(STATE_CANCELLING))

static bool is_at_work(enum state_type type)
{
    return (STATE_BIT(type) & AT_WORK) != 0;
}

/* ---- deployments ---- */

/* A deployment's limit. */
struct limit {
    int64_t most;
    int64_t oldest; /* since when a run may be starting */
    bool cancels;   /* what becomes of a run without room */
};

static int64_t kept_seconds(const json_t *options)
{
    const json_t *kept = json_object_get(options, "grace_period_seconds");
    int64_t seconds = json_is_integer(kept) ? json_integer_value(kept) : KEPT_SECONDS;

    /* One that was stored when there was no bound. */
    return seconds < GRACE_SECONDS_MOST ? seconds : GRACE_SECONDS_MOST;
}

/* 1, 0 if there is none, -1. */
static int load_limit(struct txn *txn, const char *deployment_id, struct limit *ret_limit)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT concurrency_limit, concurrency_options FROM deployments"
                         " WHERE id = ? AND concurrency_limit IS NOT NULL",
                         V(deployment_id));

    if (found <= 0)
        return found;
    const char *text = rows_text(&rows, 1);
    json_auto_t *options = text ? json_loads(text, 0, NULL) : NULL;
    const char *strategy = json_string_value(json_object_get(options, "collision_strategy"));
    *ret_limit = (struct limit){
        .most = rows_integer(&rows, 0),
        .oldest = txn_now(txn) - kept_seconds(options) * SECOND,
        .cancels = strategy && strcmp(strategy, "CANCEL_NEW") == 0,
    };
    return 1;
}

/* How many places are left, but for that of the run `but`. A run that has been starting for too
 * long has none, and one that is tried again in its own process has. */
static int count_places(struct txn *txn, const char *deployment_id, const struct limit *limit,
                        const char *but, int64_t *ret_places)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows,
                 "SELECT COUNT(*) FROM (SELECT 1 FROM flow_runs WHERE deployment_id = ?"
                 " AND (state_type IN ('PENDING', 'RUNNING', 'CANCELLING')"
                 " OR state_name = 'AwaitingRetry') AND id <> ?"
                 " AND (state_type <> 'PENDING' OR state_timestamp > ?)"
                 " AND (state_type <> 'SCHEDULED' OR strpos(empirical_policy, ?) > 0) LIMIT ?)",
                 V(deployment_id), V(but), V(limit->oldest), V(POLICY_IN_PROCESS),
                 V(limit->most)) < 0)
        return -1;
    *ret_places = limit->most - rows_integer(&rows, 0);
    return 0;
}

static int look_at_deployment(struct txn *txn, const struct flow_run *run, struct room *room)
{
    struct limit limit;
    int64_t places;
    int found = load_limit(txn, run->deployment_id, &limit);

    if (found <= 0)
        return found;
    if (count_places(txn, run->deployment_id, &limit, run->id, &places) < 0)
        return -1;
    room->cancels = limit.cancels;
    room->deployment_is_full = places == 0;
    room->was_lost = run->state.type == STATE_PENDING && run->state.timestamp <= limit.oldest;
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

/* ---- calling those who wait ---- */

/* The run is due now. */
static int call(struct txn *txn, const char *id)
{
    struct flow_run run;
    struct state state;
    int found = flow_run_load(txn, id, &run);

    if (found <= 0)
        return found;
    state_make(&state, txn_arena(txn), STATE_SCHEDULED, ROOM_AWAITED, "There is room again.");
    state_set_detail_time(&state, "scheduled_time", txn_now(txn));
    return flow_run_enter(txn, &run, &state);
}

/* Of the `places` that have waited longest those that are not due; how many, or -1. */
static int find_waiting(struct txn *txn, const char *deployment_id, int64_t places,
                        const char *ret_ids[static CALLED_AT_ONCE])
{
    rows_auto rows = {0};
    int count = 0;
    int r;

    if (db_query(txn, &rows,
                 "SELECT id, next_scheduled_start_time FROM flow_runs WHERE deployment_id = ?"
                 " AND state_name = 'AwaitingConcurrencySlot'"
                 " ORDER BY expected_start_time, seq LIMIT ?",
                 V(deployment_id), V(places < CALLED_AT_ONCE ? places : CALLED_AT_ONCE)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0)
        if (rows_integer(&rows, 1) > txn_now(txn))
            ret_ids[count++] = rows_strdup(&rows, 0, txn_arena(txn));
    return r < 0 ? -1 : count;
}

int room_call(struct txn *txn, const char *deployment_id)
{
    const char *ids[CALLED_AT_ONCE];
    struct limit limit;
    int64_t places = CALLED_AT_ONCE;
    int limited = load_limit(txn, deployment_id, &limit);

    if (limited < 0 || (limited && count_places(txn, deployment_id, &limit, "", &places) < 0))
        return -1;
    int count = find_waiting(txn, deployment_id, places, ids);
    for (int i = 0; i < count; i++)
        if (call(txn, ids[i]) < 0)
            return -1;
    return count < 0 ? -1 : 0;
}

int room_follow(struct txn *txn, const struct flow_run *run, const struct state *state)
{
    if (!run->deployment_id || !is_at_work(run->state.type) || is_at_work(state->type) ||
        strcmp(state->name, "AwaitingRetry") == 0)
        return 0;
    return room_call(txn, run->deployment_id);
}

int room_leave(struct txn *txn, const struct flow_run *run)
{
    if (!is_at_work(run->state.type))
        return 0;
    if (run->work_pool_name)
        txn_publish(txn, WORK_POOL_TOPIC, run->work_pool_name);
    return run->deployment_id ? room_call(txn, run->deployment_id) : 0;
}
