#include "lib/spare.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/times.h"
#include "lib/errors.h"
#include "lib/output.h"
#include "lib/patience.h"
#include "lib/runner.h"
#include "lib/served.h"

#define DELAY                                                                                      \
    0.02 /* seconds that a run has for itself, at most, before the next process starts             \
          */

static const struct process none = PROCESS_NONE;

/* ---- the end of one that got no run ---------------------------------------------------------- */

static void wait_with_patience(int pidfd)
{
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    int64_t until = runner_time_in(patience_with_process());
    int64_t left;

    while ((left = until - time_monotonic()) > 0 && poll(&ended, 1, (int)(left / 1000) + 1) <= 0)
        ;
}

/* The wait status. */
static int kill_process(pid_t pid)
{
    int status = 0;

    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Has it end by itself; what it still says is passed on. The wait status. */
static int end_process(struct process *process, int pidfd)
{
    const struct output_config config = {.run_id = NULL};
    struct output *output = NULL;
    struct fm_error error;
    pid_t pid = process->pid;

    int r = output_create(&config, process, &output, &error);
    process_release(process);
    if (r == 0)
        wait_with_patience(pidfd);
    int status = kill_process(pid);
    output_destroy(output);
    return status;
}

static void say_that_it_ended(struct runner *runner, int status)
{
    bool by_signal = WIFSIGNALED(status);

    runner_say(
        runner, FM_WARNING,
        "The process that waited for the next run has ended (%s %d); that run starts its own",
        by_signal ? "signal" : "exit status", by_signal ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* ---- keeping one ----------------------------------------------------------------------------- */

/* Waits with the lock held until one is to be started; false: the runner is stopping. */
static bool wait_until_due(struct runner *runner)
{
    const struct spare *spare = &runner->spare;

    while (!runner->stopping) {
        bool has_room = runner->limit <= 0 || runner->active < runner->limit;
        if (!spare->is_wanted || !has_room)
            pthread_cond_wait(&runner->changed, &runner->lock);
        else if (runner->active == 0 || time_monotonic() >= spare->not_before)
            return true;
        else
            runner_wait(runner, spare->not_before);
    }
    return false;
}

/* With the lock held all the time, so that no run that comes meanwhile starts one beside it. */
static int start_process(struct runner *runner, int *ret_pidfd, struct fm_error *error)
{
    struct process process = none;

    runner->spare.is_wanted = false;
    int r = served_start(runner->terminal.fd, &process, error);
    if (r < 0)
        return r;
    int pidfd = pidfd_open(process.pid, 0);
    if (pidfd < 0) {
        r = fail(error, FM_FAILED, "the process cannot be watched: %s", strerror(errno));
        kill_process(process.pid);
        process_release(&process);
        return r;
    }
    runner->spare.process = process;
    *ret_pidfd = pidfd;
    return 0;
}

/* Until it is a run's, or ends. */
static void watch_over(struct runner *runner, int pidfd)
{
    struct spare *spare = &runner->spare;
    struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = spare->event, .events = POLLIN}};
    struct process process = none;
    bool is_over = false;
    bool is_stopping = false;
    uint64_t count;

    while (!is_over) {
        if (poll(fds, COUNT_OF(fds), -1) < 0)
            continue;
        if (fds[1].revents && read(spare->event, &count, sizeof(count)) < 0)
            continue;
        pthread_mutex_lock(&runner->lock);
        is_stopping = runner->stopping;
        is_over = fds[0].revents || is_stopping || spare->process.pid == 0;
        if (is_over) {
            process = spare->process;
            spare->process = none;
        }
        pthread_mutex_unlock(&runner->lock);
    }
    if (process.pid) {
        int status = end_process(&process, pidfd);
        if (!is_stopping)
            say_that_it_ended(runner, status);
    }
    close(pidfd);
}

static void *keep(void *context)
{
    struct runner *runner = context;
    struct fm_error error;
    int pidfd = -1;

    pthread_mutex_lock(&runner->lock);
    while (wait_until_due(runner)) {
        int r = start_process(runner, &pidfd, &error);
        pthread_mutex_unlock(&runner->lock);
        if (r == 0)
            watch_over(runner, pidfd);
        else
            runner_say(runner, FM_WARNING, "No process waits for the next run: %s", error.message);
        pthread_mutex_lock(&runner->lock);
    }
    while (runner->active > 0)
        pthread_cond_wait(&runner->changed, &runner->lock);
    pthread_mutex_unlock(&runner->lock);
    return NULL;
}

/* ---- for the runner -------------------------------------------------------------------------- */

void spare_init(struct spare *spare)
{
    *spare = (struct spare){.event = -1, .process = PROCESS_NONE};
}

/* With the lock held: a signal may come already. */
static int start_thread(struct runner *runner, struct fm_error *error)
{
    struct spare *spare = &runner->spare;

    spare->is_wanted = true;
    spare->event = eventfd(0, EFD_CLOEXEC);
    if (spare->event < 0)
        return fail(error, FM_FAILED, "no event for a process: %s", strerror(errno));
    int number = pthread_create(&spare->thread, NULL, keep, runner);
    if (number != 0)
        return fail(error, FM_FAILED, "no thread for a process: %s", strerror(number));
    spare->is_running = true;
    return 0;
}

int spare_start(struct runner *runner, struct fm_error *error)
{
    pthread_mutex_lock(&runner->lock);
    int r = start_thread(runner, error);
    pthread_mutex_unlock(&runner->lock);
    return r;
}

static void tell_keeper(struct spare *spare)
{
    uint64_t one = 1;

    while (spare->is_running && write(spare->event, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

struct process spare_take(struct runner *runner)
{
    struct spare *spare = &runner->spare;

    pthread_mutex_lock(&runner->lock);
    struct process process = spare->process;
    spare->process = none;
    spare->is_wanted = true;
    spare->not_before = runner_time_in(DELAY);
    if (process.pid)
        tell_keeper(spare);
    pthread_cond_broadcast(&runner->changed);
    pthread_mutex_unlock(&runner->lock);
    return process;
}

void spare_end(struct runner *runner)
{
    tell_keeper(&runner->spare);
    pthread_cond_broadcast(&runner->changed);
}

void spare_stop(struct runner *runner)
{
    struct spare *spare = &runner->spare;

    if (spare->is_running)
        pthread_join(spare->thread, NULL);
    if (spare->event >= 0)
        close(spare->event);
    spare_init(spare);
}
