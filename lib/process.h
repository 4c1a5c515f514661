/*
 * Starting this program again, as the process of a run.
 *
 * A process is started without knowing what for, and waits to be told: its order. So one can be
 * started ahead, and has loaded all that it needs when its run comes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/error.h"
#include "include/fermata.h"

/* Descriptors of the process; it has no other one of this process but standard input. */
#define PROCESS_TERMINAL 3 /* where the run's log is shown */
#define PROCESS_ORDER    4 /* through which it is told what to do */

/* Our ends of what connects us with it, -1 where they are closed or somebody else's by now. */
struct process {
    pid_t pid; /* 0: none */
    int order;
    int out; /* what it writes to standard output, without blocking */
    int err; /* to standard error, likewise */
};

#define PROCESS_NONE                                                                               \
    {                                                                                              \
        .order = -1, .out = -1, .err = -1                                                          \
    }

/* Starts it with the arguments of this process and one variable more in its environment, in a
 * process group of its own: a Ctrl-C at the terminal is the runner's, and what the flow has started
 * ends with it. The thread that calls this has to live as long as the process, which is told to end
 * when it does not. */
int process_start(char *variable, int terminal, struct process *ret_process,
                  struct fm_error *error) MUST_CHECK;

/* Tells it what to do, once; false if it has ended or does not listen. Waits until it listens, as
 * far as the order is too long to lie there for it. */
bool process_tell(struct process *process, const char *order, size_t length);

/* Closes our ends. One that has no order yet ends by itself then. */
void process_release(struct process *process);

/* In the process: whether there is an order, or will be none. */
bool process_has_order(void);

/* In the process: waits for the order; an empty one if there will be none. False if it cannot be
 * read. */
bool process_wait_for_order(struct buf *ret_order);
