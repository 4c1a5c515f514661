#include "server/store/snapshots.h"

#include <errno.h>
#include <time.h>

#include "common/times.h"

void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

int condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t time)
{
    const struct timespec until = {.tv_sec = time / SECOND, .tv_nsec = time % SECOND * 1000};

    return pthread_cond_timedwait(condition, lock, &until);
}

void snapshots_init(struct snapshots *snapshots)
{
    pthread_mutex_init(&snapshots->lock, NULL);
    condition_init(&snapshots->ended);
}

unsigned snapshots_begin(struct snapshots *snapshots)
{
    pthread_mutex_lock(&snapshots->lock);
    unsigned round = snapshots->round;
    snapshots->open[round % 2]++;
    pthread_mutex_unlock(&snapshots->lock);
    return round;
}

void snapshots_end(struct snapshots *snapshots, unsigned round)
{
    pthread_mutex_lock(&snapshots->lock);
    bool is_waited_for = --snapshots->open[round % 2] == 0 && round != snapshots->round;
    pthread_mutex_unlock(&snapshots->lock);
    if (is_waited_for)
        pthread_cond_signal(&snapshots->ended);
}

/* False: the deadline came first. */
static bool wait_for_round(struct snapshots *snapshots, unsigned round, int64_t deadline)
{
    int code = 0;

    while (snapshots->open[round % 2] && code != ETIMEDOUT)
        code = condition_wait_until(&snapshots->ended, &snapshots->lock, deadline);
    return !snapshots->open[round % 2];
}

bool snapshots_wait(struct snapshots *snapshots, int64_t deadline)
{
    pthread_mutex_lock(&snapshots->lock);
    /* The round before may still have some, if the last wait was given up. */
    bool ended = wait_for_round(snapshots, snapshots->round + 1, deadline) &&
                 wait_for_round(snapshots, snapshots->round++, deadline);
    pthread_mutex_unlock(&snapshots->lock);
    return ended;
}
