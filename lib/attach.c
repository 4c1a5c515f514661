#include "lib/attach.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/parts.h"
#include "lib/run.h"
#include "lib/signals.h"

/* The handle, and what belongs to it alone. `flow` comes first: the handle leads back here by it.
 */
struct attached {
    struct fm_flow flow;
    struct fm_run *run;
    struct fm_client *client;
    struct fm_client *log_client;
    struct signal_watch signals;
    bool is_watching;
};

static void on_signal(void *context, int number)
{
    struct fm_run *run = context;

    atomic_store(&run->signal, number);
    run_interrupt(run);
}

static int start_log(struct attached *attached, struct fm_error *error)
{
    struct fm_run *run = attached->run;
    const struct run_log_config log = {
        .client = attached->log_client,
        .about = {.logger = RUN_LOGGER, .flow_run_id = run->id, .name = run->name},
        .terminal_fd = run->terminal_fd,
    };

    return run_log_start(&log, &run->log, error);
}

static int open_handle(struct attached *attached, const struct attach_config *config,
                       struct fm_error *error)
{
    struct fm_run *run;

    int r = run_create(&attached->flow, attached->client, &attached->run, error);
    if (r < 0)
        return r;
    run = attached->run;
    r = run_id_parse(config->run_id, run->id, error);
    if (r < 0)
        return r;
    lease_write(run->lease, config->holder);
    run->name = fm_format(run, "%s", config->run_name);
    if (!run->name)
        return fail_without_memory(error);
    run->terminal_fd = config->terminal_fd;
    run->pauses = config->pauses;
    r = start_log(attached, error);
    if (r == 0)
        r = signal_watch_start(&attached->signals, on_signal, run, true, error);
    attached->is_watching = r == 0;
    return r;
}

static int destroy(struct attached *attached)
{
    int missing = 0;

    if (attached->is_watching)
        signal_watch_stop(&attached->signals);
    if (attached->run)
        missing = run_log_stop(attached->run->log);
    run_destroy(attached->run);
    fm_client_destroy(attached->log_client);
    fm_client_destroy(attached->client);
    free(attached);
    return missing;
}

int run_attach(const struct attach_config *config, struct fm_run **ret_run, struct fm_error *error)
{
    struct attached *attached = calloc(1, sizeof(*attached));

    if (!attached)
        return fail_without_memory(error);
    attached->flow.function_name = "";
    int r = fm_client_create(config->url, &attached->client, error);
    if (r == 0)
        r = fm_client_create(config->url, &attached->log_client, error);
    if (r == 0)
        r = open_handle(attached, config, error);
    if (r < 0)
        destroy(attached);
    else
        *ret_run = attached->run;
    return r;
}

int run_detach(struct fm_run *run, int *ret_missing)
{
    int number = run_signal(run);

    *ret_missing = destroy((struct attached *)run->flow);
    return number;
}
