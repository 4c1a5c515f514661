/* Proposing states: judged by the rules, then entered, in one transaction. */
#pragma once

#include "server/orchestration/rules.h"
#include "server/orchestration/task_run.h"

/* What became of a proposal, as the API tells it. */
struct outcome {
    enum verdict verdict;
    const char *reason;
    int64_t wait_seconds;
    struct state state; /* that the run has now */
    bool written;       /* a state was entered */
};

int flow_run_propose(struct txn *txn, struct flow_run *run, struct state *proposed, bool force,
                     struct outcome *ret_outcome) MUST_CHECK;
int task_run_propose(struct txn *txn, struct task_run *run, struct state *proposed, bool force,
                     struct outcome *ret_outcome) MUST_CHECK;

/* Resumes a paused run: a process that waits goes on (RUNNING), a suspended run is scheduled anew
 * ("Resuming"). */
int flow_run_resume(struct txn *txn, struct flow_run *run, struct outcome *ret_outcome) MUST_CHECK;

/* {"state": …, "status": "ACCEPT", "details": {…}}; or its members, into an object begun already.
 */
void outcome_write(struct json_writer *writer, const struct outcome *outcome);
void outcome_write_members(struct json_writer *writer, const struct outcome *outcome);
extern const struct field outcome_fields[];
extern const struct field outcome_detail_fields[];
extern const char *const outcome_statuses[];
