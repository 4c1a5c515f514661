#include "server/orchestration/flow_run.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/times.h"
#include "server/orchestration/input_request.h"
#include "server/orchestration/names.h"
#include "server/orchestration/room.h"
#include "server/orchestration/run_event.h"
#include "server/orchestration/run_lease.h"
#include "server/orchestration/slots.h"
#include "server/orchestration/task_run.h"
#include "server/resource/overlay.h"
#include "json/text.h"

/* ---- the policy ---- */

#define MOST_PAUSES 100000 /* of one run: its process sends them all back */

const struct field flow_run_policy_fields[] = {
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
     .doc = "How often it is run again after a failure."},
    {.name = "retry_delay",
     .type = FIELD_NUMBER,
     .flags = FIELD_NULLABLE,
     .doc = "Seconds before it is run again."},
    {.name = "pause_keys",
     .type = FIELD_STRINGS,
     .flags = FIELD_NULLABLE,
     .most = MOST_PAUSES,
     .fallback = "[]",
     .doc = "The pauses that it has had."},
    {.name = "resuming",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_NULLABLE,
     .fallback = "false",
     .doc = "Whether it goes on after a pause."},
    {.name = "retry_type",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "in_process or reschedule."},
    FIELDS_END};

bool flow_run_has_paused(const struct flow_run *run, const char *pause_key)
{
    size_t i;
    json_t *key;

    json_array_foreach(json_object_get(run->policy, "pause_keys"), i, key)
        if (json_is_string(key) && strcmp(json_string_value(key), pause_key) == 0)
            return true;
    return false;
}

double flow_run_retries(const struct flow_run *run)
{
    return json_number_value(json_object_get(run->policy, "retries"));
}

double flow_run_retry_delay(const struct flow_run *run)
{
    return json_number_value(json_object_get(run->policy, "retry_delay"));
}

/* ---- loading ---- */

int flow_run_load(struct txn *txn, const char *id, struct flow_run *ret_run)
{
    rows_auto rows = {0};
    struct flow_run run = {.state = {.type = STATE_NONE}};

    int found =
        db_first(txn, &rows,
                 "SELECT id, name, flow_id, deployment_id, parent_task_run_id,"
                 " infrastructure_pid, run_count, expected_start_time, start_time, end_time,"
                 " next_scheduled_start_time, total_run_time, empirical_policy, state_id,"
                 " work_queue_id, work_pool_name"
                 " FROM flow_runs WHERE id = ?",
                 V(id));
    if (found <= 0)
        return found;
    id_copy(run.id, rows_text(&rows, 0));
    run.name = rows_strdup(&rows, 1, txn_arena(txn));
    id_copy(run.flow_id, rows_text(&rows, 2));
    run.deployment_id = rows_strdup(&rows, 3, txn_arena(txn));
    run.parent_task_run_id = rows_strdup(&rows, 4, txn_arena(txn));
    run.infrastructure_pid = rows_strdup(&rows, 5, txn_arena(txn));
    run.run_count = rows_integer(&rows, 6);
    run.expected_start_time = rows_time(&rows, 7);
    run.start_time = rows_time(&rows, 8);
    run.end_time = rows_time(&rows, 9);
    run.next_start_time = rows_time(&rows, 10);
    run.total_run_time = rows_real(&rows, 11);
    run.policy = json_arena_own(txn_arena(txn), json_loads(rows_text(&rows, 12), 0, NULL));
    run.work_queue_id = rows_strdup(&rows, 14, txn_arena(txn));
    run.work_pool_name = rows_strdup(&rows, 15, txn_arena(txn));
    const char *state_id = rows_text(&rows, 13);
    if (state_id && state_load(txn, "flow_run", state_id, &run.state) < 0)
        return -1;
    *ret_run = run;
    return 1;
}

/* ---- entering a state ---- */

/* Of a run that has this as its first state, at that time. */
static int64_t expected_start_time(const struct state *state, int64_t time)
{
    int64_t scheduled = state_detail_time(state, "scheduled_time");

    return scheduled == TIME_NEVER ? time : scheduled;
}

/* The times and counts that follow from leaving one state for another. */
static void advance(struct flow_run *run, const struct state *state)
{
    enum state_type type = state->type;
    bool resuming = json_is_true(json_object_get(run->policy, "resuming"));

    if (run->state.type == STATE_RUNNING)
        run->total_run_time += (double)(state->timestamp - run->state.timestamp) / (double)SECOND;
    if (run->start_time == TIME_NEVER && (type == STATE_RUNNING || state_is_terminal(type)))
        run->start_time = state->timestamp;
    run->end_time = state_is_terminal(type) ? state->timestamp : TIME_NEVER;
    if (type == STATE_RUNNING && !resuming)
        run->run_count++;
    if (type == STATE_RUNNING || state_is_terminal(type))
        json_object_set_new(run->policy, "resuming", json_false());
    /* Only after the count: the first resume of a pause counts as a run, the next ones do not. */
    if (run->state.type == STATE_PAUSED && (type == STATE_RUNNING || type == STATE_SCHEDULED))
        json_object_set_new(run->policy, "resuming", json_true());
    if (run->expected_start_time == TIME_NEVER)
        run->expected_start_time = expected_start_time(state, state->timestamp);
    run->next_start_time =
        type == STATE_SCHEDULED ? state_detail_time(state, "scheduled_time") : TIME_NEVER;
}

/* Written only where they change: for each column that a statement names SQLite writes the entries
 * of its indexes anew, even if it holds what it held. */
static const struct {
    const char *column;
    size_t offset;
} run_times[] = {
    {"expected_start_time", offsetof(struct flow_run, expected_start_time)},
    {"next_scheduled_start_time", offsetof(struct flow_run, next_start_time)},
    {"start_time", offsetof(struct flow_run, start_time)},
    {"end_time", offsetof(struct flow_run, end_time)},
};

static int64_t run_time(const struct flow_run *run, size_t i)
{
    int64_t time;

    memcpy(&time, (const char *)run + run_times[i].offset, sizeof(time));
    return time;
}

/* `before`: as the row is. */
static int store_run_row(struct txn *txn, const struct flow_run *before, const struct flow_run *run,
                         const struct state *state)
{
    const char *policy = object_complete(flow_run_policy_fields, txn_arena(txn), run->policy);
    const char *times = "";
    struct value values[9 + COUNT_OF(run_times)] = {
        V(txn_now(txn)),     V(state->id),      V(state_type_names[state->type]), V(state->name),
        V(state->timestamp), V(run->run_count), V(run->total_run_time),           V(policy)};
    int count = 8;

    for (size_t i = 0; i < COUNT_OF(run_times); i++) {
        if (run_time(run, i) == run_time(before, i))
            continue;
        times = arena_printf(txn_arena(txn), "%s, %s = ?", times, run_times[i].column);
        values[count++] = value_time(run_time(run, i));
    }
    values[count++] = V(run->id);
    const char *sql = arena_printf(
        txn_arena(txn),
        "UPDATE flow_runs SET updated = ?, version = version + 1, state_id = ?, state_type = ?,"
        " state_name = ?, state_timestamp = ?, run_count = ?, total_run_time = ?,"
        " empirical_policy = ?%s WHERE id = ?",
        times);
    return db_run_values(txn, sql, values, count) < 0 ? -1 : 0;
}

/* Tells those who may be waiting for just this. */
static void publish(struct txn *txn, const struct flow_run *run, const struct state *state)
{
    txn_publish(txn, "flow_run:%s", run->id);
    txn_publish(txn, "flow_runs");
    if (run->deployment_id && state->type == STATE_SCHEDULED)
        txn_publish(txn, "deployment:%s", run->deployment_id);
    if (run->work_pool_name &&
        (state->type == STATE_SCHEDULED || run->state.type == STATE_PENDING ||
         run->state.type == STATE_RUNNING))
        txn_publish(txn, WORK_POOL_TOPIC, run->work_pool_name);
    if (state->type == STATE_SCHEDULED)
        txn_publish(txn, "clock");
}

int flow_run_enter(struct txn *txn, struct flow_run *run, struct state *state)
{
    const struct flow_run before = *run;

    id_new(state->id);
    state->timestamp = txn_now(txn);
    if (run->state.type != STATE_NONE && state->timestamp <= run->state.timestamp)
        state->timestamp = run->state.timestamp + 1; /* unique in its run, and in order */
    state_set_detail(state, "flow_run_id", json_string(run->id));
    if (state->type == STATE_SCHEDULED && state_detail_time(state, "scheduled_time") == TIME_NEVER)
        state_set_detail_time(state, "scheduled_time", state->timestamp);
    advance(run, state);
    if (state_insert(txn, "flow_run", run->id, state) < 0 ||
        store_run_row(txn, &before, run, state) < 0 || run_event_make(txn, run, state) < 0)
        return -1;
    if (run->parent_task_run_id && task_run_follow_child(txn, run, state) < 0)
        return -1;
    if (run->state.type == STATE_PAUSED && input_request_leave(txn, run, state) < 0)
        return -1;
    if (state->type == STATE_PAUSED && input_request_open(txn, run, state) < 0)
        return -1;
    if (run_lease_follow(txn, run, state) < 0 || room_follow(txn, run, state) < 0)
        return -1;
    if (state_is_terminal(state->type) && slot_leases_release_of_run(txn, run->id) < 0)
        return -1;
    publish(txn, run, state);
    run->state = *state;
    return 0;
}

/* ---- creating ---- */

static const char *or_empty(const char *json, const char *empty)
{
    return json ? json : empty;
}

/* The client's labels and those that the server adds. */
static const char *labels_of(struct txn *txn, const struct new_flow_run *new_run)
{
    const char *deployment = new_run->deployment_id;
    const char *ours =
        arena_printf(txn_arena(txn), "{\"prefect.flow.id\":\"%s\"%s%s%s}", new_run->flow_id,
                     deployment ? ",\"prefect.deployment.id\":\"" : "",
                     deployment ? deployment : "", deployment ? "\"" : "");

    return overlay_text(txn, txn_arena(txn), or_empty(new_run->labels, "{}"), ours);
}

/* The run that has this key already. */
static int find_by_key(struct txn *txn, const struct new_flow_run *new_run,
                       char ret_id[static ID_SIZE])
{
    rows_auto rows = {0};

    if (!new_run->idempotency_key)
        return 0;
    int found =
        db_first(txn, &rows, "SELECT id FROM flow_runs WHERE flow_id = ? AND idempotency_key = ?",
                 V(new_run->flow_id), V(new_run->idempotency_key));
    if (found > 0)
        id_copy(ret_id, rows_text(&rows, 0));
    return found;
}

static int check_flow(struct txn *txn, const char *flow_id)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows, "SELECT 1 FROM flows WHERE id = ?", V(flow_id));

    if (found == 0)
        return txn_fail(txn, ENOENT, "no flow has the id %s", flow_id);
    return found < 0 ? -1 : 0;
}

/* The row begins with what indexes hold of its first state, or entering that would have to move it
 * in each of them. */
static int insert(struct txn *txn, const struct new_flow_run *new_run, const struct state *state,
                  const char *id)
{
    int64_t expected_start = state ? expected_start_time(state, txn_now(txn)) : TIME_NEVER;
    bool is_scheduled = state && state->type == STATE_SCHEDULED;
    const struct work_queue *queue = new_run->work_queue;
    char made_up[RUN_NAME_SIZE];
    int64_t now = txn_now(txn);

    run_name_new(made_up, sizeof(made_up));
    int r = db_run(
        txn,
        "INSERT INTO flow_runs (id, created, updated, version, name, flow_id, deployment_id,"
        " deployment_version, flow_version, parameters, idempotency_key, context,"
        " empirical_policy, tags, labels, parent_task_run_id, run_count, total_run_time,"
        " auto_scheduled, infrastructure_document_id, created_by, job_variables,"
        " expected_start_time, next_scheduled_start_time, state_type, state_name,"
        " work_queue_id, work_queue_name, work_pool_id, work_pool_name)"
        " VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?)",
        V(id), V(now), V(now), V(new_run->name ? new_run->name : made_up), V(new_run->flow_id),
        V(new_run->deployment_id), V(new_run->deployment_version), V(new_run->flow_version),
        V(or_empty(new_run->parameters, "{}")), V(new_run->idempotency_key),
        V(or_empty(new_run->context, "{}")),
        V(object_complete(flow_run_policy_fields, txn_arena(txn), new_run->policy)),
        V(or_empty(new_run->tags, "[]")), V(labels_of(txn, new_run)),
        V(new_run->parent_task_run_id), V(new_run->auto_scheduled),
        V(new_run->infrastructure_document_id), V(new_run->created_by), V(new_run->job_variables),
        value_time(expected_start), value_time(is_scheduled ? expected_start : TIME_NEVER),
        V(state ? state_type_names[state->type] : NULL), V(state ? state->name : NULL),
        V(queue ? queue->id : NULL), V(queue ? queue->name : NULL),
        V(queue ? queue->pool_id : NULL), V(queue ? queue->pool_name : NULL));
    return r < 0 ? -1 : 0;
}

int flow_run_create(struct txn *txn, const struct new_flow_run *new_run, struct state *state,
                    char ret_id[static ID_SIZE])
{
    struct flow_run run;
    int found = find_by_key(txn, new_run, ret_id);

    if (found != 0)
        return found < 0 ? -1 : 0;
    if (check_flow(txn, new_run->flow_id) < 0)
        return -1;
    if (new_run->id)
        id_copy(ret_id, new_run->id);
    else
        id_new(ret_id);
    if (insert(txn, new_run, state, ret_id) < 0)
        return -1;
    if (!state)
        return 1;
    if (flow_run_load(txn, ret_id, &run) < 0 || flow_run_enter(txn, &run, state) < 0)
        return -1;
    return 1;
}

/* Those who wait for an answer hear of it as well. */
static int publish_deletion(struct txn *txn, const char *id)
{
    struct input_request open;

    int found = input_request_load_open(txn, id, &open);
    if (found > 0)
        txn_publish(txn, "input_request:%s", open.id);
    txn_publish(txn, "flow_run:%s", id);
    txn_publish(txn, "flow_runs");
    txn_publish(txn, "input_requests");
    return found < 0 ? -1 : 0;
}

/* Deletes what a run may have much of. */
static int delete_parts(struct txn *txn, const char *id, int *room)
{
    static const char *const statements[] = {
        "DELETE FROM logs WHERE seq IN (SELECT seq FROM logs WHERE flow_run_id = ? LIMIT ?)",
        "DELETE FROM flow_run_inputs WHERE seq IN"
        " (SELECT seq FROM flow_run_inputs WHERE flow_run_id = ? LIMIT ?)",
        "DELETE FROM task_runs WHERE seq IN"
        " (SELECT seq FROM task_runs WHERE flow_run_id = ? LIMIT ?)",
    };

    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        int deleted = db_run(txn, statements[i], V(id), V(*room));
        if (deleted < 0)
            return -1;
        *room -= deleted;
    }
    return 0;
}

int flow_run_delete(struct txn *txn, const char *id, int *room)
{
    struct flow_run run;
    int found = flow_run_load(txn, id, &run);

    if (found <= 0)
        return found;
    if (delete_parts(txn, id, room) < 0)
        return -1;
    if (*room == 0)
        return 1;
    if (publish_deletion(txn, id) < 0 || slot_leases_release_of_run(txn, id) < 0 ||
        db_run(txn, "DELETE FROM flow_runs WHERE id = ?", V(id)) < 0 ||
        db_run(txn, "INSERT INTO deleted_flow_runs (id, deleted) VALUES (?, ?)", V(id),
               V(txn_now(txn))) < 0)
        return -1;
    return room_leave(txn, &run) < 0 ? -1 : 1;
}
