/*
 * What the process of a run prints: through to the runner's own output, a line at a time as it
 * comes, and into the run's log.
 */
#pragma once

#include "common/error.h"
#include "include/fermata.h"
#include "lib/process.h"

struct output;

/* `url` and the strings stay the caller's and have to live as long as the output. */
struct output_config {
    const char *url; /* of the API, see fm_client_create */
    const char
        *run_id; /* NULL: there is no log, it is only written through; nor is the rest used */
    const char *run_name;
    /* Tells the runner's user that lines could not be stored. */
    void (*complain)(void *context, const char *message);
    void *context;
};

/* Takes our ends of the process's output. */
int output_create(const struct output_config *config, struct process *process,
                  struct output **ret_output, struct fm_error *error) MUST_CHECK;

/* The process has ended: reads what is there of its last words, and no more. Programs that it has
 * left behind may go on writing; nobody listens. */
void output_finish(struct output *output);

/* Sends what the log still holds, for some seconds if the server is away, and frees all. NULL is
 * allowed. */
void output_destroy(struct output *output);
