/*
 * The runner: takes the runs of the deployments that it serves and has each supervised.
 *
 * Two things wait at the same time for each run: a thread for the end of its process, another, by a
 * read that the server holds back, for the run to be cancelled. A third waits for new runs.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/ids.h"
#include "common/list.h"
#include "include/fermata.h"
#include "lib/terminal.h"

struct runner {
    const struct fm_deployment *deployments;
    size_t count;
    char (*ids)[ID_SIZE]; /* of the deployments */
    const char *url;
    struct fm_client *client;
    struct terminal terminal;

    pthread_mutex_t lock; /* for what follows, and for the runs' `exited` */
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
    struct fm_client *client; /* for waiting reads; interrupted when the process has ended */
    pthread_t thread;
    size_t deployment; /* number */
    char id[ID_SIZE];
    char name[128];
    pid_t pid; /* 0 until it is started */
    bool exited;
    bool cancelled; /* told to end because the run is being cancelled */
};

/* Starts the process of a run that was claimed, and the threads that look after it. */
int supervise(struct runner *runner, size_t deployment, const char *id, const char *name,
              struct fm_error *error) MUST_CHECK;

/* Frees the runs that have ended. With `all` waits until there is none left. */
void supervise_join(struct runner *runner, bool all);

/* Tells all processes to end; kills those that are still there after `grace` seconds. */
void supervise_stop(struct runner *runner, double grace);

/* Waits with the lock held for `changed`, for so many seconds at most; false if they have passed.
 */
bool runner_wait(struct runner *runner, double seconds);
void runner_say(struct runner *runner, enum fm_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);
