/* The states of flow runs: proposing them, resuming, reading them back. */
#include <string.h>

#include "common/times.h"
#include "server/api/held_polls.h"
#include "server/api/routes.h"
#include "server/api/run_leases.h"
#include "server/api/states.h"
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
    bool taken;
    int found = flow_run_load(txn, request->params[0], &run);

    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_exception(reply, 404, "Flow run with id %s not found", request->params[0]);
    read_proposal(txn, request, &state);
    if (run_lease_propose(txn, &run, &state, request_flag(request, "force", false), &request->lease,
                          &taken, &outcome) < 0 ||
        (taken && lease_start(txn, request, run.id) < 0))
        return HANDLER_FAILED;
    if (outcome.written && outcome.state.type == STATE_PAUSED)
        poll_note_pause(request, run.id);
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

const struct route flow_run_state_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/set_state",
     .handle = set_state,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT | ROUTE_LEASES,
     .body = &set_state_body,
     .summary = "Proposes a state for a run; the rules of orchestration judge.",
     .status = 201,
     .answers = ANSWERS_200 | ANSWERS_404,
     .reply_fields = outcome_fields},
    {ROUTE_READ("/api/flow_run_states/{id}", flow_run_state, resource_read),
     .summary = "Reads a state."},
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
