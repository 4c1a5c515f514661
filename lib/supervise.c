#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/look.h"
#include "lib/runner.h"
#include "lib/served.h"
#include "lib/states.h"

#define POLL         5.0  /* seconds between two looks, where the server cannot hold one back */
#define LONGEST_WAIT 30.0 /* of one look */
#define GRACE        30.0 /* between SIGTERM and SIGKILL */

extern char **environ;

/* ---- the process ----------------------------------------------------------------------------- */

/* The arguments of this process, as the kernel keeps them; each in `text`, one behind the other. */
static int read_arguments(struct buf *text, char ***ret_argv, struct fm_error *error)
{
    FILE *file = fopen("/proc/self/cmdline", "re");
    char chunk[4096];
    size_t n;
    size_t count = 0;

    if (!file)
        return fail(error, FM_FAILED, "/proc/self/cmdline: %s", strerror(errno));
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buf_add(text, chunk, n);
    fclose(file);
    for (size_t i = 0; i < text->length; i++)
        count += text->data[i] == '\0';
    char **argv = calloc(count + 1, sizeof(*argv));
    if (!argv || text->failed) {
        free(argv);
        return fail_without_memory(error);
    }
    char *next = text->data;
    for (size_t i = 0; i < count; i++, next += strlen(next) + 1)
        argv[i] = next;
    *ret_argv = argv;
    return 0;
}

/* The environment with one variable more; both are freed by the caller, the strings are not. */
static char **environment_with(char *variable)
{
    size_t count = 0;

    while (environ[count])
        count++;
    char **copy = calloc(count + 2, sizeof(*copy));
    if (copy) {
        memcpy(copy, environ, count * sizeof(*copy));
        copy[count] = variable;
    }
    return copy;
}

/* In a process group of its own: a Ctrl-C at the terminal is the runner's, and what the flow has
 * started ends with it. */
static int spawn(char **argv, char **environment, pid_t *ret_pid)
{
    posix_spawnattr_t attributes;
    sigset_t usual;
    sigset_t none;

    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigemptyset(&none);
    int number = posix_spawnattr_init(&attributes);
    if (number != 0)
        return number;
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setsigmask(&attributes, &none);
    number = posix_spawn(ret_pid, "/proc/self/exe", NULL, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    return number;
}

static int start_process(struct supervised *run, struct fm_error *error)
{
    buf_auto text = BUF_INIT;
    char variable[96];
    char **argv = NULL;
    pid_t pid;

    int r = read_arguments(&text, &argv, error);
    if (r < 0)
        return r;
    snprintf(variable, sizeof(variable), SERVED_RUN "=%zu:%d:%s", run->deployment, (int)getpid(),
             run->id);
    char **environment = environment_with(variable);
    int number = environment ? spawn(argv, environment, &pid) : ENOMEM;
    free(environment);
    free(argv);
    if (number != 0)
        return fail(error, FM_FAILED, "the process could not be started: %s", strerror(number));
    pthread_mutex_lock(&run->runner->lock);
    run->pid = pid;
    bool stopping = run->runner->stopping;
    pthread_mutex_unlock(&run->runner->lock);
    if (stopping)
        kill(-pid, SIGTERM); /* its turn to be told has passed */
    return 0;
}

/* With the lock held: the process id is ours as long as it has not been waited for. */
static void signal_process(struct supervised *run, int number)
{
    if (run->pid > 0 && !run->exited)
        kill(-run->pid, number);
}

/* Waits for its end; the wait status. */
static int wait_for_process(struct supervised *run)
{
    siginfo_t info;
    int status = 0;

    while (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&run->runner->lock);
    run->exited = true;
    while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
        ;
    pthread_cond_broadcast(&run->runner->changed);
    pthread_mutex_unlock(&run->runner->lock);
    return status;
}

/* ---- cancellation ---------------------------------------------------------------------------- */

static void cancel(struct supervised *run)
{
    struct runner *runner = run->runner;

    runner_say(runner, FM_INFO, "Cancelling flow run '%s'", run->name);
    pthread_mutex_lock(&runner->lock);
    run->cancelled = true;
    signal_process(run, SIGTERM);
    while (!run->exited && runner_wait(runner, GRACE))
        ;
    signal_process(run, SIGKILL);
    pthread_mutex_unlock(&runner->lock);
}

/* Until the process has ended, which interrupts the client, or the run is over in another way. */
static void *watch_for_cancellation(void *context)
{
    struct supervised *run = context;
    struct look look = {.poll_interval = POLL};
    struct fm_error error;
    int r = 0;

    memcpy(look.run_id, run->id, sizeof(look.run_id));
    while (r == 0 || r == FM_UNREACHABLE) {
        r = look_at_run(run->client, &look, LONGEST_WAIT, &error);
        if (r != 0)
            continue;
        if (strcmp(look.info.state_type, "CANCELLING") == 0 ||
            strcmp(look.info.state_type, "CANCELLED") == 0) {
            cancel(run);
            break;
        }
        if (run_info_is_final(&look.info))
            break;
    }
    return NULL;
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
 * another one. */
static void report_end(struct supervised *run, const char *how)
{
    struct look look = {.poll_interval = POLL};
    struct proposal end = {.type = "CRASHED", .message = how};
    struct outcome outcome;
    struct fm_error error;

    client_reopen(run->client);
    memcpy(look.run_id, run->id, sizeof(look.run_id));
    int r = look_at_run(run->client, &look, 0, &error);
    const char *state = look.info.state_type;
    if (r == 0 && (run_info_is_final(&look.info) || strcmp(state, "SCHEDULED") == 0 ||
                   strcmp(look.info.state_name, "Suspended") == 0))
        return;
    if (r == 0 && strcmp(state, "CANCELLING") == 0)
        end = (struct proposal){
            .type = "CANCELLED", .message = "The flow run was cancelled.", .force = true};
    if (r == 0)
        r = propose_state(run->client, run->id, &end, &outcome, &error);
    if (r < 0)
        runner_say(run->runner, FM_ERROR, "The end of flow run '%s' could not be reported: %s",
                   run->name, error.message);
    else
        runner_say(run->runner, FM_WARNING, "Flow run '%s': %s", run->name, end.message);
}

/* A run that was told to end is looked at once more, whatever its process said. */
static bool was_cancelled(struct supervised *run)
{
    pthread_mutex_lock(&run->runner->lock);
    bool cancelled = run->cancelled;
    pthread_mutex_unlock(&run->runner->lock);
    return cancelled;
}

static void look_after_process(struct supervised *run)
{
    pthread_t watcher;
    char how[160];

    bool watched = pthread_create(&watcher, NULL, watch_for_cancellation, run) == 0;
    int status = wait_for_process(run);
    fm_client_interrupt(run->client);
    if (watched)
        pthread_join(watcher, NULL);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SERVED_TOLD && !was_cancelled(run))
        return;
    describe_status(status, how, sizeof(how));
    report_end(run, how);
}

static void *look_after(void *context)
{
    struct supervised *run = context;
    struct runner *runner = run->runner;
    struct fm_error error;

    if (start_process(run, &error) == 0)
        look_after_process(run);
    else
        report_end(run, error.message);
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
              struct fm_error *error)
{
    struct supervised *run = calloc(1, sizeof(*run));

    if (!run)
        return fail_without_memory(error);
    run->runner = runner;
    run->deployment = deployment;
    snprintf(run->id, sizeof(run->id), "%s", id);
    snprintf(run->name, sizeof(run->name), "%s", name);
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
        runner_wait(runner, LONGEST_WAIT);
    list_move_all(&ended, &runner->ended);
    pthread_mutex_unlock(&runner->lock);
    list_for_each_safe(node, &ended) {
        struct supervised *run = list_item(node, struct supervised, node);
        pthread_join(run->thread, NULL);
        destroy(run);
    }
}

void supervise_stop(struct runner *runner, double grace)
{
    pthread_mutex_lock(&runner->lock);
    runner->stopping = true;
    list_for_each(node, &runner->runs)
        signal_process(list_item(node, struct supervised, node), SIGTERM);
    while (runner->active > 0 && runner_wait(runner, grace))
        ;
    list_for_each(node, &runner->runs)
        signal_process(list_item(node, struct supervised, node), SIGKILL);
    pthread_mutex_unlock(&runner->lock);
    supervise_join(runner, true);
}
