/*
 * Candidates: answers that the flow itself checks while its run still waits.
 *
 * A flow that checks answers says so in its schema and keeps a waiting read of its inputs open for
 * them (live/lease.h). An answer that fits the schema then becomes a candidate: the request is
 * "checking", the flow gets the answer and says yes or what is wrong. Accepted, the run goes on
 * with it; refused, the request is open again and whoever answered is told. A flow that stays
 * silent until the candidate is due has the answer taken without it.
 */
#pragma once

#include "server/orchestration/input_request.h"

enum candidate_state {
    CANDIDATE_CHECKING,
    CANDIDATE_ACCEPTED,
    CANDIDATE_REFUSED,
    CANDIDATE_DROPPED, /* the run left the pause by another way */
};

extern const char *const candidate_state_names[]; /* ends with NULL */

#define CANDIDATE_TIME (10 * SECOND) /* that a flow has to judge */

struct candidate {
    char id[ID_SIZE];
    char input_request_id[ID_SIZE];
    char flow_run_id[ID_SIZE];
    const char *value; /* JSON text, or NULL */
    const char *by;
    const char *via;
    int64_t due;
    enum candidate_state state;
    const char *reason; /* of a refusal */
    const char *errors; /* of a refusal: JSON text of [{"path", "message"}] */
};

/* Makes the answer a candidate of the request, which is open. */
int candidate_make(struct txn *txn, const struct input_request *request,
                   const struct answer *answer, char ret_id[static ID_SIZE]) MUST_CHECK;

/* In the transaction's memory. 1, 0 if there is none, -1. */
int candidate_load(struct txn *txn, const char *id, struct candidate *ret_candidate) MUST_CHECK;

/* The one that waits for the run's verdict. */
int candidate_load_checking(struct txn *txn, const char *flow_run_id,
                            struct candidate *ret_candidate) MUST_CHECK;

/* The flow says yes: the run goes on with the answer. `unchecked`: it has said nothing in time. */
int candidate_accept(struct txn *txn, const struct candidate *candidate, bool unchecked) MUST_CHECK;

/* The flow says no: the request is open again. */
int candidate_refuse(struct txn *txn, const struct candidate *candidate, const char *reason,
                     const char *errors) MUST_CHECK;

/* The request is over by another way. */
int candidate_drop(struct txn *txn, const char *input_request_id) MUST_CHECK;
