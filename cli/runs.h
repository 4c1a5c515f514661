/* Flow runs, as far as several commands have to do with them. */
#pragma once

#include "cli/api.h"

/* Shows the log of a run (its id or name) until it ends. An exit status: done if it is COMPLETED.
 */
int logs_follow(struct cli *cli, const char *run);

/* Waits until a run (its id or name) has ended, for ever if `seconds` is 0, and tells its state. An
 * exit status: done if it is COMPLETED. */
int run_await(struct cli *cli, const char *run, int64_t seconds);

/* Whether a type of state ends a run. */
bool is_terminal_type(const char *type);

/* Appends "2 minutes ago"; nothing without a time. */
void add_when(struct buf *to, const char *timestamp);

/* The names of the flows of these runs, as an object from id to name. */
int get_flow_names(struct cli *cli, const json_t *runs, json_t **ret_names, struct error *error);

/* `fermata flow-run logs`. */
struct log_settings {
    bool follow;
    int64_t tail;      /* lines; negative: all */
    const char *level; /* its name, or NULL */
};
command_function run_logs;

/* `fermata flow-run wait`. */
struct wait_settings {
    int64_t timeout; /* seconds; 0: none */
};
command_function command_wait, command_resume, command_retry, command_cancel, command_delete;
