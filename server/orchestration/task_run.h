/* Task runs as the rules see them. */
#pragma once

#include "server/orchestration/flow_run.h"

struct task_run {
    char id[ID_SIZE];
    const char *flow_run_id; /* or NULL */
    int64_t run_count;
    int64_t flow_run_run_count;  /* of its flow run when it last began */
    int64_t expected_start_time; /* TIME_NEVER: none, like the two below */
    int64_t start_time;
    int64_t end_time;
    double total_run_time;
    json_t *policy;
    json_t *tags;
    struct state state;
};

/* Members of the policy: its retries. */
extern const struct field task_run_policy_fields[];

/* In the transaction's memory. 1, 0 if there is none, -1. */
int task_run_load(struct txn *txn, const char *id, struct task_run *ret_run) MUST_CHECK;

/* Wakes those who wait for it, or for the task runs of its flow run (or NULL). */
void task_run_publish(struct txn *txn, const char *id, const char *flow_run_id);

/* Puts the task run into a state, as flow_run_enter does for flow runs. */
int task_run_enter(struct txn *txn, struct task_run *run, struct state *state) MUST_CHECK;

/* A flow run that stands for a task of its parent has entered a state: so does that task run. */
int task_run_follow_child(struct txn *txn, const struct flow_run *child,
                          const struct state *state) MUST_CHECK;
