/*
 * Input requests: one row for each time that a run waits for typed input.
 *
 * A row is opened when its run enters PAUSED, and takes its schema and description when they
 * arrive as inputs of the run. It ends answered, expired or cancelled, in the transaction in which
 * the run leaves PAUSED.
 */
#pragma once

#include "server/orchestration/flow_run.h"

enum input_request_state {
    INPUT_REQUEST_OPEN,
    INPUT_REQUEST_CHECKING, /* the flow is asked about an answer, see candidate.h */
    INPUT_REQUEST_ANSWERED,
    INPUT_REQUEST_EXPIRED,
    INPUT_REQUEST_CANCELLED,
};

extern const char *const input_request_state_names[]; /* ends with NULL */

struct input_request {
    char id[ID_SIZE];
    char flow_run_id[ID_SIZE];
    char state_id[ID_SIZE]; /* of the PAUSED state that asks */
    enum input_request_state state;
    int64_t version;
    bool suspended;
    bool checks;            /* the flow wants to check answers itself */
    bool wants_input;       /* false: nothing but a yes */
    const char *schema_key; /* names of the run's inputs; NULL where it wants no input */
    const char *response_key;
    const char *schema; /* JSON text; NULL while it has not arrived */
    int64_t deadline;   /* TIME_NEVER: none */
};

/* ---- for flow_run_enter ---- */

int input_request_open(struct txn *txn, const struct flow_run *run,
                       const struct state *state) MUST_CHECK;

/* The run leaves PAUSED: a request that is still open is over. */
int input_request_leave(struct txn *txn, const struct flow_run *run,
                        const struct state *next) MUST_CHECK;

/* ---- for the API ---- */

/* In the transaction's memory. 1, 0 if there is none, -1. */
int input_request_load(struct txn *txn, const char *id,
                       struct input_request *ret_request) MUST_CHECK;
/* The one of the run that is open or just being checked. */
int input_request_load_open(struct txn *txn, const char *flow_run_id,
                            struct input_request *ret_request) MUST_CHECK;

/* A description, as it came and as safe HTML (NULL where it is too long for that). */
struct description {
    const char *markdown;
    const char *html;
};

/* Makes the HTML of an input that is the description of the run's open request (CPU time: outside
 * of the transaction that stores it), in `arena`. Of other inputs: nothing. */
int input_request_describe(struct txn *txn, struct arena *arena, const char *flow_run_id,
                           const char *key, const char *value,
                           struct description *ret_description) MUST_CHECK;

/* An input of the run was stored: if it is the schema or the description of its open request, the
 * request takes it. */
int input_request_take(struct txn *txn, const char *flow_run_id, const char *key, const char *value,
                       const struct description *description) MUST_CHECK;

/* Who answered, and how: for the row. */
struct answer {
    const char *value; /* JSON text of an object, hydrated; NULL or "{}": nothing was filled in */
    const char *by;    /* the name that the client gave, or NULL */
    const char *via;   /* "api", "resume" */
    bool unchecked;    /* the flow wants to check it, and was not there or stayed silent */
};

/* Opens a request again, or marks it as being checked. */
int input_request_set_state(struct txn *txn, const char *id,
                            enum input_request_state state) MUST_CHECK;

/* Marks the request as answered and stores the answer where the flow looks for it. The run is to be
 * resumed in the same transaction. */
int input_request_answer(struct txn *txn, const struct input_request *request,
                         const struct answer *answer) MUST_CHECK;
