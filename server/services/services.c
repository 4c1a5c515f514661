#include "server/services/services.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/times.h"
#include "server/log.h"

#define AFTER_A_FAILURE (5 * SECOND)

struct services {
    struct services_config config;
    struct waiter waiter;
    struct job job;
    int64_t next;
    bool due; /* something is: the job writes */

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
    for (const struct service *service = all_services; service->name; service++) {
        int64_t time = TIME_NEVER;
        if (service->next(txn, &services->config, &time) < 0)
            return JOB_FAILED;
        if (time < services->next)
            services->next = time;
    }
    return JOB_UNDO;
}

static enum job_result work(struct txn *txn, struct job *job)
{
    struct services *services = list_item(job, struct services, job);

    for (const struct service *service = all_services; service->name; service++) {
        int64_t time = TIME_NEVER;
        if (service->next(txn, &services->config, &time) < 0)
            return JOB_FAILED;
        if (time <= txn_now(txn) && service->run(txn, &services->config) < 0)
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

int services_start(const struct services_config *config, struct services **ret_services,
                   struct error *error)
{
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
