/* Flows, their runs, and what these log. Part of <fermata.h>. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fermata/client.h>
#include <fermata/model.h>

/* ---- flows and their runs -------------------------------------------------------------------- */

/* One run of a flow. Made by the library and handed to the flow; what the library hands out with it
 * (strings, lists, errors) belongs to it and goes with it. Any thread of the flow may use it. */
struct fm_run;

struct fm_flow {
    /* 0 or more: the run is COMPLETED. Negative: it is FAILED, with the message of fm_error, or
     * what the code says (FM_CANCELLED, FM_SUSPENDED). */
    int (*function)(struct fm_run *run);
    const char *function_name;
    /* The same for a flow with parameters, a struct of this model. */
    int (*function_with)(struct fm_run *run, const void *parameters);
    const struct fm_model *parameters;

    const char *name; /* NULL: the function's, with dashes: greet_user is "greet-user" */
    int retries;      /* how often a failed run is tried again; a served one in a new process */
    double retry_delay;

    /* Seconds for one try, pauses included; 0: any time. When they are over, what the flow waits in
     * fails with FM_TIMED_OUT, and the run is FAILED, with the name TimedOut, once the flow
     * returns. A flow that computes asks fm_check now and then. One that completes late has
     * completed. The process of a served run that goes on for 30 seconds more is ended. */
    double timeout;
    bool end_;
};

/* FM_FLOW(greet_user) defines greet_user_flow for the function greet_user; what follows are fields
 * of struct fm_flow: FM_FLOW(greet_user, .retries = 2, .retry_delay = 10); */
#define FM_FLOW(...) FM_FLOW_(__VA_ARGS__, .end_ = false)
#define FM_FLOW_(function_, ...)                                                                   \
    static const struct fm_flow function_##_flow __attribute__((unused)) = {                       \
        .function = (function_), .function_name = #function_, __VA_ARGS__}

/*
 * The same for a flow with parameters: a struct with a model, whose schema the server knows.
 *
 *     static int add(struct fm_run *run, const struct add_parameters *parameters) {...}
 *     FM_FLOW_WITH(add, AddParameters);
 */
#define FM_FLOW_WITH(...) FM_FLOW_WITH_(__VA_ARGS__, .end_ = false)
#define FM_FLOW_WITH_(function_, model_, ...)                                                      \
    static int function_##_flow_call(struct fm_run *run, const void *parameters)                   \
    {                                                                                              \
        const __typeof__(*(model_).shape) *typed = parameters;                                     \
        return function_(run, typed);                                                              \
    }                                                                                              \
    static const struct fm_flow function_##_flow                                                   \
        __attribute__((unused)) = {.function_with = function_##_flow_call,                         \
                                   .parameters = &(model_).model,                                  \
                                   .function_name = #function_,                                    \
                                   __VA_ARGS__}

struct fm_run_options {
    const void *parameters;  /* the flow's struct; NULL: the defaults */
    const char *name;        /* of the run; NULL: the server invents one */
    const char *const *tags; /* FM_CHOICES-like list with NULL at its end, or NULL */
    const char *url;         /* of the API, see fm_client_create */
    bool end_;
};

/* Runs a flow here and now, recorded by the server, and gives the exit status for the process: 0
 * COMPLETED, 1 FAILED or no server, 130 after SIGINT and 143 after SIGTERM. Prints the run's log
 * and state changes to stderr. While it runs, SIGINT and SIGTERM end what it waits for with
 * FM_CANCELLED, and the run is CRASHED once the flow returns; a second one ends the process. That
 * its terminal is closed (SIGHUP) is like SIGTERM, unless the signal is ignored. Where
 * somebody cancels the run through the API, what it waits for ends with FM_CANCELLED, and so does
 * what it asks the server for. Options are fields of struct fm_run_options:
 * fm_run_flow(&greeter_flow, .name = "x"). */
#define fm_run_flow(...)        FM_RUN_FLOW_(__VA_ARGS__, .end_ = false)
#define FM_RUN_FLOW_(flow, ...) fm_run_flow_with(flow, &(struct fm_run_options){__VA_ARGS__})
int fm_run_flow_with(const struct fm_flow *flow, const struct fm_run_options *options);

const char *fm_run_id(const struct fm_run *run); /* of the flow run, in a task too; like the next */
const char *fm_run_name(const struct fm_run *run);
const char *fm_flow_name(const struct fm_run *run);
const char *fm_task_run_id(const struct fm_run *run); /* NULL outside of a task */
struct fm_client *fm_run_client(struct fm_run *run);  /* the run's; not to be destroyed */

/* Whether to go on: 0; FM_CANCELLED, the run is being cancelled or its process told to end;
 * FM_TIMED_OUT, the time for it is over. Costs next to nothing. */
int fm_check(struct fm_run *run);

/* Sleeps. 0 after so many seconds, or at once what fm_check would say. */
int fm_sleep(struct fm_run *run, double seconds);

/* Why the last function that failed with this run in this thread did: valid until the next failure
 * there. Before any, the code is 0 and the message empty. */
const struct fm_error *fm_error(struct fm_run *run);

/* Sets fm_error and returns FM_FAILED: `return fm_fail(run, "no such shirt: %s", size);` */
int fm_fail(struct fm_run *run, const char *format, ...) FM_PRINTF_LIKE(2, 3);

/* Memory that goes with the run, zeroed; text made as by printf. NULL without memory. */
void *fm_alloc(struct fm_run *run, size_t size);
char *fm_format(struct fm_run *run, const char *format, ...) FM_PRINTF_LIKE(2, 3);

/* What the run gives back: kept with its COMPLETED state, for fm_read_result. The last one counts:
 * fm_set_result(run, FM_STRING, "42"), fm_set_result(run, &Page, &page). FM_INVALID: the value has
 * no JSON. */
#define fm_set_result(run, type, value)                                                            \
    fm_set_result_with(run, &(type)->model, FM_PASS_(type, value))
int fm_set_result_with(struct fm_run *run, const struct fm_model *model, const void *value);

/* Adds a copy of the text to a list, whose items move to the run's memory. 0, or FM_NO_MEMORY and
 * the list is as it was. */
int fm_append(struct fm_run *run, fm_strings *list, const char *text);

/* A value as JSON text, which belongs to the run, and a value of JSON text; strings and lists in it
 * belong to the run too:
 *
 *     const char *json = fm_encode(run, &User, &user);
 *     r = fm_decode(run, FM_STRINGS, "[\"a\", \"b\"]", &list);
 *
 * NULL, or FM_INVALID where the text does not fit the type: fm_error says why, and `result` is
 * untouched. FM_NOTHING has no value. */
#define fm_encode(run, type, value) fm_encode_with(run, &(type)->model, FM_PASS_(type, value))
#define fm_decode(run, type, json, result)                                                         \
    fm_decode_with(run, &(type)->model, json, FM_FITS_(type, result))
const char *fm_encode_with(struct fm_run *run, const struct fm_model *model, const void *value);
int fm_decode_with(struct fm_run *run, const struct fm_model *model, const char *json,
                   void *result);

/* ---- logging --------------------------------------------------------------------------------- */

enum fm_level {
    FM_DEBUG = 10,
    FM_INFO = 20,
    FM_WARNING = 30,
    FM_ERROR = 40,
    FM_CRITICAL = 50,
};

/* To the terminal, if the run has one, and to the API in batches by a thread of the run; the flow
 * does not wait for it. Lines are kept while the server is away. */
void fm_log(struct fm_run *run, enum fm_level level, const char *format, ...) FM_PRINTF_LIKE(3, 4);
#define fm_debug(run, ...)   fm_log(run, FM_DEBUG, __VA_ARGS__)
#define fm_info(run, ...)    fm_log(run, FM_INFO, __VA_ARGS__)
#define fm_warning(run, ...) fm_log(run, FM_WARNING, __VA_ARGS__)
