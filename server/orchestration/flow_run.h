/*
 * A flow run as the rules see it, and the one way in which its row changes.
 */
#pragma once

#include "server/orchestration/state.h"
#include "server/orchestration/work_queue.h"

struct flow_run {
    char id[ID_SIZE];
    const char *name;
    char flow_id[ID_SIZE];
    const char *deployment_id;      /* or NULL */
    const char *parent_task_run_id; /* or NULL */
    const char *infrastructure_pid; /* or NULL */
    const char *work_queue_id;      /* or NULL */
    const char *work_pool_name;     /* or NULL */
    int64_t run_count;
    int64_t expected_start_time; /* TIME_NEVER: none, like the three below */
    int64_t next_start_time;     /* as long as it is scheduled */
    int64_t start_time;
    int64_t end_time;
    double total_run_time;
    json_t *policy; /* empirical_policy: retries, retry_delay, pause_keys, resuming, retry_type */
    struct state state;
};

/* In the transaction's memory. 1, 0 if there is none, -1. */
int flow_run_load(struct txn *txn, const char *id, struct flow_run *ret_run) MUST_CHECK;

/* Members of the policy. */
bool flow_run_has_paused(const struct flow_run *run, const char *pause_key);
double flow_run_retries(const struct flow_run *run);
double flow_run_retry_delay(const struct flow_run *run); /* seconds */

/* What is in the text of the policy of a run that its own process tries again. */
#define POLICY_IN_PROCESS "\"retry_type\":\"in_process\""

/*
 * Puts the run into a state: the state gets its id and its timestamp and is stored, the run's row
 * follows (counts, times, policy), so do the task run that stands for it in its parent and the
 * input request that it waits for, and those who watch the run are told.
 */
int flow_run_enter(struct txn *txn, struct flow_run *run, struct state *state) MUST_CHECK;

/* What a new run is made of. JSON members are text. */
struct new_flow_run {
    const char *id;   /* NULL: a new one */
    const char *name; /* NULL: a made-up one */
    const char *flow_id;
    const char *deployment_id;
    const char *deployment_version;
    const struct work_queue *work_queue; /* where it waits for a worker, or NULL */
    const char *flow_version;
    const char *parameters; /* NULL: {}; so are the next ones */
    const char *context;
    const char *labels;   /* without those that the server adds */
    const char *tags;     /* NULL: [] */
    const json_t *policy; /* NULL or what the client sent */
    const char *idempotency_key;
    const char *parent_task_run_id;
    const char *created_by;
    const char *job_variables;
    const char *infrastructure_document_id;
    bool auto_scheduled;
};

/*
 * Creates a run, in a state if one is given. If the flow has a run with that idempotency key
 * already, that one is told and nothing is made: 0; else 1; -1 on failure, with code ENOENT if the
 * flow is not there.
 */
int flow_run_create(struct txn *txn, const struct new_flow_run *new_run, struct state *state,
                    char ret_id[static ID_SIZE]) MUST_CHECK;

/* Deletes the run with all that is its own, but no more than `*room` of the rows that it may have
 * many of, which it counts down: where none is left the run is still there, with less, and has to
 * be deleted further in another transaction. How many such runs there were, or -1. */
#define RUN_PARTS_AT_ONCE 5000
int flow_run_delete(struct txn *txn, const char *id, int *room) MUST_CHECK;

extern const struct field flow_run_policy_fields[]; /* of empirical_policy */
