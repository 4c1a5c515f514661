/*
 * The process of the next run, started ahead.
 *
 * To load a program and its libraries takes longer than all else that a run needs to begin: so the
 * runner has one process that has done this already and waits for its order. A thread keeps it: it
 * starts the next one when no run is left, or some time after the last has begun, so that the two
 * do not compete, and if there is room for a run more. One that ends before its time is not
 * replaced before the next run, which then starts a process for itself, as it does whenever there
 * is no spare one.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "include/fermata.h"
#include "lib/process.h"

struct runner;

struct spare {
    pthread_t thread;

    /* With the runner's lock. */
    bool is_running; /* there is the thread */
    int event;       /* an eventfd: what follows has changed */
    struct process process;
    bool is_wanted;
    int64_t not_before; /* time_monotonic */
};

void spare_init(struct spare *spare);

/* Without the thread a runner does its work all the same, a bit later. */
int spare_start(struct runner *runner, struct fm_error *error) MUST_CHECK;

/* For a run that begins now: the process, which is the caller's then, or none. */
struct process spare_take(struct runner *runner);

/* With the runner's lock, once it is stopping: the process is ended. */
void spare_end(struct runner *runner);

/* When no run is left: the thread has started their processes, and they end with it. */
void spare_stop(struct runner *runner);
