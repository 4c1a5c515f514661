/* Running a flow whose run the server knows, from RUNNING to its end. */
#pragma once

#include "lib/run.h"
#include "lib/states.h"

/*
 * Starts the log, watches for signals, calls the flow (again if it is to be retried) and tells the
 * server how it ended. Prints the log and the state changes. `log_client` is for the log alone.
 * `ret_status`: 0; 128 and the signal's number if one ended it; else 1.
 * `is_new`: the run was made just now, for somebody who sits before it: that is said too, and a
 * second signal ends the process. In a process of a runner, whose end may come as several signals,
 * further ones are ignored.
 */
int engine_run(struct fm_run *run, struct fm_client *log_client, bool is_new, int *ret_status,
               struct fm_error *error) MUST_CHECK;

/* The same for a run inside another one, with whose log, signals and interruptions it goes. */
int engine_run_subflow(struct fm_run *run, struct outcome *ret_outcome,
                       struct fm_error *error) MUST_CHECK;

/* Logs how a flow or a task ended: "Finished in state Completed()". */
void engine_tell_end(struct fm_run *run, const struct outcome *outcome, const char *message);
