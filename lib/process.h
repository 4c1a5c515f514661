/* Starting this program again, as the process of a run. */
#pragma once

#include <sys/types.h>

#include "common/error.h"
#include "include/fermata.h"

/* What it gets as its own; no other descriptor of this process but standard input. */
struct process_files {
    int out;      /* standard output */
    int err;      /* standard error */
    int terminal; /* PROCESS_TERMINAL */
};

#define PROCESS_TERMINAL 3

/* Starts it with the arguments of this process and one variable more in its environment, in a
 * process group of its own: a Ctrl-C at the terminal is the runner's, and what the flow has started
 * ends with it. */
int process_start(char *variable, const struct process_files *files, pid_t *ret_pid,
                  struct fm_error *error) MUST_CHECK;
