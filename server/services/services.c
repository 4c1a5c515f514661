#include "server/services/services.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/times.h"
#include "server/log.h"
#include "server/services/table.h"

#define AFTER_A_FAILURE (5 * SECOND)

struct services {
    struct services_config config;
    struct waiter waiter;
    struct job job;
    int64_t next;                 /* the earliest of `times` */
    int64_t times[MOST_SERVICES]; /* when each has something to do */
    bool due;                     /* something is: the job writes */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool running; /* the job is with the store, or the waiter is parked */
};

/* Which is due, and when the next one will be. */
static enum job_result look(struct txn *txn, struct job *job)
{
    struct services *services = list_item(job, struct services, job);

    live_unsubscribe(services->config.live, &services->waiter);
    if (live_subscribe(services->config.live, &services->waiter, CLOCK_TOPIC, txn_error(txn)) < 0)
        return JOB_FAILED;
    services->next = TIME_NEVER;
    for (size_t i = 0; all_services[i].name; i++) {
        services->times[i] = TIME_NEVER;
        if (all_services[i].next(txn, &services->config, &services->times[i]) < 0)
            return JOB_FAILED;
        if (services->times[i] < services->next)
            services->next = services->times[i];
    }
    return JOB_UNDO;
}

static enum job_result work(struct txn *txn, struct job *job)
{
    struct services *services = list_item(job, struct services, job);

    for (size_t i = 0; all_services[i].name; i++) {
        if (services->times[i] <= txn_now(txn) && all_services[i].run(txn, &services->config) < 0)
            return JOB_FAILED;
    }
    return JOB_KEEP;
}

static void submit(struct services *services)
{
    services->job.writes = services->due;
    services->job.run = services->due ? work : look;
    store_submit(services->config.store, &services->job);
}

static void stopped(struct services *services)
{
    live_unsubscribe(services->config.live, &services->waiter);
    pthread_mutex_lock(&services->lock);
    services->running = false;
    pthread_cond_signal(&services->changed);
    pthread_mutex_unlock(&services->lock);
}

/* Looks, works while something is due, then sleeps. */
static void done(struct job *job, enum job_result result, const struct error *error)
{
    struct services *services = list_item(job, struct services, job);

    if (live_is_ending(services->config.live)) {
        stopped(services);
        return;
    }
    if (result == JOB_FAILED) {
        log_event(LOG_LEVEL_ERROR, "a service failed and is tried again",
                  LOG_STRING("error", error->message));
        services->due = false;
        services->next = time_now() + AFTER_A_FAILURE;
    } else {
        services->due = !services->due && services->next <= time_now();
        if (services->due || job->run == work) {
            submit(services);
            return;
        }
    }
    if (!live_park(services->config.live, &services->waiter, services->next))
        submit(services);
}

static void wake(struct waiter *waiter, enum wake_reason reason)
{
    struct services *services = list_item(waiter, struct services, waiter);

    (void)reason;
    services->due = false;
    submit(services);
}

static enum job_result begin_leases(struct txn *txn, void *context)
{
    (void)context;
    return run_leases_begin_all(txn) < 0 ? JOB_FAILED : JOB_KEEP;
}

int services_start(const struct services_config *config, struct services **ret_services,
                   struct error *error)
{
    if (store_run(config->store, true, begin_leases, NULL, error) < 0)
        return -1;
    struct services *services = calloc(1, sizeof(*services));
    if (!services)
        return error_set(error, ENOMEM, "no memory for the services");
    services->config = *config;
    services->waiter.wake = wake;
    services->waiter.internal = true;
    services->job.done = done;
    services->running = true;
    pthread_mutex_init(&services->lock, NULL);
    pthread_cond_init(&services->changed, NULL);
    *ret_services = services;
    submit(services);
    return 0;
}

void services_stop(struct services *services)
{
    if (!services)
        return;
    live_end(services->config.live);
    pthread_mutex_lock(&services->lock);
    while (services->running)
        pthread_cond_wait(&services->changed, &services->lock);
    pthread_mutex_unlock(&services->lock);
    free(services);
}
