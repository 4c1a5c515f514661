#include "lib/signals.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/times.h"
#include "lib/errors.h"

#define STOP_WATCHING 1000         /* no signal has this number */
#define AT_ONCE       (SECOND / 4) /* faster than a person */

/* Signal handlers know nothing but what is global: where to write the number, -1 if nobody
 * watches. */
static atomic_int signal_fd = -1;
static atomic_bool second_ends;
static _Atomic int64_t caught[NSIG]; /* when each was, for the first time; 0: not yet */
static atomic_int company;           /* a process group that does not outlive us, or 0 */

static const int watched[WATCHED_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

void signals_take_along(pid_t group)
{
    atomic_store(&company, group);
}

static void end_by(int number)
{
    pid_t group = atomic_load(&company);

    if (group > 0)
        kill(-group, SIGKILL);
    signal(number, SIG_DFL);
    raise(number); /* comes when the handler has returned */
}

/* Whether somebody means it again: timeout(1) sends its signal twice at once. */
static bool comes_again(int number)
{
    int64_t first = 0;
    int64_t now = time_monotonic();

    return !atomic_compare_exchange_strong(&caught[number], &first, now) && now - first > AT_ONCE;
}

/* That a terminal is closed may be told twice, by the kernel and by a shell. */
static void handle(int number)
{
    int fd = atomic_load(&signal_fd);
    bool again = comes_again(number);
    uint64_t value = number == SIGINT ? SIGINT : SIGTERM;
    int saved = errno;

    if (again && number != SIGHUP && atomic_load(&second_ends))
        end_by(number);
    else if (fd >= 0 && write(fd, &value, sizeof(value)) < 0)
        _exit(128 + number); /* nobody would ever hear of it */
    errno = saved;
}

/* What our parent had ignored for us, as nohup does with SIGHUP, we do not hear of. */
static void catch_signals(struct signal_watch *watch)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < WATCHED_SIGNALS; i++) {
        atomic_store(&caught[watched[i]], 0);
        sigaction(watched[i], NULL, &watch->before[i]);
        if (watched[i] != SIGHUP || watch->before[i].sa_handler != SIG_IGN)
            sigaction(watched[i], &action, NULL);
    }
}

static void *watch_signals(void *context)
{
    struct signal_watch *watch = context;
    uint64_t value = 0;

    while (read(watch->fd, &value, sizeof(value)) < 0 && errno == EINTR)
        ;
    /* Several signals at once are the sum of their numbers. */
    if (value < STOP_WATCHING)
        watch->on_signal(watch->context, value % SIGTERM == 0 ? SIGTERM : SIGINT);
    return NULL;
}

static int give_up(struct signal_watch *watch, int number, struct fm_error *error)
{
    close(watch->fd);
    watch->fd = -1;
    return number ? fail(error, FM_FAILED, "signals cannot be watched: %s", strerror(number)) : 0;
}

int signal_watch_start(struct signal_watch *watch, void (*on_signal)(void *context, int number),
                       void *context, bool again_ends, struct fm_error *error)
{
    int expected = -1;

    *watch = (struct signal_watch){
        .on_signal = on_signal, .context = context, .fd = eventfd(0, EFD_CLOEXEC)};
    if (watch->fd < 0)
        return fail(error, FM_FAILED, "signals cannot be watched: %s", strerror(errno));
    if (!atomic_compare_exchange_strong(&signal_fd, &expected, watch->fd))
        return give_up(watch, 0, error);
    int number = pthread_create(&watch->thread, NULL, watch_signals, watch);
    if (number != 0) {
        atomic_store(&signal_fd, -1);
        return give_up(watch, number, error);
    }
    atomic_store(&second_ends, again_ends);
    catch_signals(watch);
    return 0;
}

void signal_watch_stop(struct signal_watch *watch)
{
    uint64_t stop = STOP_WATCHING;

    if (watch->fd < 0)
        return;
    for (size_t i = 0; i < WATCHED_SIGNALS; i++)
        sigaction(watched[i], &watch->before[i], NULL);
    atomic_store(&signal_fd, -1);
    while (write(watch->fd, &stop, sizeof(stop)) < 0 && errno == EINTR)
        ;
    pthread_join(watch->thread, NULL);
    close(watch->fd);
}
