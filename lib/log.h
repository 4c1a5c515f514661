/*
 * The log of a run: to the terminal at once, to the API in batches by a thread of its own.
 *
 * Lines are kept while the server is away, up to a limit (then they are counted, and the count is
 * logged). Whoever logs never waits for the network.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "common/error.h"
#include "include/fermata.h"

struct run_log;

/* By these names existing tools know whose a line is. */
#define RUN_LOGGER    "prefect.flow_runs"
#define TASK_LOGGER   "prefect.task_runs"
#define OUTPUT_LOGGER RUN_LOGGER ".output" /* what a run's process prints */

/* Whose line it is. The strings are the caller's. */
struct log_source {
    const char *logger;
    const char *flow_run_id;
    const char *task_run_id; /* NULL: the line is the flow's own */
    const char *name;        /* of the task run or the flow run */
};

struct run_log_config {
    /* The log's own: interrupting the run's must not lose lines. It stays the caller's, like the
     * strings, until run_log_stop. */
    struct fm_client *client;
    struct log_source about; /* the flow run, which is told how many lines were lost */
    int terminal_fd;         /* negative: lines are not shown */
};

int run_log_start(const struct run_log_config *config, struct run_log **ret_log,
                  struct fm_error *error) MUST_CHECK;

/* Sends what is left, and frees the log. A server that is away or silent has some seconds for all
 * of it; then the client is interrupted. The number of lines that could not be stored. NULL is
 * allowed. */
int run_log_stop(struct run_log *log);

void run_log_add(struct run_log *log, const struct log_source *source, enum fm_level level,
                 const char *format, va_list args) PRINTF_LIKE(4, 0);

/* Waits until all lines so far are sent, for so many seconds at most. */
void run_log_flush(struct run_log *log, double seconds);

/* The same for a text as it is. */
void run_log_add_text(struct run_log *log, const struct log_source *source, enum fm_level level,
                      const char *text);

/* A line for the terminal only, of the part of the library that is named. */
void run_log_print(struct run_log *log, enum fm_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);
