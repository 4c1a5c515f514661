/* The flow's side of checking answers: getting a candidate, saying yes or no. */
#include "server/api/candidates.h"

#include <errno.h>

#include "common/times.h"
#include "server/api/routes.h"
#include "json/schema.h"
#include "json/text.h"

/* How long a flow counts as there after its waiting read: it comes back for the next one. */
#define LEASE_MARGIN (5 * SECOND)

/* ---- for the routes that take answers ---- */

/* The flow waits for answers, or holds its run and will do so in a moment. */
static bool flow_is_there(struct request *request, const char *run_id)
{
    const struct api_config *config = api_config(request->api);

    return leases_hold(config->leases, run_id, time_now()) ||
           leases_hold(config->run_leases, run_id, time_monotonic());
}

bool flow_checks(struct request *request, const struct input_request *input_request)
{
    return input_request->checks && !input_request->suspended &&
           flow_is_there(request, input_request->flow_run_id);
}

int ask_flow(struct txn *txn, struct request *request, const struct input_request *input_request,
             const struct answer *answer)
{
    char id[ID_SIZE];

    if (candidate_make(txn, input_request, answer, id) < 0)
        return HANDLER_FAILED;
    return request_then(request, id, txn_now(txn) + CANDIDATE_TIME + LEASE_MARGIN);
}

int await_verdict(struct txn *txn, struct request *request, struct candidate *ret_candidate)
{
    if (request_watch(txn, request, "candidate:%s", request->subject) < 0)
        return -1;
    int found = candidate_load(txn, request->subject, ret_candidate);
    if (found < 0)
        return -1;
    if (!found)
        ret_candidate->state = CANDIDATE_DROPPED;
    if (found && ret_candidate->state == CANDIDATE_CHECKING) {
        if (request_may_wait(request, txn))
            return 0;
        /* The server stops, or its clock does not come round: a 503, to be asked again. */
        return txn_fail(txn, ETIMEDOUT, "the flow has not yet said what it thinks of the answer");
    }
    return 1;
}

/* ---- getting one ---- */

static const struct field candidate_fields[] = {
    {.name = "id", .type = FIELD_ID, .doc = "To be named in the verdict."},
    {.name = "input_request_id", .type = FIELD_ID, .doc = "The request that it answers."},
    {.name = "value",
     .type = FIELD_MAP,
     .doc = "The answer; it fits the schema. Fields that were left out are not in it."},
    {.name = "by", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "Who answers."},
    {.name = "due", .type = FIELD_TIME, .doc = "When the answer is taken without a verdict."},
    FIELDS_END};

static int reply_candidate(struct http_reply *reply, const struct candidate *candidate)
{
    struct json_writer writer;

    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "id");
    json_add_string(&writer, candidate->id);
    json_key(&writer, "input_request_id");
    json_add_string(&writer, candidate->input_request_id);
    json_key(&writer, "value");
    json_add_text(&writer, candidate->value ? candidate->value : "{}");
    json_key(&writer, "by");
    json_add_string(&writer, candidate->by);
    json_key(&writer, "due");
    json_add_time(&writer, candidate->due);
    json_end_object(&writer);
    return HANDLER_DONE;
}

/* While it waits here, the flow counts as there. */
static int read_candidate(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct leases *leases = api_config(request->api)->leases;
    const char *run_id = request->params[0];
    struct candidate candidate;
    rows_auto rows = {0};

    leases_set(leases, run_id, txn_now(txn) + request->wait_seconds * SECOND + LEASE_MARGIN);
    if (request_watch(txn, request, "candidate_for:%s", run_id) < 0 ||
        request_watch(txn, request, "flow_run:%s", run_id) < 0)
        return HANDLER_FAILED;
    int found = candidate_load_checking(txn, run_id, &candidate);
    if (found < 0)
        return HANDLER_FAILED;
    if (found)
        return reply_candidate(reply, &candidate);
    int paused = db_first(
        txn, &rows, "SELECT 1 FROM flow_runs WHERE id = ? AND state_type = 'PAUSED'", V(run_id));
    if (paused < 0)
        return HANDLER_FAILED;
    if (!paused) {
        leases_set(leases, run_id, 0);
        return reply_detail(reply, 410, "The run does not wait for an answer.");
    }
    if (request_may_wait(request, txn))
        return HANDLER_PARK;
    return reply_detail(reply, 404, "There is no answer to check.");
}

/* ---- judging ---- */

static const struct field error_fields[] = {{.name = "path",
                                             .type = FIELD_TEXT,
                                             .flags = FIELD_REQUIRED,
                                             .doc = "Which field; empty for the whole."},
                                            {.name = "message",
                                             .type = FIELD_TEXT,
                                             .flags = FIELD_REQUIRED,
                                             .doc = "What is wrong with it."},
                                            FIELDS_END};

static const struct field verdict_fields[] = {{.name = "accepted",
                                               .type = FIELD_BOOLEAN,
                                               .flags = FIELD_REQUIRED,
                                               .doc = "Whether the run goes on with the answer."},
                                              {.name = "reason",
                                               .type = FIELD_TEXT,
                                               .flags = FIELD_NULLABLE,
                                               .max_length = 4000,
                                               .doc = "Of a refusal, in one sentence."},
                                              {.name = "errors",
                                               .type = FIELD_OBJECTS,
                                               .fields = error_fields,
                                               .most = SCHEMA_ERRORS,
                                               .fallback = "[]",
                                               .doc = "What is wrong with which field."},
                                              FIELDS_END};

/* Whether the candidate still waits for a verdict; else the reply says so. */
static int load_judgeable(struct txn *txn, struct request *request, struct http_reply *reply,
                          struct candidate *ret_candidate)
{
    int found = candidate_load(txn, request->params[0], ret_candidate);

    if (found < 0)
        return -1;
    if (!found)
        reply_detail(reply, 404, "Candidate not found");
    else if (ret_candidate->state != CANDIDATE_CHECKING)
        reply_detail(reply, 409, "The verdict comes too late: the answer was %s.",
                     candidate_state_names[ret_candidate->state]);
    else
        return 1;
    return 0;
}

static int judge_candidate(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const json_t *errors = json_object_get(request->body, "errors");
    const char *reason = request_text(request, "reason");
    struct candidate candidate;
    int judgeable = load_judgeable(txn, request, reply, &candidate);

    if (judgeable <= 0)
        return judgeable < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (request_flag(request, "accepted", false)) {
        if (candidate_accept(txn, &candidate, false) < 0)
            return HANDLER_FAILED;
        return reply_nothing(reply, 204);
    }
    if (candidate_refuse(txn, &candidate, reason ? reason : "The flow refused the answer.",
                         errors ? json_arena_text(txn_arena(txn), errors) : "[]") < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

static const struct body verdict_body = {.fields = verdict_fields};

const struct route candidate_routes[] = {
    {.method = HTTP_GET,
     .path = "/api/flow_runs/{id}/candidate",
     .handle = read_candidate,
     .flags = ROUTE_WAITS,
     .summary = "For a flow that checks answers itself: the answer that awaits its verdict. With "
                "Prefer: wait, as soon as there is one; 410 once the run does not wait any more.",
     .status = 200,
     .answers = ANSWERS_404 | ANSWERS_410,
     .reply_fields = candidate_fields},
    {.method = HTTP_POST,
     .path = "/api/input_candidates/{id}/verdict",
     .handle = judge_candidate,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &verdict_body,
     .summary = "The flow's verdict: accepted, the run goes on; else the request is open again and "
                "whoever answered is told why. 409 if it comes too late.",
     .status = 204,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_NOTHING},
    {.path = NULL},
};
