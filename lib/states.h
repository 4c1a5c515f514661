/* Proposing states to the server, which decides what becomes of them. */
#pragma once

#include "common/error.h"
#include "include/fermata.h"

struct proposal {
    const char *type;
    const char *name;    /* NULL: the type's */
    const char *message; /* NULL: none */
    bool force;          /* past most of the server's rules */
    const char *lease;   /* under which the run is held or taken; NULL: none */
    bool of_task;        /* the run is a task's */
    const char *result;  /* JSON text, of COMPLETED; NULL: none */

    /* Of PAUSED: */
    int64_t pause_timeout; /* a point in time; TIME_NEVER: none */
    const char *pause_key; /* NULL: this is no pause */
    bool reschedule;       /* the run is suspended: its process ends */
    const char *keyset;    /* "paused-1": the input is asked for under keys that begin with it */
};

enum verdict {
    ACCEPTED,
    REJECTED, /* another state holds instead: it is in the outcome */
    ABORTED,  /* the run has to stop */
    WAIT,     /* propose it again after a delay */
};

struct outcome {
    enum verdict verdict;
    char type[16]; /* of the state that holds now, "" if it was not told */
    char name[64];
    char message[256];
    char reason[256];
    double delay; /* of WAIT, seconds */
};

/* Results are kept with COMPLETED states, as {"result": ...} in their `data`. */
#define RESULT_MEMBER "result"

/* One proposal. Sent again where the connection was lost, it still counts once. */
int propose_state(struct fm_client *client, const char *run_id, const struct proposal *proposal,
                  struct outcome *ret_outcome, struct fm_error *error) MUST_CHECK;

/* The same, and the result that the state has that holds now: JSON text to be freed, NULL if it has
 * none. */
int propose_for_result(struct fm_client *client, const char *run_id,
                       const struct proposal *proposal, struct outcome *ret_outcome,
                       char **ret_result, struct fm_error *error) MUST_CHECK;

/* The same until the verdict is not WAIT; FM_CANCELLED if the client is interrupted meanwhile.
 * `ret_result` may be NULL here. */
int propose_until_due(struct fm_client *client, const char *run_id, const struct proposal *proposal,
                      struct outcome *ret_outcome, char **ret_result,
                      struct fm_error *error) MUST_CHECK;

bool outcome_is(const struct outcome *outcome, const char *type);
