/*
 * A run of a deployment in its own process.
 *
 * The runner starts its own program again and tells it by one variable of the environment that it
 * is to do a run, and by whom it was started: the runner's process id. Which run it is comes later,
 * as its order (process.h): "DEPLOYMENT:RUN-ID:HOLDER", the deployment as a number in the list that
 * is served, the holder as that of the run's lease. What it prints goes to the runner; the run's
 * log is shown on PROCESS_TERMINAL.
 */
#pragma once

#include "common/error.h"
#include "include/fermata.h"
#include "lib/process.h"

#define SERVED_BY "FERMATA_SERVED_BY"

/* The exit status of such a process once the server knows how it ended: completed, failed or
 * suspended. With any other it ended without a word. */
#define SERVED_TOLD 120

/* Waits for a run, runs it and gives the exit status, if this process was started for one; else
 * -1. */
int run_if_served(const struct fm_deployment *deployments, const struct fm_serve_options *options);

/* For the runner: starts such a process. `terminal` is a descriptor beyond those of process.h. */
int served_start(int terminal, struct process *ret_process, struct fm_error *error) MUST_CHECK;
void served_write_order(struct buf *order, size_t deployment, const char *run_id,
                        const char *holder);
