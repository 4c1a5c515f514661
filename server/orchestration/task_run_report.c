#include "server/orchestration/task_run_report.h"

#include <string.h>

#include "common/times.h"
#include "server/orchestration/slots.h"
#include "server/orchestration/task_run.h"

#define EVENT_PREFIX    "prefect.task-run."
#define FLOW_RUN_PREFIX "prefect.flow-run."

static const int64_t most_runs = INT32_MAX; /* they are counted up */

/* A task run as clients report it; what no event says has its fallback. The columns that others
 * decide stand first. */
static const struct field row_fields[] = {
    {.name = "id", .type = FIELD_ID},
    {.name = "created", .type = FIELD_TIME},
    {.name = "updated", .type = FIELD_TIME},
    {.name = "version", .type = FIELD_INTEGER, .fallback = "1"},
    {.name = "flow_run_id", .type = FIELD_ID, .fallback = "null"},
    {.name = "state_id", .type = FIELD_ID},
    {.name = "state_type", .type = FIELD_TEXT},
    {.name = "state_name", .type = FIELD_TEXT},
    {.name = "state_timestamp", .type = FIELD_INTEGER},
    {.name = "name", .type = FIELD_TEXT, .flags = FIELD_CREATE},
    {.name = "task_key", .type = FIELD_TEXT, .flags = FIELD_CREATE | FIELD_REQUIRED},
    {.name = "dynamic_key", .type = FIELD_TEXT, .flags = FIELD_CREATE | FIELD_REQUIRED},
    {.name = "cache_key",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "null"},
    {.name = "cache_expiration",
     .type = FIELD_TIME,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "null"},
    {.name = "task_version",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "null"},
    {.name = "empirical_policy",
     .type = FIELD_OBJECT,
     .flags = FIELD_CREATE | FIELD_OPEN,
     .fields = task_run_policy_fields},
    {.name = "tags", .type = FIELD_STRINGS, .flags = FIELD_CREATE, .fallback = "[]"},
    {.name = "labels", .type = FIELD_MAP, .flags = FIELD_CREATE | FIELD_NULLABLE, .fallback = "{}"},
    {.name = "task_inputs", .type = FIELD_MAP, .flags = FIELD_CREATE, .fallback = "{}"},
    {.name = "run_count",
     .type = FIELD_INTEGER,
     .flags = FIELD_CREATE,
     .fallback = "0",
     .maximum = &most_runs},
    {.name = "flow_run_run_count",
     .type = FIELD_INTEGER,
     .flags = FIELD_CREATE,
     .fallback = "0",
     .maximum = &most_runs},
    {.name = "expected_start_time",
     .type = FIELD_TIME,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "null"},
    {.name = "next_scheduled_start_time",
     .type = FIELD_TIME,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "null"},
    {.name = "start_time",
     .type = FIELD_TIME,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "null"},
    {.name = "end_time",
     .type = FIELD_TIME,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "null"},
    {.name = "total_run_time", .type = FIELD_NUMBER, .flags = FIELD_CREATE, .fallback = "0"},
    FIELDS_END};

/* ---- reading ---- */

static const struct body task_run_body = {.fields = row_fields, .only = FIELD_CREATE, .open = true};
static const struct body state_body = {.fields = state_create_fields, .open = true};

static bool reports_task_run(const struct event *event, const json_t *resource)
{
    const char *by = json_string_value(json_object_get(resource, "prefect.orchestration"));

    return strncmp(event->name, EVENT_PREFIX, strlen(EVENT_PREFIX)) == 0 && by &&
           strcmp(by, "client") == 0;
}

/* The id behind the prefix of a resource's id. False: there is none, as the problems now say. */
static bool read_object_id(const json_t *resource, const char *prefix, char ret_id[static ID_SIZE],
                           struct problems *problems)
{
    const json_t *value = json_object_get(resource, EVENT_RESOURCE_ID);
    const char *text = json_string_value(value);
    size_t length = strlen(prefix);

    if (strncmp(text, prefix, length) == 0 && id_parse(text + length, ret_id))
        return true;
    problems_add_at(problems, EVENT_RESOURCE_ID, "value_error", value,
                    "Value error, it should be %s and a UUID", prefix);
    return false;
}

/* The first related resource in the role of the flow run. True also if there is none. */
static bool read_flow_run_id(const json_t *related, char ret_id[static ID_SIZE],
                             struct problems *problems)
{
    size_t i;
    json_t *resource;

    json_array_foreach(related, i, resource) {
        const char *role = json_string_value(json_object_get(resource, EVENT_RESOURCE_ROLE));
        if (strcmp(role, "flow-run") != 0)
            continue;
        problems_enter(problems, "related");
        problems_enter_index(problems, i);
        bool is_read = read_object_id(resource, FLOW_RUN_PREFIX, ret_id, problems);
        problems_leave(problems);
        problems_leave(problems);
        return is_read;
    }
    return true;
}

static bool check_member(const struct body *body, const json_t *payload, const char *name,
                         struct problems *problems)
{
    const json_t *value = json_object_get(payload, name);

    if (!value) {
        problems_add_at(problems, name, "missing", payload, "Field required");
        return false;
    }
    problems_enter(problems, name);
    body_check(body, value, problems);
    problems_leave(problems);
    return !problems_any(problems);
}

static bool check_payload(const json_t *payload, struct problems *problems)
{
    problems_enter(problems, "payload");
    bool fits = check_member(&task_run_body, payload, "task_run", problems);
    fits = check_member(&state_body, payload, "validated_state", problems) && fits;
    problems_leave(problems);
    return fits;
}

/* The columns, but for those that are only known when it is stored. */
static void fill_row(struct reported_task_run *report, const struct event *event,
                     const json_t *task_run, struct arena *arena)
{
    struct record *row = &report->row;
    const struct state *state = &report->state;

    record_set(row, "id", V((const char *)report->id));
    record_set(row, "flow_run_id", V(*report->flow_run_id ? report->flow_run_id : NULL));
    record_set(row, "empirical_policy",
               V(object_complete(task_run_policy_fields, arena,
                                 json_object_get(task_run, "empirical_policy"))));
    if (json_is_null(json_object_get(task_run, "labels")))
        record_set(row, "labels", V("{}"));
    if (!record_is_set(row, "name"))
        record_set(row, "name", record_get(row, "task_key"));
    record_set(row, "state_id", V((const char *)report->state.id));
    record_set(row, "state_type", V(state_type_names[state->type]));
    record_set(row, "state_name", V(state->name));
    record_set(row, "state_timestamp", V(event->occurred));
}

bool task_run_report_read(struct event *event, const json_t *value, const char *text,
                          struct arena *arena, struct problems *problems)
{
    static const char *const task_run_path[] = {"payload", "task_run", NULL};
    static const char *const state_path[] = {"payload", "validated_state", NULL};
    const json_t *resource = json_object_get(value, "resource");
    const json_t *payload = json_object_get(value, "payload");
    struct reported_task_run *report;

    if (!reports_task_run(event, resource))
        return true;
    report = arena_alloc(arena, sizeof(*report));
    problems_enter(problems, "resource");
    bool fits = read_object_id(resource, EVENT_PREFIX, report->id, problems);
    problems_leave(problems);
    fits = read_flow_run_id(json_object_get(value, "related"), report->flow_run_id, problems) &&
           check_payload(payload, problems) && fits;
    if (!fits)
        return false;
    const json_t *task_run = json_object_get(payload, "task_run");
    record_from_create(&report->row, row_fields, arena, task_run, text, task_run_path);
    state_from_body(&report->state, arena, json_object_get(payload, "validated_state"), text,
                    state_path);
    id_copy(report->state.id, event->id);
    report->state.timestamp = event->occurred;
    fill_row(report, event, task_run, arena);
    event->task_run = report;
    return true;
}

/* ---- storing ---- */

/* The row that a report is about. */
struct target {
    char id[ID_SIZE];
    int64_t version;
    int64_t state_timestamp;
    const char *state_id; /* or NULL */
};

static int find(struct txn *txn, const char *condition, const struct value *values, int count,
                struct target *ret_target)
{
    const char *sql = arena_printf(
        txn_arena(txn), "SELECT id, version, state_timestamp, state_id FROM task_runs WHERE %s",
        condition);
    rows_auto rows = {0};
    int found = db_first_values(txn, &rows, sql, values, count);

    if (found <= 0)
        return found;
    id_copy(ret_target->id, rows_text(&rows, 0));
    ret_target->version = rows_integer(&rows, 1);
    ret_target->state_timestamp = rows_integer(&rows, 2);
    ret_target->state_id =
        rows_is_null(&rows, 3) ? NULL : arena_strdup(txn_arena(txn), rows_text(&rows, 3));
    return 1;
}

/* One that has the keys already is the same task run, whatever its id. */
static int find_target(struct txn *txn, const struct reported_task_run *report,
                       struct target *ret_target)
{
    int found = 0;

    if (*report->flow_run_id)
        found = find(txn, "flow_run_id = ? AND task_key = ? AND dynamic_key = ?",
                     DB_VALUES(V((const char *)report->flow_run_id),
                               record_get(&report->row, "task_key"),
                               record_get(&report->row, "dynamic_key")),
                     ret_target);
    if (found != 0)
        return found;
    return find(txn, "id = ?", DB_VALUES(V((const char *)report->id)), ret_target);
}

static bool is_newer(const struct state *state, const struct target *target)
{
    if (!target->state_id || state->timestamp != target->state_timestamp)
        return !target->state_id || state->timestamp > target->state_timestamp;
    return strcmp(state->id, target->state_id) > 0;
}

/* Makes or changes the row. Its id may be another than the one that was reported. */
static int store_row(struct txn *txn, const struct reported_task_run *report,
                     char ret_id[static ID_SIZE])
{
    struct record row;
    struct target target;
    int found = find_target(txn, report, &target);

    if (found < 0)
        return -1;
    id_copy(ret_id, found ? target.id : report->id);
    record_copy(&row, &report->row, txn_arena(txn));
    if (!found)
        return record_insert(txn, "task_runs", &row);
    if (!is_newer(&report->state, &target))
        return 0;
    record_set(&row, "id", V((const char *)ret_id));
    record_set(&row, "version", V(target.version + 1));
    return record_update(txn, "task_runs", &row, "id", V((const char *)ret_id));
}

static int store_state(struct txn *txn, const struct reported_task_run *report, const char *id)
{
    const struct state *reported = &report->state;
    struct state state;

    state_make(&state, txn_arena(txn), reported->type, reported->name, reported->message);
    id_copy(state.id, reported->id);
    state.timestamp = reported->timestamp;
    state.data = reported->data;
    json_object_update(state.details, reported->details);
    state_set_detail(&state, "task_run_id", json_string(id));
    if (*report->flow_run_id)
        state_set_detail(&state, "flow_run_id", json_string(report->flow_run_id));
    return state_insert(txn, "task_run", id, &state);
}

/* Whether there is such a row: 1 or 0. */
static int exists(struct txn *txn, const char *sql, const char *id)
{
    rows_auto rows = {0};

    return db_first_values(txn, &rows, sql, DB_VALUES(V(id)));
}

int task_run_report_take(struct txn *txn, const struct event *event)
{
    const struct reported_task_run *report = event->task_run;
    char id[ID_SIZE];
    int found = *report->flow_run_id
                    ? exists(txn, "SELECT 1 FROM flow_runs WHERE id = ?", report->flow_run_id)
                    : 1;

    if (found <= 0)
        return found;
    if (*report->flow_run_id && slot_leases_set_run(txn, report->id, report->flow_run_id) < 0)
        return -1;
    int known = exists(txn, "SELECT 1 FROM task_run_states WHERE id = ?", report->state.id);
    if (known != 0)
        return known < 0 ? -1 : 0; /* the event was deleted since, and came once more */
    if (store_row(txn, report, id) < 0 || store_state(txn, report, id) < 0)
        return -1;
    task_run_publish(txn, id, *report->flow_run_id ? report->flow_run_id : NULL);
    return 0;
}
