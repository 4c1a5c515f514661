#include "server/orchestration/run_lease.h"

#include <string.h>

#include "common/times.h"

int run_lease_load(struct txn *txn, const char *run_id, struct run_lease *ret_lease)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows, "SELECT seconds, holder FROM run_leases WHERE flow_run_id = ?",
                         V(run_id));

    if (found <= 0)
        return found;
    ret_lease->seconds = (int)rows_integer(&rows, 0);
    id_copy(ret_lease->holder, rows_text(&rows, 1));
    return 1;
}

static int end(struct txn *txn, const char *run_id)
{
    return db_run(txn, "DELETE FROM run_leases WHERE flow_run_id = ?", V(run_id));
}

int run_lease_take(struct txn *txn, const char *run_id, const struct run_lease *lease)
{
    if (end(txn, run_id) < 0)
        return -1;
    return db_run(txn,
                  "INSERT INTO run_leases (flow_run_id, holder, seconds, begins)"
                  " VALUES (?, ?, ?, 0)",
                  V(run_id), V(lease->holder), V(lease->seconds));
}

/* ---- proposals of holders ---- */

/* Why the proposal is not the holder's; NULL: it is. A run that nobody holds can only be taken. */
static const char *objection(const struct flow_run *run, const struct state *proposed,
                             const struct run_lease *lease, const struct run_lease *present)
{
    if (present->seconds)
        return strcmp(present->holder, lease->holder) == 0
                   ? NULL
                   : "Somebody else holds this run: it was taken again after your lease ran out.";
    if (proposed->type == STATE_PENDING && run->state.type == STATE_SCHEDULED)
        return NULL;
    return "You do not hold this run any more: your lease ran out, or the run has ended.";
}

int run_lease_propose(struct txn *txn, struct flow_run *run, struct state *proposed, bool force,
                      const struct run_lease *lease, bool *ret_taken, struct outcome *ret_outcome)
{
    struct run_lease present = {0};

    *ret_taken = false;
    if (lease->seconds && run_lease_load(txn, run->id, &present) < 0)
        return -1;
    const char *reason = lease->seconds ? objection(run, proposed, lease, &present) : NULL;
    if (reason) {
        *ret_outcome =
            (struct outcome){.verdict = VERDICT_ABORT, .reason = reason, .state = run->state};
        return 0;
    }
    if (flow_run_propose(txn, run, proposed, force, ret_outcome) < 0)
        return -1;
    *ret_taken = lease->seconds && !present.seconds && ret_outcome->written &&
                 run->state.type == STATE_PENDING;
    return *ret_taken ? run_lease_take(txn, run->id, lease) : 0;
}

/* ---- with the run's states ---- */

/* A run that nobody else can take is tried again by the process that has it: it keeps the run,
 * though that is scheduled meanwhile. */
static bool ends(const struct flow_run *run, const struct state *state)
{
    if (state->type == STATE_SCHEDULED)
        return run->deployment_id || strcmp(state->name, "AwaitingRetry") != 0;
    if (state->type == STATE_PAUSED)
        return state_detail_flag(state, "pause_reschedule");
    return state_is_terminal(state->type);
}

/* A run whose process is gone. */
struct lost {
    const char *id;
    struct lost *next;
};

/* The runs below a run that are its process's too, the deepest first. */
static int find_lost(struct txn *txn, const char *run_id, struct lost **ret_list)
{
    rows_auto rows = {0};
    struct lost *list = NULL;
    int r;

    if (db_query(txn, &rows,
                 "WITH RECURSIVE lost (id) AS (SELECT ? UNION SELECT r.id FROM lost l"
                 " JOIN task_runs t ON t.flow_run_id = l.id"
                 " JOIN flow_runs r ON r.parent_task_run_id = t.id"
                 " WHERE r.deployment_id IS NULL AND r.state_type IN"
                 " ('PENDING', 'RUNNING', 'PAUSED', 'CANCELLING', 'SCHEDULED'))"
                 " SELECT id FROM lost WHERE id <> ?",
                 V(run_id), V(run_id)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0) {
        struct lost *lost = arena_alloc(txn_arena(txn), sizeof(*lost));
        *lost = (struct lost){.id = rows_strdup(&rows, 0, txn_arena(txn)), .next = list};
        list = lost;
    }
    *ret_list = list;
    return r;
}

static int crash(struct txn *txn, const char *run_id)
{
    struct flow_run run;
    struct state state;
    struct outcome outcome;

    int found = flow_run_load(txn, run_id, &run);
    if (found <= 0)
        return found;
    state_make(&state, txn_arena(txn), STATE_CRASHED, "Crashed",
               "The process of the parent flow run is gone.");
    return flow_run_propose(txn, &run, &state, true, &outcome);
}

/* The subflows of a run are its process's too, and have no lease of their own: what it has left
 * running nobody goes on with. Runs of deployments have a process of their own. The deepest end
 * first: one that a client does hold under a lease then finds nothing more to do below it, however
 * deep they lie inside one another. */
static int crash_subflows(struct txn *txn, const char *run_id)
{
    struct lost *lost;

    if (find_lost(txn, run_id, &lost) < 0)
        return -1;
    for (; lost; lost = lost->next)
        if (crash(txn, lost->id) < 0)
            return -1;
    return 0;
}

int run_lease_follow(struct txn *txn, const struct flow_run *run, const struct state *state)
{
    if (ends(run, state)) {
        int held = end(txn, run->id);
        bool is_cut_off = state_is_terminal(state->type) && state->type != STATE_COMPLETED;
        return held > 0 && is_cut_off ? crash_subflows(txn, run->id) : held < 0 ? -1 : 0;
    }
    if (run->state.type != STATE_PAUSED || state->type == STATE_PAUSED)
        return 0;
    int begun = db_run(txn, "UPDATE run_leases SET begins = ? WHERE flow_run_id = ? AND begins = 0",
                       V(txn_now(txn)), V(run->id));
    if (begun > 0)
        txn_publish(txn, "clock");
    return begun < 0 ? -1 : 0;
}

/* ---- when the lease has run out ---- */

#define GONE "The process and the runner of this flow run are gone."

/* By the type of the state that the run is in. */
static const struct {
    enum state_type type;
    const char *name;
    const char *message;
} ends_by_type[] = {
    [STATE_RUNNING] = {STATE_CRASHED, "Crashed", GONE},
    [STATE_CANCELLING] = {STATE_CANCELLED, "Cancelled", GONE},
    [STATE_PENDING] = {STATE_SCHEDULED, "Scheduled",
                       "The runner that had taken this flow run is gone; it is offered again."},
};

static bool is_judged(enum state_type type)
{
    return type < (enum state_type)COUNT_OF(ends_by_type) && ends_by_type[type].name;
}

int run_lease_judge(struct txn *txn, const char *run_id)
{
    struct flow_run run;
    struct run_lease lease = {0};
    struct outcome outcome;
    struct state state;
    int found = flow_run_load(txn, run_id, &run);

    if (found > 0)
        found = run_lease_load(txn, run_id, &lease);
    if (found <= 0 || run.state.type == STATE_PAUSED)
        return found < 0 ? -1 : 0;
    enum state_type from = run.state.type;
    if (!run.deployment_id && (from == STATE_PENDING || from == STATE_SCHEDULED))
        from = STATE_RUNNING; /* nobody would start it or try it again */
    if (!is_judged(from))
        return end(txn, run_id) < 0 ? -1 : 0;
    state_make(&state, txn_arena(txn), ends_by_type[from].type, ends_by_type[from].name,
               ends_by_type[from].message);
    if (flow_run_propose(txn, &run, &state, false, &outcome) < 0)
        return -1;
    return end(txn, run_id) < 0 ? -1 : 0; /* whatever became of it: it has been judged */
}
