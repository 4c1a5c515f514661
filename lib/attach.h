/*
 * Taking part in a flow run that another process holds: what a script that is a run is made of is a
 * process each.
 */
#pragma once

#include "common/error.h"
#include "include/fermata.h"

struct attach_config {
    const char *url;      /* of the API, see fm_client_create */
    const char *run_id;   /* an id */
    const char *run_name; /* as it is shown with its lines of the log */
    const char *holder;   /* an id: under whose lease the run is held */
    int terminal_fd;      /* where its log is shown; negative: nowhere */
    int pauses;           /* that the run has had so far */
};

/* A handle of the run, with a log of its own. SIGINT and SIGTERM end what waits with it, with
 * FM_CANCELLED. It is for pauses, tasks, inputs and the log; whether the run completes is the
 * holder's to say. The strings of `config` are copied. */
int run_attach(const struct attach_config *config, struct fm_run **ret_run,
               struct fm_error *error) MUST_CHECK;

/* Sends what its log still holds, and frees it. The signal that ended its waits, or 0.
 * `ret_missing`: the lines that could not be stored. */
int run_detach(struct fm_run *run, int *ret_missing);
