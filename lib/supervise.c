#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/errors.h"
#include "lib/look.h"
#include "lib/patience.h"
#include "lib/process.h"
#include "lib/runner.h"
#include "lib/served.h"
#include "lib/states.h"

#define LONGEST_WAIT 30.0 /* seconds that the end of the runs is waited for without a look */
#define LAST_WORDS   5.0  /* for a process that has told its end, before it is told to end */

/* ---- the process ----------------------------------------------------------------------------- */

/* With the lock held: the process id is ours as long as it has not been waited for. */
static void signal_process(struct supervised *run, int number)
{
    if (run->process.pid > 0 && !run->exited)
        kill(-run->process.pid, number);
}

/* Waits for its end; the wait status. */
static int wait_for_process(struct supervised *run)
{
    siginfo_t info;
    int status = 0;

    while (waitid(P_PID, (id_t)run->process.pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&run->runner->lock);
    run->exited = true;
    while (waitpid(run->process.pid, &status, 0) < 0 && errno == EINTR)
        ;
    pthread_cond_broadcast(&run->runner->changed);
    pthread_mutex_unlock(&run->runner->lock);
    return status;
}

/* ---- news of the run --------------------------------------------------------------------------*/

/* SIGTERM now, SIGKILL when patience has ended. */
static void end_process(struct supervised *run)
{
    int64_t until = runner_time_in(patience_with_process());

    pthread_mutex_lock(&run->runner->lock);
    run->told_to_end = true;
    signal_process(run, SIGTERM);
    while (!run->exited && runner_wait(run->runner, until))
        ;
    signal_process(run, SIGKILL);
    pthread_mutex_unlock(&run->runner->lock);
}

/* A process that says itself that it has crashed is about to end. */
static bool ends_by_itself(struct supervised *run, enum watch_news news)
{
    int64_t until = runner_time_in(LAST_WORDS);

    pthread_mutex_lock(&run->runner->lock);
    while (news == WATCH_CRASHED && !run->exited && runner_wait(run->runner, until))
        ;
    bool exited = run->exited;
    pthread_mutex_unlock(&run->runner->lock);
    return exited;
}

static void on_news(void *context, enum watch_news news)
{
    struct supervised *run = context;
    struct runner *runner = run->runner;

    if (ends_by_itself(run, news))
        return;
    if (news == WATCH_CANCELLED)
        runner_say(runner, FM_INFO, "Cancelling flow run '%s'", run->name);
    else
        runner_say(runner, FM_WARNING,
                   "Flow run '%s' was taken to be gone; its process is told to end", run->name);
    end_process(run);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void describe_status(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "The flow run's process was ended by signal %d (%s).",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, size,
                 "The flow run's process ended with exit status %d before the flow did.",
                 WEXITSTATUS(status));
}

/* What a process that ended without a word leaves behind. A suspended or rescheduled run goes on in
 * another one; of one that was lost, the server does not hear. */
static void report_end(struct supervised *run, const char *how)
{
    struct look look = {.run_id = ""};
    struct proposal end = {.type = "CRASHED", .message = how};
    struct outcome outcome;
    struct fm_error error;
    char lease[LEASE_SIZE];

    lease_write(lease, run->holder);
    memcpy(look.run_id, run->id, sizeof(look.run_id));
    int r = look_at_run(run->client, &look, 0, &error);
    const char *state = look.info.state_type;
    if (r == 0 && (run_info_is_final(&look.info) || strcmp(state, "SCHEDULED") == 0 ||
                   strcmp(look.info.state_name, "Suspended") == 0))
        return;
    if (r == 0 && strcmp(state, "CANCELLING") == 0)
        end = (struct proposal){
            .type = "CANCELLED", .message = "The flow run was cancelled.", .force = true};
    end.lease = lease;
    if (r == 0)
        r = propose_state(run->client, run->id, &end, &outcome, &error);
    if (r < 0)
        runner_say(run->runner, FM_ERROR, "The end of flow run '%s' could not be reported: %s",
                   run->name, error.message);
    else
        runner_say(run->runner, FM_WARNING, "Flow run '%s': %s", run->name, end.message);
}

/* A run that was told to end is looked at once more, whatever its process said. */
static bool was_told_to_end(struct supervised *run)
{
    pthread_mutex_lock(&run->runner->lock);
    bool told = run->told_to_end;
    pthread_mutex_unlock(&run->runner->lock);
    return told;
}

/* The lines that could not be stored. */
static void complain(void *context, const char *message)
{
    struct supervised *run = context;

    runner_say(run->runner, FM_WARNING, "What flow run '%s' prints is not stored: %s", run->name,
               message);
}

static int start_watch(struct supervised *run, struct fm_error *error)
{
    char lease[LEASE_SIZE];
    const struct watch_config watch = {.url = run->runner->url,
                                       .run_id = run->id,
                                       .lease = lease,
                                       .on_news = on_news,
                                       .context = run};

    lease_write(lease, run->holder);
    return watch_start(&watch, &run->watch, error);
}

/* From now on the process hears of it if the run is to end; here, if its turn has passed. */
static void set_process(struct supervised *run, const struct process *process)
{
    struct runner *runner = run->runner;

    pthread_mutex_lock(&runner->lock);
    run->process = *process;
    run->exited = false;
    if (runner->stopping || run->told_to_end)
        signal_process(run, SIGTERM);
    pthread_cond_broadcast(&runner->changed);
    pthread_mutex_unlock(&runner->lock);
}

/* Ends the process, if there is one, before it has done anything. */
static void drop_process(struct supervised *run)
{
    struct runner *runner = run->runner;

    pthread_mutex_lock(&runner->lock);
    signal_process(run, SIGKILL);
    bool lives = run->process.pid > 0 && !run->exited;
    pthread_mutex_unlock(&runner->lock);
    if (lives)
        wait_for_process(run);
    output_destroy(run->output);
    run->output = NULL;
    pthread_mutex_lock(&runner->lock);
    process_release(&run->process);
    run->exited = true;
    pthread_cond_broadcast(&runner->changed);
    pthread_mutex_unlock(&runner->lock);
}

/* The process gets all that belongs to it, and last its order; `ret_told`: before it has ended. */
static int order_process(struct supervised *run, struct process *process, bool *ret_told,
                         struct fm_error *error)
{
    const struct output_config output = {.url = run->runner->url,
                                         .run_id = run->id,
                                         .run_name = run->name,
                                         .complain = complain,
                                         .context = run};
    buf_auto order = BUF_INIT;

    served_write_order(&order, run->deployment, run->id, run->holder);
    int r = order.failed ? fail_without_memory(error) : 0;
    if (r == 0)
        r = output_create(&output, process, &run->output, error);
    set_process(run, process);
    *ret_told = r == 0 && process_tell(&run->process, order.data, order.length);
    return r;
}

/* In the process that was started ahead, if there is one. */
static int start_process(struct supervised *run, struct fm_error *error)
{
    struct process process = spare_take(run->runner);
    bool is_told = false;
    int r;

    if (process.pid) {
        r = order_process(run, &process, &is_told, error);
        if (r < 0 || is_told || was_told_to_end(run))
            return r;
        drop_process(run); /* it has ended just now */
    }
    r = served_start(run->runner->terminal.fd, &process, error);
    /* Why one ends that was not told yet, its status says. */
    return r < 0 ? r : order_process(run, &process, &is_told, error);
}

/* Runs the process and waits for its end. True if the server knows how it ended; else `ret_how`
 * says it. */
static bool run_process(struct supervised *run, char *ret_how, size_t size)
{
    struct fm_error error;

    int r = start_watch(run, &error);
    if (r == 0)
        r = start_process(run, &error);
    if (r < 0) {
        drop_process(run);
        snprintf(ret_how, size, "The runner could not start the run: %s.", error.message);
        return false;
    }
    int status = wait_for_process(run);
    output_finish(run->output);
    describe_status(status, ret_how, size);
    return WIFEXITED(status) && WEXITSTATUS(status) == SERVED_TOLD && !was_told_to_end(run);
}

static void *look_after(void *context)
{
    struct supervised *run = context;
    struct runner *runner = run->runner;
    char how[FM_MESSAGE_SIZE + 64];

    bool is_told = run_process(run, how, sizeof(how));
    watch_stop(run->watch);
    if (!is_told)
        report_end(run, how);
    output_destroy(run->output);
    pthread_mutex_lock(&runner->lock);
    list_remove(&run->node);
    list_append(&runner->ended, &run->node);
    runner->active--;
    pthread_cond_broadcast(&runner->changed);
    pthread_mutex_unlock(&runner->lock);
    return NULL;
}

/* ---- for the runner -------------------------------------------------------------------------- */

static void destroy(struct supervised *run)
{
    fm_client_destroy(run->client);
    free(run);
}

int supervise(struct runner *runner, size_t deployment, const char *id, const char *name,
              const char *holder, struct fm_error *error)
{
    struct supervised *run = calloc(1, sizeof(*run));

    if (!run)
        return fail_without_memory(error);
    run->runner = runner;
    run->process = (struct process)PROCESS_NONE;
    run->deployment = deployment;
    snprintf(run->id, sizeof(run->id), "%s", id);
    snprintf(run->name, sizeof(run->name), "%s", name);
    snprintf(run->holder, sizeof(run->holder), "%s", holder);
    int r = fm_client_create(runner->url, &run->client, error);
    if (r < 0) {
        destroy(run);
        return r;
    }
    pthread_mutex_lock(&runner->lock);
    list_append(&runner->runs, &run->node);
    runner->active++;
    int number = pthread_create(&run->thread, NULL, look_after, run);
    if (number != 0) {
        list_remove(&run->node);
        runner->active--;
    }
    pthread_mutex_unlock(&runner->lock);
    if (number == 0)
        return 0;
    destroy(run);
    return fail(error, FM_FAILED, "no thread for a run: %s", strerror(number));
}

void supervise_join(struct runner *runner, bool all)
{
    struct list ended;

    list_init(&ended);
    pthread_mutex_lock(&runner->lock);
    while (all && runner->active > 0)
        runner_wait(runner, runner_time_in(LONGEST_WAIT));
    list_move_all(&ended, &runner->ended);
    pthread_mutex_unlock(&runner->lock);
    list_for_each_safe(node, &ended) {
        struct supervised *run = list_item(node, struct supervised, node);
        pthread_join(run->thread, NULL);
        destroy(run);
    }
}

void supervise_stop(struct runner *runner)
{
    int64_t until = runner_time_in(patience_with_process());

    pthread_mutex_lock(&runner->lock);
    runner->stopping = true;
    spare_end(runner);
    list_for_each(node, &runner->runs)
        signal_process(list_item(node, struct supervised, node), SIGTERM);
    while (runner->active > 0 && runner_wait(runner, until))
        ;
    list_for_each(node, &runner->runs)
        signal_process(list_item(node, struct supervised, node), SIGKILL);
    pthread_mutex_unlock(&runner->lock);
    supervise_join(runner, true);
    spare_stop(runner);
}
