/* A run as the library sees it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "common/arena.h"
#include "common/ids.h"
#include "common/list.h"
#include "include/fermata.h"
#include "lib/watch.h"

struct outcome;
struct part_client;
struct proposal;
struct run_log;

/* The last error of one thread of the flow. */
struct thread_error {
    struct thread_error *next;
    pthread_t thread;
    struct fm_error error;
};

/* A list to which something was appended, and how many items its memory can hold. */
struct grown_list {
    struct grown_list *next;
    const char **items;
    size_t capacity;
};

/* A key that the flow's author gave to a pause, and how often it was used. */
struct pause_key {
    struct pause_key *next;
    const char *key;
    int uses;
};

/*
 * What a flow or a task is handed. A task has a handle of its own within its flow run, a subflow is
 * a flow run of its own. What concerns a flow run as a whole lies in its own handle, the `owner`.
 */
struct fm_run {
    const struct fm_flow *flow;
    struct fm_run *owner;  /* of the flow run: the handle itself, unless it is a task's */
    struct fm_run *parent; /* in which this task or subflow was called; NULL: nobody called it */
    struct fm_client *client;
    struct run_log *log;
    char id[ID_SIZE]; /* of the flow run */
    char flow_id[ID_SIZE];
    char lease[LEASE_SIZE];    /* under which this process holds the flow run; the owner's */
    int terminal_fd;           /* where its log is shown */
    char task_run_id[ID_SIZE]; /* "" unless the handle is a task's */
    const char *name;          /* of the flow run; in the arena, like the next two */
    const char *task_run_name; /* or NULL */
    const char *flow_name;
    const void *parameters; /* NULL: the flow has none */
    atomic_bool timed_out;  /* its own timeout is over */

    /* The owner's. */
    atomic_int signal;      /* SIGINT or SIGTERM if the process was told to end */
    atomic_bool cancelling; /* somebody cancels the run through the API */
    atomic_bool suspended;  /* this process has nothing more to say about the run */
    bool signals_cancel;    /* it: who ends its process means the run; else it has crashed */
    bool leaves_retries;    /* to its runner, which starts another process for the next try */
    void (*end_by_force)(struct fm_run *run); /* for a flow that minds no timeout; NULL: nothing */
    _Atomic int64_t newest_answer; /* the number of the last answer to a question; 0: none yet */
    pthread_mutex_t lock;          /* for what follows, also in handles of tasks */
    struct arena arena;
    struct grown_list *lists;
    struct list parts;            /* tasks and subflows that are running, see parts.h */
    struct list idle_clients;     /* for their like */
    void *calls;                  /* how often tasks were called, see task_runs.h */
    const char *result;           /* what fm_set_result was given, as JSON; NULL: nothing */
    struct pause_key *pause_keys; /* of the author's own that were used */
    int pauses;                   /* so far: the keys are "1", "2", ... */

    /* Each handle's, with its owner's lock. */
    struct thread_error *errors;
    bool ending; /* the flow or task has returned: what its client says must not be interrupted */
    int wake_fd; /* an eventfd that tells of an interruption, for fm_prompt; -1: nobody asked yet */
    struct list part;                /* in the parts of its parent's owner */
    struct part_client *part_client; /* NULL: the client is another's */
};

/* Makes a run that the server does not know yet. The client is its caller's. */
int run_create(const struct fm_flow *flow, struct fm_client *client, struct fm_run **ret_run,
               struct fm_error *error) MUST_CHECK;
void run_destroy(struct fm_run *run);

/* propose_state as the one who holds the run. */
int run_propose(struct fm_run *run, const struct proposal *proposal, struct outcome *ret_outcome,
                struct fm_error *error) MUST_CHECK;

/* The same with the end of the flow run, or of the task run if the handle is a task's: a server
 * that is away is waited for, as long as the process is not told to end. What was done would be
 * lost. */
int run_propose_end(struct fm_run *run, const struct proposal *end, struct outcome *ret_outcome,
                    struct fm_error *error) MUST_CHECK;

/* Takes an id that a flow's author or another program gave; FM_INVALID if it is none. */
int run_id_parse(const char *text, char ret_id[static ID_SIZE], struct fm_error *error) MUST_CHECK;

/* Keeps the error for fm_error, if r is negative; returns r. What was interrupted because a timeout
 * is over has timed out, and is not cancelled. */
int run_keep_error(struct fm_run *run, int r, const struct fm_error *error);

/* model_decode into the run's memory, with its lock. */
int run_decode(struct fm_run *run, const struct fm_model *model, const struct fm_setting *initial,
               const char *json, size_t length, void *ret_value, struct fm_error *error) MUST_CHECK;

/* model_decode_bare, likewise. */
int run_decode_bare(struct fm_run *run, const struct fm_model *model, const char *json,
                    size_t length, void *ret_value, struct fm_error *error) MUST_CHECK;

/* Reads the parameters of the flow from a JSON object. */
int run_take_parameters(struct fm_run *run, const char *json, size_t length,
                        struct fm_error *error) MUST_CHECK;

/* The flow's name: its own, or the function's with dashes. In the arena; NULL without memory. */
const char *name_of_flow(struct arena *arena, const struct fm_flow *flow);
