/*
 * What may follow what: the rules of each transition of a flow run or a task run, as tables.
 *
 * They are Prefect's (docs/api.md shows the same table in words). The first row that applies and
 * decides is the answer; rows that only change something on the way go on to the next. What no row
 * decides is accepted.
 */
#pragma once

#include "server/orchestration/flow_run.h"
#include "server/orchestration/task_run.h"

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
    struct flow_run *run;       /* of a task run: the run that it belongs to, or NULL */
    struct task_run *task;      /* NULL: the transition is the flow run's own */
    const struct state *cached; /* of a task run: the result kept under its cache key, or NULL */
    const struct state *present;
    struct state *proposed; /* the rules may complete it */
    bool force;             /* only the rules that hold always */

    /* The answer. */
    enum verdict verdict;
    const char *reason;       /* for a person; "" where there is none */
    int64_t wait_seconds;     /* VERDICT_WAIT */
    struct state replacement; /* VERDICT_REPLACE */
};

/* Of a run whose pause ran out, whoever notices first. */
#define PAUSE_NEVER_ENDED "The flow was paused and never resumed."

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
extern const struct rule task_run_rules[];

/* Judges; changes nothing in the store. */
void rules_judge(const struct rule *rules, struct transition *transition);

/* What rows of both tables ask and do. */
bool rule_is_repeated(const struct transition *t); /* the same transition_id again */
bool rule_has_result(const struct transition *t);  /* that was kept */
bool rule_is_early(const struct transition *t);
void rule_carry_scheduled_time(struct transition *t);
void rule_wait_until_scheduled(struct transition *t);
void rule_replace(struct transition *t, enum state_type type, const char *name,
                  const char *message);

/* Enters SCHEDULED "AwaitingRetry" in the place of a failure, so many seconds from now. */
void rule_await_retry(struct transition *t, double delay);
