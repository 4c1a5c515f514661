#include "server/orchestration/candidate.h"

#include <string.h>

#include "common/times.h"
#include "server/orchestration/transition.h"

const char *const candidate_state_names[] = {
    [CANDIDATE_CHECKING] = "checking",
    [CANDIDATE_ACCEPTED] = "accepted",
    [CANDIDATE_REFUSED] = "refused",
    [CANDIDATE_DROPPED] = "dropped",
    NULL,
};

int candidate_make(struct txn *txn, const struct input_request *request,
                   const struct answer *answer, char ret_id[static ID_SIZE])
{
    id_new(ret_id);
    int r =
        db_run(txn,
               "INSERT INTO input_candidates (id, created, input_request_id, flow_run_id, value,"
               " answered_by, answered_via, due, state)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'checking')",
               V(ret_id), V(txn_now(txn)), V(request->id), V(request->flow_run_id),
               V(answer->value), V(answer->by), V(answer->via), V(txn_now(txn) + CANDIDATE_TIME));
    if (r < 0 || input_request_set_state(txn, request->id, INPUT_REQUEST_CHECKING) < 0)
        return -1;
    txn_publish(txn, "candidate_for:%s", request->flow_run_id);
    txn_publish(txn, "clock");
    return 0;
}

/* ---- loading ---- */

static int load(struct txn *txn, const char *sql, const char *id, struct candidate *ret_candidate)
{
    rows_auto rows = {0};
    struct candidate candidate = {0};
    int found = db_first(txn, &rows, sql, V(id));

    if (found <= 0)
        return found;
    id_copy(candidate.id, rows_text(&rows, 0));
    id_copy(candidate.input_request_id, rows_text(&rows, 1));
    id_copy(candidate.flow_run_id, rows_text(&rows, 2));
    candidate.value = rows_strdup(&rows, 3, txn_arena(txn));
    candidate.by = rows_strdup(&rows, 4, txn_arena(txn));
    candidate.via = rows_strdup(&rows, 5, txn_arena(txn));
    candidate.due = rows_integer(&rows, 6);
    while (strcmp(candidate_state_names[candidate.state], rows_text(&rows, 7)) != 0)
        candidate.state++;
    candidate.reason = rows_strdup(&rows, 8, txn_arena(txn));
    candidate.errors = rows_strdup(&rows, 9, txn_arena(txn));
    *ret_candidate = candidate;
    return 1;
}

#define LOAD                                                                                       \
    "SELECT id, input_request_id, flow_run_id, value, answered_by, answered_via, due, state,"      \
    " reason, errors FROM input_candidates WHERE "

int candidate_load(struct txn *txn, const char *id, struct candidate *ret_candidate)
{
    return load(txn, LOAD "id = ?", id, ret_candidate);
}

int candidate_load_checking(struct txn *txn, const char *flow_run_id,
                            struct candidate *ret_candidate)
{
    return load(txn, LOAD "flow_run_id = ? AND state = 'checking'", flow_run_id, ret_candidate);
}

/* ---- verdicts ---- */

static int end(struct txn *txn, const char *id, enum candidate_state state, const char *reason,
               const char *errors)
{
    if (db_run(txn, "UPDATE input_candidates SET state = ?, reason = ?, errors = ? WHERE id = ?",
               V(candidate_state_names[state]), V(reason), V(errors), V(id)) < 0)
        return -1;
    txn_publish(txn, "candidate:%s", id);
    return 0;
}

int candidate_accept(struct txn *txn, const struct candidate *candidate, bool unchecked)
{
    const struct answer answer = {.value = candidate->value,
                                  .by = candidate->by,
                                  .via = candidate->via,
                                  .unchecked = unchecked};
    struct input_request request;
    struct outcome outcome;
    struct flow_run run;

    if (input_request_load(txn, candidate->input_request_id, &request) < 0)
        return -1;
    if (request.deadline < txn_now(txn))
        return candidate_refuse(txn, candidate, "The time to answer is over.", "[]");
    if (end(txn, candidate->id, CANDIDATE_ACCEPTED, NULL, NULL) < 0 ||
        input_request_answer(txn, &request, &answer) < 0 ||
        flow_run_load(txn, candidate->flow_run_id, &run) < 0)
        return -1;
    return flow_run_resume(txn, &run, &outcome);
}

int candidate_refuse(struct txn *txn, const struct candidate *candidate, const char *reason,
                     const char *errors)
{
    if (end(txn, candidate->id, CANDIDATE_REFUSED, reason, errors) < 0)
        return -1;
    /* The deadline may have passed meanwhile: then the clock looks at it now. */
    txn_publish(txn, "clock");
    return input_request_set_state(txn, candidate->input_request_id, INPUT_REQUEST_OPEN);
}

int candidate_drop(struct txn *txn, const char *input_request_id)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT id FROM input_candidates"
                         " WHERE input_request_id = ? AND state = 'checking'",
                         V(input_request_id));

    if (found <= 0)
        return found;
    const char *id = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    rows_close(&rows);
    return end(txn, id, CANDIDATE_DROPPED, NULL, NULL);
}
