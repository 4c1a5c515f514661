/*
 * The runner: takes the runs of the deployments that it serves and has each supervised.
 *
 * Three things wait at the same time for each run: a thread for the end of its process, one for
 * what it prints, and one, by a read that the server holds back, for the run to be cancelled. The
 * first thread waits for new runs, and one has a process ready for the next of them.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/ids.h"
#include "common/list.h"
#include "include/fermata.h"
#include "lib/output.h"
#include "lib/process.h"
#include "lib/spare.h"
#include "lib/terminal.h"
#include "lib/watch.h"

struct runner {
    const struct fm_deployment *deployments;
    size_t count;
    char (*ids)[ID_SIZE]; /* of the deployments */
    const char *url;
    struct fm_client *client;
    struct terminal terminal; /* standard error, under a number of its own for the processes */
    int limit;                /* of runs at the same time; 0: none */
    struct spare spare;       /* the process of the next run */

    /* The first thread's: */
    int at_once;  /* runs that are asked for */
    bool in_vain; /* of those that were offered last, none could be taken */

    pthread_mutex_t lock; /* for what follows, and for the runs' processes */
    pthread_cond_t changed;
    struct list runs;  /* of struct supervised */
    struct list ended; /* the same, whose threads are done and can be joined */
    int active;
    bool stopping;
};

/* A run and its process. */
struct supervised {
    struct list node;
    struct runner *runner;
    struct fm_client *client;
    struct output *output;
    struct watch *watch;
    pthread_t thread;
    size_t deployment; /* number */
    char id[ID_SIZE];
    char name[128];
    char holder[ID_SIZE]; /* of its lease */
    struct process process;
    bool exited;
    bool told_to_end; /* the run is cancelled, or lost */
};

/* Starts the process of a run that was claimed, and the threads that look after it. */
int supervise(struct runner *runner, size_t deployment, const char *id, const char *name,
              const char *holder, struct fm_error *error) MUST_CHECK;

/* Frees the runs that have ended. With `all` waits until there is none left. */
void supervise_join(struct runner *runner, bool all);

/* Tells all processes to end; kills those that are still there after the grace. */
void supervise_stop(struct runner *runner);

/* Waits with the lock held for `changed`, until a time of time_monotonic at most; false if it has
 * come. */
bool runner_wait(struct runner *runner, int64_t until);
int64_t runner_time_in(double seconds);
void runner_say(struct runner *runner, enum fm_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);
