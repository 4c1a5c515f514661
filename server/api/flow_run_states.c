/* The states of flow runs: proposing them, resuming, reading them back. */
#include <string.h>

#include "common/times.h"
#include "server/api/routes.h"
#include "server/api/states.h"
#include "server/orchestration/answer_check.h"
#include "server/orchestration/transition.h"

/* ---- set_state ---- */

static const struct field set_state_fields[] = {
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_REQUIRED,
     .fields = state_create_fields,
     .doc = "The state that is proposed."},
    {.name = "force",
     .type = FIELD_BOOLEAN,
     .fallback = "false",
     .doc = "Whether only the rules that always hold are asked."},
    FIELDS_END};

int reply_outcome(struct http_reply *reply, const struct outcome *outcome)
{
    struct json_writer writer;

    reply_begin(reply, outcome->written ? 201 : 200, &writer);
    outcome_write(&writer, outcome);
    return HANDLER_DONE;
}

const struct body set_state_body = {.fields = set_state_fields};

void read_proposal(struct txn *txn, struct request *request, struct state *ret_state)
{
    static const char *const path[] = {"state", NULL};

    state_from_body(ret_state, txn_arena(txn), json_object_get(request->body, "state"),
                    request->body_text, path);
}

static int set_state(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct flow_run run;
    struct state state;
    struct outcome outcome;
    int found = flow_run_load(txn, request->params[0], &run);

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_exception(reply, 404, "Flow run with id %s not found", request->params[0]);
    read_proposal(txn, request, &state);
    if (flow_run_propose(txn, &run, &state, request_flag(request, "force", false), &outcome) < 0)
        return HANDLER_FAILED;
    return reply_outcome(reply, &outcome);
}

/* ---- resume ---- */

static const struct field resume_fields[] = {{.name = "run_input",
                                              .type = FIELD_MAP,
                                              .flags = FIELD_NULLABLE,
                                              .doc = "The answer to what the run waits for."},
                                             FIELDS_END};

/* Checks the answer against the schema of the request that is open now. */
static int check_run_input(struct txn *txn, struct request *request, struct answer_check *ret_check)
{
    static const char *const path[] = {NULL};
    const json_t *sent = json_object_get(request->body, "run_input");
    const struct field *field = field_find(resume_fields, "run_input");
    struct input_request input_request;
    int found = input_request_load_open(txn, request->params[0], &input_request);

    *ret_check = (struct answer_check){.valid = true};
    if (found <= 0)
        return found;
    const char *text =
        json_is_object(sent)
            ? field_value(field, &request->arena, sent, request->body_text, path).text
            : NULL;
    return answer_check(txn, &request->arena, &input_request, sent, text, ret_check);
}

static int prepare_resume(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct answer_check *check = arena_alloc(&request->arena, sizeof(*check));

    (void)reply;
    request->prepared = check;
    return check_run_input(txn, request, check);
}

/* A refusal of the input has the details of an abort: clients look for its reason there. */
static int refuse_resume(struct http_reply *reply, const struct state *state, const char *status,
                         const char *reason)
{
    struct json_writer writer;

    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "state");
    if (state)
        state_write(&writer, state);
    else
        json_add_null(&writer);
    json_key(&writer, "status");
    json_add_string(&writer, status);
    json_key(&writer, "details");
    json_begin_object(&writer);
    json_key(&writer, "type");
    json_add_string(&writer, "abort_details");
    json_key(&writer, "reason");
    json_add_string(&writer, reason);
    json_end_object(&writer);
    json_end_object(&writer);
    return HANDLER_DONE;
}

static int resume(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct answer_check *check = request->prepared;
    struct input_request input_request = {0};
    struct outcome outcome;
    struct flow_run run;
    int found = flow_run_load(txn, request->params[0], &run);

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Flow run not found");
    if (run.state.type != STATE_PAUSED)
        return refuse_resume(reply, NULL, "ABORT", "Cannot resume a flow run that is not paused.");
    int open = input_request_load_open(txn, run.id, &input_request);
    if (open < 0)
        return HANDLER_FAILED;
    /* What was checked may have changed since. */
    if (open &&
        (check->version != input_request.version ||
         strcmp(check->request_id, input_request.id) != 0) &&
        check_run_input(txn, request, check) < 0)
        return HANDLER_FAILED;
    bool in_time = input_request.deadline >= txn_now(txn);
    if (open && in_time && check->schema_missing)
        return refuse_resume(reply, &run.state, "REJECT", "Run input schema not found.");
    if (open && in_time && !check->valid)
        return refuse_resume(reply, &run.state, "REJECT", check->reason);
    const struct answer answer = {.value = check->value, .via = "resume"};
    if (open && in_time && input_request_answer(txn, &input_request, &answer) < 0)
        return HANDLER_FAILED;
    if (flow_run_resume(txn, &run, &outcome) < 0)
        return HANDLER_FAILED;
    return reply_outcome(reply, &outcome);
}

/* ---- reading ---- */

static const struct resource flow_run_state = {
    .name = "State", .table = "flow_run_states", .fields = state_fields};

static const struct field list_query[] = {{.name = "flow_run_id",
                                           .type = FIELD_ID,
                                           .flags = FIELD_REQUIRED,
                                           .doc = "The run whose states they are."},
                                          FIELDS_END};

int reply_states(struct txn *txn, struct request *request, struct http_reply *reply,
                 const char *table, const char *owner)
{
    const struct resource states = {.name = "State", .table = table, .fields = state_fields};
    const char *text = request_query(request, owner);
    struct json_writer writer;
    sql_auto sql = {0};
    char id[ID_SIZE];

    if (!text || !id_parse(text, id)) {
        problems_auto problems;
        problems_init(&problems, "query");
        problems_add_at(&problems, owner, text ? "uuid_parsing" : "missing", NULL,
                        text ? "Input should be a valid UUID" : "Field required");
        return reply_problems(reply, request, &problems);
    }
    resource_select(&states, &sql);
    sql_addf(&sql, " WHERE r.%s = ? ORDER BY r.timestamp", owner);
    sql_bind(&sql, value_text(id));
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    if (reply_rows(txn, &writer, state_fields, &sql) < 0)
        return HANDLER_FAILED;
    json_end_array(&writer);
    return HANDLER_DONE;
}

static int list_states(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return reply_states(txn, request, reply, "flow_run_states", "flow_run_id");
}

/* ---- routes ---- */

static const struct body resume_body = {.fields = resume_fields, .optional = true};

const struct route flow_run_state_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/set_state",
     .handle = set_state,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &set_state_body,
     .summary = "Proposes a state for a run; the rules of orchestration judge.",
     .status = 201,
     .answers = ANSWERS_200 | ANSWERS_404,
     .reply_fields = outcome_fields},
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/resume",
     .handle = resume,
     .prepare = prepare_resume,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &resume_body,
     .summary = "Resumes a paused run, with the input that it waits for.",
     .status = 201,
     .answers = ANSWERS_200 | ANSWERS_404,
     .reply_fields = outcome_fields},
    {.method = HTTP_GET,
     .path = "/api/flow_run_states/{id}",
     .handle = resource_read,
     .resource = &flow_run_state,
     .summary = "Reads a state.",
     .status = 200,
     .answers = ANSWERS_404,
     .reply_fields = state_fields},
    {.method = HTTP_GET,
     .path = "/api/flow_run_states/",
     .handle = list_states,
     .summary = "Lists the states of a run (?flow_run_id=), oldest first.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = state_fields,
     .query = list_query},
    {.path = NULL},
};
