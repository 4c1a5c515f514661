/* Deployments: serving them, running them, looking at runs. Part of <fermata.h>. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <fermata/flow.h>
#include <fermata/model.h>

/* A flow under a name by which others start it, now or by a schedule. */
struct fm_deployment {
    const struct fm_flow *flow;
    const char *name;
    const char *description;
    const char *const *tags;
    const char *cron;     /* "0 9 * * 1-5"; beside an interval and a rule it adds times */
    const char *timezone; /* of the cron expression or the rule; NULL: UTC */
    double interval;      /* seconds */
    const char *rrule;    /* RFC 5545: "FREQ=DAILY;COUNT=3" */
};
#define FM_DEPLOYMENT(flow_, ...)                                                                  \
    {                                                                                              \
        .flow = (flow_), __VA_ARGS__                                                               \
    }

struct fm_serve_options {
    int limit;       /* of runs at the same time; 0: none */
    const char *url; /* of the API, see fm_client_create */
};

/*
 * Serves deployments until SIGINT or SIGTERM: waits for their runs, and starts each in a process of
 * its own, which is this same program called again with the same arguments. A run that is cancelled
 * gets SIGTERM and, 30 seconds later, SIGKILL. Prints what is served, the runs' logs go to stderr.
 * What a run's process prints is printed here and stored in the run's log. At the end the
 * deployments are paused, so that no schedule makes runs that nobody takes.
 * Returns the exit status for the process. Nothing of importance should come before it in main,
 * for it happens again for each run, and before there is one: the process of the next run is
 * started ahead, as far as this call, and waits here:
 *
 *     int main(void)
 *     {
 *         return fm_serve(FM_DEPLOYMENT(&greeter_flow, .name = "send-receive"));
 *     }
 */
#define fm_serve(...) fm_serve_limited(0, __VA_ARGS__)

/* The same with at most so many runs at a time; further ones wait until one has ended:
 * fm_serve_limited(5, FM_DEPLOYMENT(&greeter_flow, .name = "send-receive")) */
#define fm_serve_limited(limit_, ...)                                                              \
    fm_serve_with((const struct fm_deployment[]){__VA_ARGS__, {.flow = NULL}},                     \
                  &(const struct fm_serve_options){.limit = (limit_)})
int fm_serve_with(const struct fm_deployment *deployments, const struct fm_serve_options *options);

/* A run as somebody else sees it. */
struct fm_run_info {
    char id[FM_ID_SIZE];
    char name[128];
    char state_type[16]; /* "SCHEDULED", "RUNNING", "COMPLETED", ... */
    char state_name[64]; /* "Late", "Suspended", ... */
};

/* A struct with its model. */
struct fm_arguments {
    const struct fm_model *model; /* NULL: none */
    const void *value;
};
#define FM_ARGUMENTS(type, value_)                                                                 \
    ((struct fm_arguments){.model = &(type)->model, .value = FM_FITS_(type, value_)})

struct fm_run_deployment_options {
    double timeout; /* seconds to wait for its end; 0: does not wait; FM_FOREVER */
    const char *name;
    const char *const *tags;             /* beside the deployment's */
    const char *idempotency_key;         /* the same key gives the same run */
    const struct fm_setting *parameters; /* FM_INITIAL(FM_SET(a, 1)); the rest has its defaults */
    struct fm_arguments arguments;       /* instead: FM_ARGUMENTS(&Order, &order) */
    int64_t scheduled_time;              /* a point in time; 0: now */

    /* Recorded as a part of this run, as fm_run_subflow does it: a run that starts anew finds it
     * again and starts no second one, unless it failed. Not by default, for such a run cannot
     * suspend. */
    bool as_subflow;
    bool end_;
};

/* Starts a run of a deployment, "flow/deployment" or its id: fm_run_deployment(run,
 * "greeter/send-receive", &info). FM_NOT_FOUND, FM_CONFLICT (the parameters do not fit),
 * FM_TIMED_OUT (it goes on; `info` is filled in all the same). */
#define fm_run_deployment(run, name, ...) FM_RUN_DEPLOYMENT_(run, name, __VA_ARGS__, .end_ = false)
#define FM_RUN_DEPLOYMENT_(run, name, info, ...)                                                   \
    fm_run_deployment_with(run, name, &(struct fm_run_deployment_options){__VA_ARGS__}, info)
int fm_run_deployment_with(struct fm_run *run, const char *name,
                           const struct fm_run_deployment_options *options,
                           struct fm_run_info *ret_info);

/* A run as it is now. FM_NOT_FOUND: there is none. */
int fm_read_run(struct fm_run *run, const char *flow_run_id, struct fm_run_info *ret_info);

/* What a run that is COMPLETED gave by fm_set_result: fm_read_result(run, info.id, FM_STRING,
 * &text). FM_NOT_FOUND: it has none, or has not ended yet; FM_INVALID: it is of another type. On
 * failure `result` is untouched. */
#define fm_read_result(run, flow_run_id, type, result)                                             \
    fm_read_result_with(run, flow_run_id, &(type)->model, FM_FITS_(type, result))
int fm_read_result_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                        void *result);

/* Waits until it has ended; FM_TIMED_OUT after so many seconds (`info` is filled in all the same),
 * FM_UNREACHABLE if no server was there then. */
int fm_wait_for_run(struct fm_run *run, const char *flow_run_id, double timeout,
                    struct fm_run_info *ret_info);

/* Likewise until its state is of this type or it has ended. */
int fm_wait_for_state(struct fm_run *run, const char *flow_run_id, const char *state_type,
                      double timeout, struct fm_run_info *ret_info);
