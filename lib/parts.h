/*
 * What runs inside a flow run, its tasks and subflows, and how an interruption reaches it.
 *
 * Each has a client of its own, so that one can be interrupted without the others. A client whose
 * task has ended is kept, with its connection, for the next one.
 */
#pragma once

#include "lib/run.h"

/* Makes `part` (a task's handle or a subflow's run) a part of the run behind `parent`, with a
 * client. If the parent was interrupted already, so is the part. */
int part_begin(struct fm_run *part, struct fm_run *parent, struct fm_error *error) MUST_CHECK;
void part_end(struct fm_run *part); /* harmless if it was not begun */

/* Its flow or task has returned: its end has to be told even after an interruption. Or it goes on
 * with another try, where an interruption counts again. */
void run_set_ending(struct fm_run *run, bool ending);

/* Ends what the run waits in, and all tasks and subflows inside it. Thread-safe. */
void run_interrupt(struct fm_run *run);

/* The same because somebody cancels the flow run through the API. */
void run_cancel(struct fm_run *run);

/* A descriptor that interruptions of the run are written to from now on; it stays the run's. */
int run_open_wake_fd(struct fm_run *run, struct fm_error *error) MUST_CHECK;

/* FM_CANCELLED if the run has to end, or one that it is a part of; FM_TIMED_OUT if the time is over
 * for it, or for one of these; else 0. */
int run_interruption(const struct fm_run *run);

/* The signal that tells this run to end, or one that it is a part of; 0: none. */
int run_signal(const struct fm_run *run);
bool run_is_cancelling(
    const struct fm_run *run); /* somebody cancels it, or one that it is part of */

/* Frees the clients that were kept; no part may be left. */
void parts_release(struct fm_run *run);
