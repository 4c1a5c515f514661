/* Task runs: those whose clients have the server judge each state, such as the tasks of C flows,
 * and those that stand for child runs in their parents. Other clients only report theirs. */
#include <string.h>

#include "common/times.h"
#include "server/api/routes.h"
#include "server/api/run_figures.h"
#include "server/api/states.h"
#include "server/orchestration/names.h"
#include "server/orchestration/slots.h"
#include "json/text.h"

static const struct field fields[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE,
     .doc = "The id; the server makes one if none is sent."},
    {.name = "created", .type = FIELD_TIME, .doc = "When it was made."},
    {.name = "updated", .type = FIELD_TIME, .doc = "When it was last changed."},
    {.name = "version", .type = FIELD_INTEGER, .flags = FIELD_NO_REPLY, .fallback = "1"},
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_NULLABLE,
     .doc = "The name; without one two words are made up."},
    {.name = "flow_run_id",
     .type = FIELD_ID,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "The flow run that it belongs to."},
    {.name = "task_key",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "Which task it runs."},
    {.name = "dynamic_key",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "Which of the flow run's runs of that task it is."},
    {.name = "cache_key",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "Under which its result is kept for others."},
    {.name = "cache_expiration",
     .type = FIELD_TIME,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "Until when."},
    {.name = "task_version",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "The version of the task's code."},
    {.name = "empirical_policy",
     .type = FIELD_OBJECT,
     .flags = FIELD_CREATE | FIELD_OPEN,
     .fields = task_run_policy_fields,
     .fallback = "{}",
     .doc = "Its retries."},
    {.name = "tags",
     .type = FIELD_STRINGS,
     .flags = FIELD_CREATE,
     .fallback = "[]",
     .doc = "Words to find it by."},
    {.name = "labels",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .fallback = "{}",
     .doc = "Names and values for other programs."},
    {.name = "state_id", .type = FIELD_ID, .flags = FIELD_NULLABLE, .doc = "The present state."},
    {.name = "task_inputs",
     .type = FIELD_MAP,
     .flags = FIELD_CREATE,
     .fallback = "{}",
     .doc = "Where its arguments come from."},
    {.name = "state_type",
     .type = FIELD_ENUM,
     .flags = FIELD_NULLABLE,
     .choices = state_type_names,
     .doc = "The kind of the present state."},
    {.name = "state_name", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "And its name."},
    {.name = "run_count", .type = FIELD_INTEGER, .fallback = "0", .doc = "How often it was run."},
    {.name = "flow_run_run_count",
     .type = FIELD_INTEGER,
     .fallback = "0",
     .doc = "How often its flow run had been run when it began."},
    {.name = "expected_start_time",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "When it was to start."},
    {.name = "next_scheduled_start_time",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "When it is to start next."},
    {.name = "start_time", .type = FIELD_TIME, .flags = FIELD_NULLABLE, .doc = "When it started."},
    {.name = "end_time", .type = FIELD_TIME, .flags = FIELD_NULLABLE, .doc = "When it ended."},
    {.name = "total_run_time",
     .type = FIELD_NUMBER,
     .fallback = "0",
     .doc = "Seconds that it ran, without the present."},
    {.name = "estimated_run_time",
     .type = FIELD_NUMBER,
     .sql = ESTIMATED_RUN_TIME_SQL,
     .columns = 3,
     .write = write_estimated_run_time,
     .doc = "Seconds that it ran until now."},
    {.name = "estimated_start_time_delta",
     .type = FIELD_NUMBER,
     .sql = START_DELTA_SQL,
     .columns = 3,
     .write = write_start_delta,
     .doc = "Seconds that it started late, or is late."},
    /* As it is sent, then as it is given back. */
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_CREATE | FIELD_NULLABLE | FIELD_NO_COLUMN,
     .fields = state_create_fields,
     .doc = "The first state."},
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = state_fields,
     .sql = STATE_COLUMNS,
     .columns = STATE_COLUMN_COUNT,
     .write = state_write_columns,
     .doc = "The present state."},
    FIELDS_END};

#define TIMES (OP_BEFORE | OP_AFTER)

const struct filter task_run_filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY | OP_LIKE, .type = FIELD_TEXT},
    {.name = "tags", .kind = FILTER_TAGS, .operators = OP_ALL | OP_IS_NULL},
    {.name = "state", .kind = FILTER_GROUP, .nested = run_state_filters},
    {.name = "start_time",
     .kind = FILTER_VALUE,
     .operators = TIMES | OP_IS_NULL,
     .type = FIELD_TIME},
    {.name = "end_time", .kind = FILTER_VALUE, .operators = TIMES | OP_IS_NULL, .type = FIELD_TIME},
    {.name = "expected_start_time", .kind = FILTER_VALUE, .operators = TIMES, .type = FIELD_TIME},
    {.name = "subflow_runs",
     .kind = FILTER_EXISTS,
     .operators = OP_EXISTS,
     .sql = "EXISTS (SELECT 1 FROM flow_runs c WHERE c.parent_task_run_id = r.id)"},
    {.name = "flow_run_id",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_IS_NULL,
     .type = FIELD_ID},
    FILTERS_END};

#define OF_FLOW_RUNS "r.flow_run_id IN (SELECT f.id FROM flow_runs f WHERE "

static const struct relation relations[] = {
    {"flow_runs", flow_run_filters, "r.flow_run_id IN (SELECT r.id FROM flow_runs r WHERE ", ")",
     NULL},
    {"flows", flow_filters, OF_FLOW_RUNS "f.flow_id IN (SELECT r.id FROM flows r WHERE ", "))",
     NULL},
    {"deployments", deployment_filters,
     OF_FLOW_RUNS "f.deployment_id IN (SELECT r.id FROM deployments r WHERE ", "))", NULL},
    {.key = NULL}};

static const struct sort sorts[] = {
    {"ID_DESC", "r.id DESC"},
    {"EXPECTED_START_TIME_ASC", "r.expected_start_time ASC, r.seq ASC"},
    {"EXPECTED_START_TIME_DESC", "r.expected_start_time DESC, r.seq DESC"},
    {"NAME_ASC", "r.name ASC"},
    {"NAME_DESC", "r.name DESC"},
    {"NEXT_SCHEDULED_START_TIME_ASC", "r.next_scheduled_start_time ASC, r.seq ASC"},
    {"END_TIME_DESC", "r.end_time DESC, r.seq DESC"},
    {NULL, NULL}};

static const struct resource task_run_resource = {
    .name = "Task run",
    .table = "task_runs",
    .from = "task_runs r LEFT JOIN task_run_states s ON s.id = r.state_id",
    .fields = fields,
    .filters = task_run_filters,
    .filter_key = "task_runs",
    .relations = relations,
    .sorts = sorts};

/* ---- creating ---- */

/* The client's labels and those of its flow run. */
static struct value all_labels(struct txn *txn, const json_t *sent, const char *flow_run_id,
                               const char *flow_id)
{
    json_auto_t *labels = json_is_object(sent) ? json_copy((json_t *)sent) : json_object();

    if (flow_run_id) {
        json_object_set_new(labels, "prefect.flow.id", json_string(flow_id));
        json_object_set_new(labels, "prefect.flow-run.id", json_string(flow_run_id));
    }
    return V(json_arena_text(txn_arena(txn), labels));
}

/* What stands in the way of a new task run: the one that has its keys already (its id), or 0. */
static int find_same(struct txn *txn, struct request *request, const char *flow_run_id,
                     char ret_id[static ID_SIZE])
{
    rows_auto rows = {0};

    if (!flow_run_id)
        return 0;
    int found = db_first(txn, &rows,
                         "SELECT id FROM task_runs WHERE flow_run_id = ? AND task_key = ?"
                         " AND dynamic_key = ?",
                         V(flow_run_id), V(request_text(request, "task_key")),
                         V(request_text(request, "dynamic_key")));
    if (found > 0)
        id_copy(ret_id, rows_text(&rows, 0));
    return found;
}

/* The flow of the flow run. 1; 0: the reply says that there is no such flow run. */
static int find_flow(struct txn *txn, struct http_reply *reply, const char *flow_run_id,
                     char ret_flow_id[static ID_SIZE])
{
    rows_auto rows = {0};
    int found = flow_run_id ? db_first(txn, &rows, "SELECT flow_id FROM flow_runs WHERE id = ?",
                                       V(flow_run_id))
                            : 1;

    if (found > 0 && flow_run_id)
        id_copy(ret_flow_id, rows_text(&rows, 0));
    if (found == 0)
        reply_detail(reply, 409,
                     "Data integrity conflict: no flow run has the id %s. Create it first.",
                     flow_run_id);
    return found;
}

static int is_taken(struct txn *txn, const char *id)
{
    rows_auto rows = {0};

    return id ? db_first(txn, &rows, "SELECT 1 FROM task_runs WHERE id = ?", V(id)) : 0;
}

static int insert(struct txn *txn, struct request *request, const char *flow_run_id,
                  const char *flow_id, char ret_id[static ID_SIZE])
{
    const char *id = request_id(request, "id");
    char made_up[RUN_NAME_SIZE];
    struct record record;

    record_from_create(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    if (id)
        record_set(&record, "id", V(id));
    if (!request_text(request, "name")) {
        run_name_new(made_up, sizeof(made_up));
        record_set(&record, "name", V(arena_strdup(txn_arena(txn), made_up)));
    }
    record_set(&record, "empirical_policy",
               V(object_complete(task_run_policy_fields, txn_arena(txn),
                                 json_object_get(request->body, "empirical_policy"))));
    record_set(&record, "labels",
               all_labels(txn, json_object_get(request->body, "labels"), flow_run_id, flow_id));
    id_copy(ret_id, record_get(&record, "id").text);
    return record_insert(txn, "task_runs", &record);
}

static int create_task_run(struct txn *txn, struct request *request, struct http_reply *reply)
{
    static const char *const state_path[] = {"state", NULL};
    const char *flow_run_id = request_id(request, "flow_run_id");
    const json_t *sent_state = json_object_get(request->body, "state");
    struct task_run task_run;
    struct state state;
    char flow_id[ID_SIZE] = "";
    char id[ID_SIZE];

    int same = find_same(txn, request, flow_run_id, id);
    if (same < 0)
        return HANDLER_FAILED;
    if (same)
        return reply_resource(txn, reply, 200, &task_run_resource, "r.id = ?", V(id));
    int found = find_flow(txn, reply, flow_run_id, flow_id);
    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    int taken = is_taken(txn, request_id(request, "id"));
    if (taken < 0)
        return HANDLER_FAILED;
    if (taken)
        return reply_detail(reply, 409, "A task run with this id already exists.");
    if (insert(txn, request, flow_run_id, flow_id, id) < 0)
        return HANDLER_FAILED;
    if (json_is_object(sent_state)) {
        state_from_body(&state, txn_arena(txn), sent_state, request->body_text, state_path);
        if (task_run_load(txn, id, &task_run) < 0 || task_run_enter(txn, &task_run, &state) < 0)
            return HANDLER_FAILED;
    } else {
        task_run_publish(txn, id, flow_run_id);
    }
    return reply_resource(txn, reply, 201, &task_run_resource, "r.id = ?", V(id));
}

/* ---- changing ---- */

static int check_task_run(struct txn *txn, struct request *request, struct record *record,
                          struct http_reply *reply)
{
    (void)txn;
    if (!record_is_set(record, "name") || record_get(record, "name").type != VALUE_NULL)
        return 1;
    reply_problem(reply, request, "name", "string_type", "Input should be a valid string");
    return 0;
}

/* Tells of the task run that the path names, if there is one; before it is changed or deleted. */
static int publish(struct txn *txn, const struct request *request)
{
    struct task_run task_run;
    int found = task_run_load(txn, request->params[0], &task_run);

    if (found > 0)
        task_run_publish(txn, task_run.id, task_run.flow_run_id);
    return found;
}

static int update_task_run(struct txn *txn, struct request *request, struct http_reply *reply)
{
    if (publish(txn, request) < 0)
        return HANDLER_FAILED;
    return resource_update(txn, request, reply);
}

static int set_state(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct task_run task_run;
    struct state state;
    struct outcome outcome;
    int found = task_run_load(txn, request->params[0], &task_run);

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_exception(reply, 404, "Task run with id %s not found", request->params[0]);
    read_proposal(txn, request, &state);
    if (task_run_propose(txn, &task_run, &state, request_flag(request, "force", false), &outcome) <
        0)
        return HANDLER_FAILED;
    return reply_outcome(reply, &outcome);
}

/* The slots that it holds are given back, which nothing else would do. */
static int delete_task_run(struct txn *txn, struct request *request, struct http_reply *reply)
{
    if (publish(txn, request) < 0 || slot_leases_release_of_task(txn, request->params[0]) < 0)
        return HANDLER_FAILED;
    return resource_delete(txn, request, reply);
}

/* ---- states ---- */

static const struct resource task_run_state = {
    .name = "State", .table = "task_run_states", .fields = state_fields};

static const struct field list_query[] = {{.name = "task_run_id",
                                           .type = FIELD_ID,
                                           .flags = FIELD_REQUIRED,
                                           .doc = "The task run whose states they are."},
                                          FIELDS_END};

static int list_states(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return reply_states(txn, request, reply, "task_run_states", "task_run_id");
}

/* ---- routes ---- */

#define TASK_RUNS "/api/task_runs/"

const struct route task_run_routes[] = {
    {ROUTE_CREATE(TASK_RUNS, task_run_resource, fields, create_task_run),
     .summary = "Creates a task run, or gives the one that has the keys in its flow run.",
     .answers = ANSWERS_200 | ANSWERS_409},
    {ROUTE_FILTER(TASK_RUNS, task_run_resource, "task runs")},
    {ROUTE_COUNT(TASK_RUNS, task_run_resource, "task runs")},
    {ROUTE_PAGINATE(TASK_RUNS, task_run_resource, "task runs")},
    {.method = HTTP_POST,
     .path = TASK_RUNS "history",
     .handle = runs_history,
     .body = &history_body,
     .resource = &task_run_resource,
     .summary = "Counts task runs by intervals of time and by their states.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = history_fields},
    {ROUTE_READ(TASK_RUNS "{id}", task_run_resource, resource_read),
     .summary = "Reads a task run."},
    {ROUTE_UPDATE(TASK_RUNS "{id}", task_run_resource, fields, update_task_run),
     .check = check_task_run, .summary = "Changes a task run's name."},
    {ROUTE_DELETE(TASK_RUNS "{id}", task_run_resource, delete_task_run),
     .summary = "Deletes a task run with its states."},
    {.method = HTTP_POST,
     .path = TASK_RUNS "{id}/set_state",
     .handle = set_state,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &set_state_body,
     .summary = "Proposes a state for a task run; the rules of orchestration judge.",
     .status = 201,
     .answers = ANSWERS_200 | ANSWERS_404,
     .reply_fields = outcome_fields},
    {ROUTE_READ("/api/task_run_states/{id}", task_run_state, resource_read),
     .summary = "Reads a task run's state."},
    {.method = HTTP_GET,
     .path = "/api/task_run_states/",
     .handle = list_states,
     .summary = "Lists the states of a task run, oldest first.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = state_fields,
     .query = list_query},
    {.path = NULL},
};
