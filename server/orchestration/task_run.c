#include "server/orchestration/task_run.h"

#include <string.h>

#include "common/times.h"
#include "json/text.h"

const struct field task_run_policy_fields[] = {
    {.name = "max_retries",
     .type = FIELD_INTEGER,
     .fallback = "0",
     .doc = "Not used; see retries."},
    {.name = "retry_delay_seconds",
     .type = FIELD_NUMBER,
     .fallback = "0.0",
     .doc = "Not used; see retry_delay."},
    {.name = "retries",
     .type = FIELD_INTEGER,
     .flags = FIELD_NULLABLE,
     .fallback = "null",
     .doc = "How often it is run again after a failure."},
    {.name = "retry_delay",
     .type = FIELD_JSON,
     .flags = FIELD_NULLABLE,
     .fallback = "null",
     .doc = "Seconds before it is run again: one number, or one for each time."},
    {.name = "retry_jitter_factor",
     .type = FIELD_NUMBER,
     .flags = FIELD_NULLABLE,
     .fallback = "null",
     .doc = "By how much of itself the delay may vary."},
    FIELDS_END};

int task_run_load(struct txn *txn, const char *id, struct task_run *ret_run)
{
    rows_auto rows = {0};
    struct task_run run = {.state = {.type = STATE_NONE}};

    int found =
        db_first(txn, &rows,
                 "SELECT id, flow_run_id, run_count, expected_start_time, start_time,"
                 " end_time, total_run_time, empirical_policy, state_id, flow_run_run_count,"
                 " tags"
                 " FROM task_runs WHERE id = ?",
                 V(id));
    if (found <= 0)
        return found;
    id_copy(run.id, rows_text(&rows, 0));
    if (!rows_is_null(&rows, 1))
        run.flow_run_id = arena_strdup(txn_arena(txn), rows_text(&rows, 1));
    run.run_count = rows_integer(&rows, 2);
    run.expected_start_time = rows_time(&rows, 3);
    run.start_time = rows_time(&rows, 4);
    run.end_time = rows_time(&rows, 5);
    run.total_run_time = rows_real(&rows, 6);
    run.policy = json_arena_own(txn_arena(txn), json_loads(rows_text(&rows, 7), 0, NULL));
    run.flow_run_run_count = rows_integer(&rows, 9);
    run.tags = json_arena_own(txn_arena(txn), json_loads(rows_text(&rows, 10), 0, NULL));
    const char *state_id = rows_text(&rows, 8);
    if (state_id && state_load(txn, "task_run", state_id, &run.state) < 0)
        return -1;
    *ret_run = run;
    return 1;
}

void task_run_publish(struct txn *txn, const char *id, const char *flow_run_id)
{
    txn_publish(txn, "task_run:%s", id);
    if (flow_run_id)
        txn_publish(txn, "task_runs:%s", flow_run_id);
}

static void advance(struct task_run *run, const struct state *state)
{
    if (run->state.type == STATE_RUNNING)
        run->total_run_time += (double)(state->timestamp - run->state.timestamp) / (double)SECOND;
    if (run->start_time == TIME_NEVER &&
        (state->type == STATE_RUNNING || state_is_terminal(state->type)))
        run->start_time = state->timestamp;
    run->end_time = state_is_terminal(state->type) ? state->timestamp : TIME_NEVER;
    if (state->type == STATE_RUNNING)
        run->run_count++;
    if (run->expected_start_time == TIME_NEVER) {
        int64_t scheduled = state_detail_time(state, "scheduled_time");
        run->expected_start_time = scheduled != TIME_NEVER ? scheduled : state->timestamp;
    }
}

int task_run_enter(struct txn *txn, struct task_run *run, struct state *state)
{
    id_new(state->id);
    state->timestamp = txn_now(txn);
    if (run->state.type != STATE_NONE && state->timestamp <= run->state.timestamp)
        state->timestamp = run->state.timestamp + 1;
    state_set_detail(state, "task_run_id", json_string(run->id));
    if (run->flow_run_id)
        state_set_detail(state, "flow_run_id", json_string(run->flow_run_id));
    if (state->type == STATE_SCHEDULED && state_detail_time(state, "scheduled_time") == TIME_NEVER)
        state_set_detail_time(state, "scheduled_time", state->timestamp);
    advance(run, state);
    if (state_insert(txn, "task_run", run->id, state) < 0)
        return -1;
    int64_t next =
        state->type == STATE_SCHEDULED ? state_detail_time(state, "scheduled_time") : TIME_NEVER;
    int r = db_run(txn,
                   "UPDATE task_runs SET updated = ?, version = version + 1, state_id = ?,"
                   " state_type = ?, state_name = ?, state_timestamp = ?, run_count = ?,"
                   " expected_start_time = ?, next_scheduled_start_time = ?, start_time = ?,"
                   " end_time = ?, total_run_time = ?, flow_run_run_count = ? WHERE id = ?",
                   V(txn_now(txn)), V(state->id), V(state_type_names[state->type]), V(state->name),
                   V(state->timestamp), V(run->run_count), value_time(run->expected_start_time),
                   value_time(next), value_time(run->start_time), value_time(run->end_time),
                   V(run->total_run_time), V(run->flow_run_run_count), V(run->id));
    if (r < 0)
        return -1;
    task_run_publish(txn, run->id, run->flow_run_id);
    run->state = *state;
    return 0;
}

int task_run_follow_child(struct txn *txn, const struct flow_run *child, const struct state *state)
{
    struct task_run run;
    struct state same;
    int found = task_run_load(txn, child->parent_task_run_id, &run);

    if (found <= 0)
        return found; /* a parent that was deleted is told nothing */
    state_make(&same, txn_arena(txn), state->type, state->name, state->message);
    same.data = state->data;
    json_object_update(same.details, state->details);
    state_set_detail(&same, "child_flow_run_id", json_string(child->id));
    return task_run_enter(txn, &run, &same);
}
