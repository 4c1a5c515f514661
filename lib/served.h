/*
 * A run of a deployment in its own process.
 *
 * The runner starts its own program again and tells it by one variable of the environment which run
 * it is for: "DEPLOYMENT:RUNNER:RUN-ID:HOLDER", the deployment as a number in the list that is
 * served, the runner as its process id, the holder as that of the run's lease. Standard output and
 * error go to the runner; the run's log is shown on PROCESS_TERMINAL.
 */
#pragma once

#include "common/error.h"
#include "include/fermata.h"

#define SERVED_RUN "FERMATA_SERVED_RUN"

/* The exit status of such a process once the server knows how it ended: completed, failed or
 * suspended. With any other it ended without a word. */
#define SERVED_TOLD 120

/* Runs it and gives the exit status, if this process was started for a run; else -1. */
int run_if_served(const struct fm_deployment *deployments, const struct fm_serve_options *options);
