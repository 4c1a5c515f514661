/* Running a flow whose run the server knows, from RUNNING to its end. */
#pragma once

#include "lib/run.h"

/*
 * Starts the log, watches for signals, calls the flow (again if it is to be retried) and tells the
 * server how it ended. Prints the log and the state changes. `log_client` is for the log alone.
 * `is_new`: the run was made just now, for somebody who sits before it: that is said too, and a
 * second signal ends the process. In a process of a runner, whose end may come as several signals,
 * further ones are ignored.
 */
int engine_run(struct fm_run *run, struct fm_client *log_client, bool is_new, int *ret_status,
               struct fm_error *error) MUST_CHECK;

/* Somebody cancels the run, or it is not this process's any more: what the flow waits for ends with
 * FM_CANCELLED, and so does what it asks the server for from now on. From any thread. */
void engine_cancel(struct fm_run *run);
