/* A run as the library sees it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "common/arena.h"
#include "common/ids.h"
#include "include/fermata.h"
#include "lib/watch.h"

struct outcome;
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

struct fm_run {
    const struct fm_flow *flow;
    struct fm_client *client;
    struct run_log *log;
    char id[ID_SIZE];
    char flow_id[ID_SIZE];
    char lease[LEASE_SIZE]; /* under which this process holds it */
    int terminal_fd;        /* where its log is shown */
    const char *name;       /* in the arena, like the next */
    const char *flow_name;
    const void *parameters; /* NULL: the flow has none */
    atomic_int signal;      /* SIGINT or SIGTERM if the process was told to end */
    atomic_bool cancelling; /* somebody cancels the run through the API */

    _Atomic int64_t newest_answer; /* the number of the last answer to a question; 0: none yet */

    atomic_bool suspended; /* this process has nothing more to say about the run */

    pthread_mutex_t lock; /* for what follows */
    struct arena arena;
    struct thread_error *errors;
    struct grown_list *lists;
    int wake_fd; /* an eventfd that tells of a signal, for fm_prompt; -1: nobody asked yet */
    struct pause_key *pause_keys; /* of the author's own that were used */
    bool ending; /* the flow has returned: what its client says must not be interrupted */
    int pauses;  /* so far: the keys are "1", "2", ... */
};

/* Makes a run that the server does not know yet. The client is its caller's. */
int run_create(const struct fm_flow *flow, struct fm_client *client, struct fm_run **ret_run,
               struct fm_error *error) MUST_CHECK;
void run_destroy(struct fm_run *run);

/* propose_state as the one who holds the run. */
int run_propose(struct fm_run *run, const struct proposal *proposal, struct outcome *ret_outcome,
                struct fm_error *error) MUST_CHECK;

/* Keeps the error for fm_error, if r is negative; returns r. */
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
