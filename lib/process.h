/* Starting this program again, as the process of a run. */
#pragma once

#include <sys/types.h>

#include "common/error.h"
#include "include/fermata.h"

/* The descriptors that it gets as its own. */
struct process_files {
    int out;      /* standard output */
    int err;      /* standard error */
    int terminal; /* this one, under the same number */
};

/* Starts it with the arguments of this process and one variable more in its environment, in a
 * process group of its own: a Ctrl-C at the terminal is the runner's, and what the flow has started
 * ends with it. */
int process_start(char *variable, const struct process_files *files, pid_t *ret_pid,
                  struct fm_error *error) MUST_CHECK;
