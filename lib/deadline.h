/* The time limit of a flow or a task: a thread that sleeps until it is over, if there is one. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "lib/run.h"

struct deadline {
    struct fm_run *run;
    double seconds;
    bool watched; /* there is a thread */
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t ended;
    bool over; /* the flow or task has returned */
};

/*
 * From now on the run has `seconds`; 0 and FM_FOREVER: any time. When they are over, the run has
 * `timed_out` and what it waits in is interrupted. If it has `end_by_force` and has not returned
 * some time after that either, this is called.
 */
int deadline_start(struct deadline *deadline, struct fm_run *run, double seconds,
                   struct fm_error *error) MUST_CHECK;
void deadline_stop(struct deadline *deadline);

/* FM_TIMED_OUT with the sentence that clients of this API know; `kind` is "Flow" or "Task". */
int fail_deadline(struct fm_error *error, const char *kind, double seconds);
