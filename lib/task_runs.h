/*
 * Task runs as the server keeps them: of tasks, and those that stand for child runs.
 *
 * A task run is known by its flow run, the task's key and a dynamic key. The latter is made from
 * the input and from how often the task was called with it, so that a flow that is called again, in
 * this process or another one, finds what it had done, in whatever order it comes to it.
 */
#pragma once

#include "common/buf.h"
#include "common/ids.h"
#include "lib/run.h"

struct task_run_request {
    const char *key;         /* of the task, the same in all processes of the flow run */
    const void *what;        /* the task or flow itself: no other may have the key; or NULL */
    const char *name;        /* of the task */
    const struct buf *input; /* JSON */
    const char *const *tags;
    int retries;
    double retry_delay;
};

/* The task run that belongs to the next call of the task with this input, which is made if there is
 * none. Its name lies in the run's memory. */
int task_run_open(struct fm_run *run, const struct task_run_request *request,
                  char ret_id[static ID_SIZE], const char **ret_name,
                  struct fm_error *error) MUST_CHECK;

/* The flow is to be called again: calls are counted from the first. */
void task_calls_forget(struct fm_run *run);
