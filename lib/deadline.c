#include "lib/deadline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/times.h"
#include "lib/errors.h"
#include "lib/parts.h"
#include "lib/patience.h"

#define FOREVER 1e10 /* seconds: as good as no limit */

/* With the lock held; false if the time passed and it is not over. */
static bool wait_for_end(struct deadline *deadline, double seconds)
{
    struct timespec until;
    int64_t end = time_monotonic() + (int64_t)(seconds * SECOND);

    until.tv_sec = (time_t)(end / SECOND);
    until.tv_nsec = (long)(end % SECOND * 1000);
    while (!deadline->over &&
           pthread_cond_timedwait(&deadline->ended, &deadline->lock, &until) != ETIMEDOUT)
        ;
    return deadline->over;
}

static void *watch(void *context)
{
    struct deadline *deadline = context;
    struct fm_run *run = deadline->run;

    pthread_mutex_lock(&deadline->lock);
    bool over = wait_for_end(deadline, deadline->seconds);
    pthread_mutex_unlock(&deadline->lock);
    if (over)
        return NULL;
    atomic_store(&run->timed_out, true);
    run_interrupt(run);
    if (!run->end_by_force)
        return NULL;
    pthread_mutex_lock(&deadline->lock);
    over = wait_for_end(deadline, patience_with_process());
    pthread_mutex_unlock(&deadline->lock);
    if (!over)
        run->end_by_force(run);
    return NULL;
}

int deadline_start(struct deadline *deadline, struct fm_run *run, double seconds,
                   struct fm_error *error)
{
    pthread_condattr_t monotonic;

    *deadline = (struct deadline){.run = run, .seconds = seconds};
    atomic_store(&run->timed_out, false);
    if (!(seconds > 0 && seconds < FOREVER))
        return 0;
    pthread_mutex_init(&deadline->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&deadline->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int number = pthread_create(&deadline->thread, NULL, watch, deadline);
    deadline->watched = number == 0;
    if (number != 0) {
        pthread_cond_destroy(&deadline->ended);
        pthread_mutex_destroy(&deadline->lock);
        return fail(error, FM_FAILED, "no thread for the timeout: %s", strerror(number));
    }
    return 0;
}

void deadline_stop(struct deadline *deadline)
{
    if (!deadline->watched)
        return;
    pthread_mutex_lock(&deadline->lock);
    deadline->over = true;
    pthread_cond_signal(&deadline->ended);
    pthread_mutex_unlock(&deadline->lock);
    pthread_join(deadline->thread, NULL);
    pthread_cond_destroy(&deadline->ended);
    pthread_mutex_destroy(&deadline->lock);
    deadline->watched = false;
}

int fail_deadline(struct fm_error *error, const char *kind, double seconds)
{
    char number[32];

    snprintf(number, sizeof(number), "%.15g", seconds);
    return fail(error, FM_TIMED_OUT, "%s run exceeded timeout of %s%s second(s)", kind, number,
                strpbrk(number, ".e") ? "" : ".0");
}
