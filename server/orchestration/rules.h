/*
 * What may follow what: the rules of each transition of a flow run, as a table.
 *
 * They are Prefect's (docs/api.md shows the same table in words). The first row that applies and
 * decides is the answer; rows that only change something on the way go on to the next. What no row
 * decides is accepted.
 */
#pragma once

#include "server/orchestration/flow_run.h"

enum verdict {
    VERDICT_GO_ON,   /* of a row only: it had its effect, the next ones decide */
    VERDICT_ACCEPT,  /* the proposed state is entered */
    VERDICT_KEEP,    /* refused: the present state stays */
    VERDICT_REPLACE, /* refused: another state is entered instead */
    VERDICT_ABORT,   /* refused for good: whoever proposed it is to stop */
    VERDICT_WAIT,    /* not yet: the present state stays, propose it again later */
};

struct transition {
    struct txn *txn;
    struct flow_run *run;
    struct state *proposed; /* the rules may complete it */
    bool force;             /* only the rules that hold always */

    /* The answer. */
    enum verdict verdict;
    const char *reason;       /* for a person; "" where there is none */
    int64_t wait_seconds;     /* VERDICT_WAIT */
    struct state replacement; /* VERDICT_REPLACE */
};

/* Judges; changes nothing in the store. */
void rules_judge(struct transition *transition);

struct rule {
    const char *name;
    unsigned from; /* sets of state types */
    unsigned to;
    bool always; /* also where the client forces the state */
    bool (*applies)(const struct transition *transition); /* NULL: it does */
    enum verdict verdict;
    const char *reason;                            /* with one %s: the type of the present state */
    void (*effect)(struct transition *transition); /* may be NULL */
};

extern const struct rule flow_run_rules[]; /* ends with a NULL name */
