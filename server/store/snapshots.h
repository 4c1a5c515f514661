/* Which snapshots are open, so that somebody can wait for the end of all that are older than now.
 * Inside the store only. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct snapshots {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    unsigned round;  /* goes up with each wait */
    int64_t open[2]; /* that began in even and in odd rounds */
};

/* A condition that can be waited for until a monotonic time (ETIMEDOUT: it has come). */
void condition_init(pthread_cond_t *condition);
int condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t time);

void snapshots_init(struct snapshots *snapshots);

unsigned snapshots_begin(struct snapshots *snapshots);           /* gives its round */
void snapshots_end(struct snapshots *snapshots, unsigned round); /* in which it began */

/* Waits until all that are open now have ended, while others begin. False: they have not by
 * `deadline` (monotonic). For one thread at a time. */
bool snapshots_wait(struct snapshots *snapshots, int64_t deadline);
