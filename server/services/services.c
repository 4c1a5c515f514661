#include "server/services/services.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/times.h"
#include "server/log.h"
#include "server/services/table.h"

#define FIRST_PAUSE (5 * SECOND) /* of a service that failed; the next are twice as long each */
#define LAST_PAUSE  (10 * MINUTE)

/* What the clock knows of a service. */
struct turn {
    int64_t time; /* when it has something to do */
    int64_t rests_until;
    int64_t pause; /* 0: it went well the last time */
};

struct services {
    struct services_config config;
    struct waiter waiter;
    struct job job;
    struct turn turns[MOST_SERVICES];
    const struct service *working; /* whose work the job is; NULL: it looks */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool running; /* the job is with the store, or the waiter is parked */
};

/* ---- when each has something to do ---- */

/* The others go on meanwhile. */
static void rest(struct turn *turn, const char *name, const struct error *error)
{
    turn->pause = turn->pause ? 2 * turn->pause : FIRST_PAUSE;
    if (turn->pause > LAST_PAUSE)
        turn->pause = LAST_PAUSE;
    turn->rests_until = time_now() + turn->pause;
    log_event(LOG_LEVEL_ERROR, "a service failed and is tried again", LOG_STRING("service", name),
              LOG_INTEGER("seconds", turn->pause / SECOND), LOG_STRING("error", error->message));
}

static void look_at(struct txn *txn, struct services *services, size_t i)
{
    struct turn *turn = &services->turns[i];

    turn->time = TIME_NEVER;
    if (all_services[i].next(txn, &services->config, &turn->time) < 0) {
        rest(turn, all_services[i].name, txn_error(txn));
        turn->time = turn->rests_until;
        *txn_error(txn) = (struct error){0};
    } else if (turn->time < turn->rests_until) {
        turn->time = turn->rests_until;
    }
}

static enum job_result look(struct txn *txn, struct job *job)
{
    struct services *services = list_item(job, struct services, job);

    live_unsubscribe(services->config.live, &services->waiter);
    if (live_subscribe(services->config.live, &services->waiter, CLOCK_TOPIC, txn_error(txn)) < 0)
        return JOB_FAILED;
    for (size_t i = 0; all_services[i].name; i++)
        look_at(txn, services, i);
    return JOB_UNDO;
}

/* The first of all. */
static size_t next_turn(const struct services *services)
{
    size_t first = 0;

    for (size_t i = 1; all_services[i].name; i++)
        if (services->turns[i].time < services->turns[first].time)
            first = i;
    return first;
}

/* ---- doing it ---- */

static enum job_result work(struct txn *txn, struct job *job)
{
    struct services *services = list_item(job, struct services, job);

    return services->working->run(txn, &services->config) < 0 ? JOB_FAILED : JOB_KEEP;
}

static void submit(struct services *services, const struct service *working)
{
    services->working = working;
    services->job.writes = working != NULL;
    services->job.run = working ? work : look;
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

static void end_work(struct services *services, enum job_result result, const struct error *error)
{
    struct turn *turn = &services->turns[services->working - all_services];

    turn->time = TIME_NEVER; /* until the next look */
    if (result == JOB_FAILED)
        rest(turn, services->working->name, error);
    else
        turn->pause = 0;
}

/* Looks, has each that is due work, one after the other, and looks again; then sleeps. */
static void done(struct job *job, enum job_result result, const struct error *error)
{
    struct services *services = list_item(job, struct services, job);
    bool worked = services->working != NULL;

    if (live_is_ending(services->config.live)) {
        stopped(services);
        return;
    }
    if (worked)
        end_work(services, result, error);
    else if (result == JOB_FAILED)
        log_event(LOG_LEVEL_ERROR, "the services cannot look what is due, and try again",
                  LOG_STRING("error", error->message));
    size_t next = next_turn(services);
    int64_t time = services->turns[next].time;
    if (!worked && result == JOB_FAILED)
        time = time_now() + FIRST_PAUSE;
    if (time <= time_now())
        submit(services, &all_services[next]);
    else if (worked || !live_park(services->config.live, &services->waiter, time))
        submit(services, NULL);
}

static void wake(struct waiter *waiter, enum wake_reason reason)
{
    (void)reason;
    submit(list_item(waiter, struct services, waiter), NULL);
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
    submit(services, NULL);
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
