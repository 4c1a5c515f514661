/* Resuming a paused run, as stock clients do it. */
#include <string.h>

#include "server/api/candidates.h"
#include "server/api/routes.h"
#include "server/api/states.h"
#include "server/orchestration/answer_check.h"
#include "server/orchestration/transition.h"

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

/* What became of an answer that the flow checked, as stock clients are told. */
static int tell_resumed(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct candidate candidate;
    struct flow_run run;
    int judged = await_verdict(txn, request, &candidate);

    if (judged <= 0)
        return judged < 0 ? HANDLER_FAILED : HANDLER_PARK;
    int found = flow_run_load(txn, request->params[0], &run);
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Flow run not found");
    if (candidate.state == CANDIDATE_REFUSED)
        return refuse_resume(reply, &run.state, "REJECT", candidate.reason);
    if (candidate.state != CANDIDATE_ACCEPTED)
        return refuse_resume(reply, NULL, "ABORT", "Cannot resume a flow run that is not paused.");
    const struct outcome outcome = {
        .verdict = VERDICT_ACCEPT, .reason = "", .state = run.state, .written = true};
    return reply_outcome(reply, &outcome);
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
    if (open && input_request.state == INPUT_REQUEST_CHECKING)
        return refuse_resume(reply, &run.state, "REJECT",
                             "Another answer is being checked by the flow just now.");
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
    const struct answer answer = {
        .value = check->value, .via = "resume", .unchecked = input_request.checks};
    if (open && in_time && flow_checks(request, &input_request))
        return ask_flow(txn, request, &input_request, &answer);
    if (open && in_time && input_request_answer(txn, &input_request, &answer) < 0)
        return HANDLER_FAILED;
    if (flow_run_resume(txn, &run, &outcome) < 0)
        return HANDLER_FAILED;
    return reply_outcome(reply, &outcome);
}

static const struct body resume_body = {.fields = resume_fields, .optional = true};

const struct route resume_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/resume",
     .handle = resume,
     .prepare = prepare_resume,
     .then = tell_resumed,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &resume_body,
     .summary = "Resumes a paused run, with the input that it waits for.",
     .status = 201,
     .answers = ANSWERS_200 | ANSWERS_404,
     .reply_fields = outcome_fields},
    {.path = NULL},
};
