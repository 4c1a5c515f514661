/* A command as a flow: its process, what it prints, how its end becomes the run's. */
#include "cli/script.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/script_directory.h"
#include "common/times.h"
#include "lib/output.h"
#include "lib/parts.h"
#include "lib/patience.h"
#include "lib/run.h"
#include "lib/signals.h"

#define CANNOT_BE_RUN 126 /* exit statuses, as a shell gives them */
#define NOT_FOUND     127
#define LOOK          20    /* milliseconds between two looks for what a command has left behind */
#define LINE_BYTES    16384 /* of a command inside, that are kept until its end comes */

/* One execution of the command. */
struct execution {
    struct fm_run *run;
    struct script *script;
    struct script_directory directory;
    struct output *output; /* NULL: the runner has it */
    int ends[2];           /* where the command writes to, if we read it; -1 */
    struct buf line;       /* that a command inside is writing */
    int wake;              /* tells of interruptions; the run's own */
    int process;           /* a descriptor of it */
    pid_t pid;
    bool suspended;
    bool told_to_end;
    int64_t patience; /* until then, when it was told */
};

/* ---- starting it ----------------------------------------------------------------------------- */

/* In the child, between fork and exec: nothing here takes memory or a lock. A session of its own
 * makes the command and all that it starts one group, and leaves it without the terminal: Ctrl-C is
 * ours, and what wants to ask at the terminal fails at once instead of being stopped. */
static void become_command(const struct execution *execution, char **environment, pid_t holder,
                           int errors)
{
    char *const *argv = execution->script->argv;
    sigset_t none;

    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != holder)
        _exit(NOT_FOUND);
    if (execution->output) {
        dup2(execution->ends[0], STDOUT_FILENO);
        dup2(execution->ends[1], STDERR_FILENO);
    }
    if (!execution->output || isatty(STDIN_FILENO)) {
        int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(nothing, STDIN_FILENO);
    }
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(argv[0], argv, environment);
    int number = errno;
    if (write(errors, &number, sizeof(number)) < 0)
        _exit(CANNOT_BE_RUN);
    _exit(NOT_FOUND);
}

/* 0, or the number of errno with which exec failed in the child. */
static int wait_for_exec(int errors)
{
    int number = 0;
    ssize_t n;

    do
        n = read(errors, &number, sizeof(number));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(number) ? number : 0;
}

static int start_failed(struct execution *execution, int number)
{
    execution->script->status = number == ENOENT ? NOT_FOUND : CANNOT_BE_RUN;
    return fm_fail(execution->run, "'%.200s' could not be started: %s", execution->script->argv[0],
                   strerror(number));
}

static int fork_command(struct execution *execution, char **environment)
{
    int errors[2];

    if (pipe2(errors, O_CLOEXEC) < 0)
        return start_failed(execution, errno);
    pid_t holder = getpid();
    execution->pid = fork();
    if (execution->pid == 0)
        become_command(execution, environment, holder, errors[1]);
    int number = execution->pid < 0 ? errno : 0;
    close(errors[1]);
    if (execution->pid > 0)
        number = wait_for_exec(errors[0]);
    close(errors[0]);
    if (execution->pid > 0 && number == 0) {
        execution->process = pidfd_open(execution->pid, 0);
        number = execution->process < 0 ? errno : 0;
    }
    if (number == 0) {
        signals_take_along(execution->pid);
        return 0;
    }
    if (execution->pid > 0) {
        kill(-execution->pid, SIGKILL);
        waitpid(execution->pid, NULL, 0);
    }
    return start_failed(execution, number);
}

/* The command has them now, or never will. */
static void close_ends(struct execution *execution)
{
    for (size_t i = 0; i < COUNT_OF(execution->ends); i++) {
        if (execution->ends[i] >= 0)
            close(execution->ends[i]);
        execution->ends[i] = -1;
    }
}

static int start_command(struct execution *execution, const char *parameters)
{
    struct error error;
    char **environment = script_environment(execution->run, execution->directory.path, parameters,
                                            execution->script->parameters.schema, &error);

    if (!environment)
        return fm_fail(execution->run, "%s", error.message);
    int r = fork_command(execution, environment);
    free(environment);
    close_ends(execution);
    return r;
}

/* ---- while it runs --------------------------------------------------------------------------- */

static void signal_command(struct execution *execution, int number)
{
    kill(-execution->pid, number);
}

static void tell_to_end(struct execution *execution)
{
    if (execution->told_to_end)
        return;
    execution->told_to_end = true;
    /* The runner's patience with us must not end before ours does. */
    execution->patience = time_monotonic() + (int64_t)(patience_with_process() * SECOND * 2 / 3);
    signal_command(execution, SIGTERM);
}

/* What a command inside has written: lines for the terminal, and the word that it has suspended. */
static void take_control(struct execution *execution)
{
    char data[4096];
    ssize_t n = read(execution->directory.control, data, sizeof(data));

    for (ssize_t i = 0; i < n; i++) {
        if (data[i] == '\0') {
            execution->suspended = true;
            tell_to_end(execution);
            continue;
        }
        buf_add(&execution->line, &data[i], 1);
        if (data[i] == '\n' || execution->line.length == LINE_BYTES)
            script_show(execution->run->terminal_fd, &execution->line);
    }
}

/* Milliseconds for poll. */
static int time_left(const struct execution *execution)
{
    if (!execution->told_to_end || execution->patience == TIME_NEVER)
        return -1;
    int64_t left = (execution->patience - time_monotonic()) / (SECOND / 1000);
    return left > 0 ? (int)left + 1 : 0;
}

static void wait_for_command(struct execution *execution)
{
    struct pollfd fds[] = {{.fd = execution->process, .events = POLLIN},
                           {.fd = execution->directory.control, .events = POLLIN},
                           {.fd = execution->wake, .events = POLLIN}};
    eventfd_t count;

    while (!fds[0].revents) {
        if (run_interruption(execution->run) < 0)
            tell_to_end(execution);
        int left = time_left(execution);
        if (left == 0) { /* whatever it still has to say */
            signal_command(execution, SIGKILL);
            execution->patience = TIME_NEVER;
            left = -1;
        }
        if (poll(fds, COUNT_OF(fds), left) < 0)
            continue; /* a signal */
        if (fds[1].revents)
            take_control(execution);
        if (fds[2].revents && eventfd_read(execution->wake, &count) < 0)
            fds[2].fd = -1; /* it told already */
    }
}

/* What the command has left behind has as long to end as it had itself. Nobody tells of the end of
 * a group, so it is looked for. */
static void end_group(struct execution *execution)
{
    const struct timespec pause = {.tv_nsec = LOOK * 1000000L};

    while (execution->patience != TIME_NEVER && time_monotonic() < execution->patience) {
        if (kill(-execution->pid, 0) < 0)
            return; /* nobody is left */
        take_control(execution);
        nanosleep(&pause, NULL);
    }
    signal_command(execution, SIGKILL);
}

/* The wait status. */
static int reap(struct execution *execution)
{
    int status = 0;

    while (waitpid(execution->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(execution->process);
    if (execution->told_to_end)
        end_group(execution);
    signals_take_along(0);
    take_control(execution); /* its last words */
    return status;
}

/* ---- its end --------------------------------------------------------------------------------- */

static int judge(struct execution *execution, int status)
{
    struct fm_run *run = execution->run;

    execution->script->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (execution->suspended && !run_is_cancelling(run)) {
        atomic_store(&run->owner->suspended, true);
        return FM_SUSPENDED;
    }
    if (execution->told_to_end && run_interruption(run) < 0)
        return fm_check(run);
    if (WIFSIGNALED(status))
        return fm_fail(run, "the command was ended by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return fm_fail(run, "the command ended with exit status %d", WEXITSTATUS(status));
    return 0;
}

/* ---- the flow -------------------------------------------------------------------------------- */

static void complain_of_output(void *context, const char *message)
{
    fm_warning(context, "what the command prints is not stored: %s", message);
}

/* A pipe, of which our end does not block; false with errno. */
static bool open_pipe(int *ret_ours, int *ret_theirs)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return false;
    fcntl(fds[0], F_SETFL, O_NONBLOCK); /* this end alone */
    *ret_ours = fds[0];
    *ret_theirs = fds[1];
    return true;
}

static int capture(struct execution *execution)
{
    struct fm_run *run = execution->run;
    const struct output_config config = {.url = fm_client_url(run->client),
                                         .run_id = run->id,
                                         .run_name = run->name,
                                         .complain = complain_of_output,
                                         .context = run};
    struct process process = PROCESS_NONE;
    struct fm_error error;

    if (!open_pipe(&process.out, &execution->ends[0]) ||
        !open_pipe(&process.err, &execution->ends[1])) {
        int number = errno;
        process_release(&process);
        return fm_fail(run, "no pipe for what the command prints: %s", strerror(number));
    }
    if (output_create(&config, &process, &execution->output, &error) < 0)
        return fm_fail(run, "%s", error.message);
    return 0;
}

static int prepare(struct execution *execution)
{
    struct fm_run *run = execution->run;
    struct fm_error theirs;
    struct error error;

    execution->wake = run_open_wake_fd(run, &theirs);
    if (execution->wake < 0)
        return fm_fail(run, "%s", theirs.message);
    if (script_directory_make(&execution->directory, run->lease, &error) < 0)
        return fm_fail(run, "%s", error.message);
    return execution->script->captures ? capture(execution) : 0;
}

static int run_script(struct fm_run *run, const void *parameters)
{
    struct execution execution = {
        .run = run, .script = (struct script *)run->flow, .directory = SCRIPT_DIRECTORY_NONE};
    const struct fm_json *json = parameters;

    run->signals_cancel = execution.script->captures; /* it is not its runner's, which stops */
    int r = prepare(&execution);
    if (r == 0)
        r = start_command(&execution, json->text);
    if (r == 0) {
        wait_for_command(&execution);
        int status = reap(&execution);
        if (execution.output)
            output_finish(execution.output);
        r = judge(&execution, status);
    }
    close_ends(&execution);
    output_destroy(execution.output);
    buf_release(&execution.line);
    script_directory_remove(&execution.directory);
    return r;
}

/* "./deploy.sh" is "deploy". */
static void name_flow(struct script *script)
{
    const char *slash = strrchr(script->argv[0], '/');
    const char *base = slash && slash[1] ? slash + 1 : script->argv[0];
    const char *dot = strrchr(base, '.');
    int length = dot && dot != base ? (int)(dot - base) : (int)strlen(base);

    snprintf(script->file, sizeof(script->file), "%.*s", length, base);
}

void script_init(struct script *ret_script, const char *name, const char *schema, char *const *argv)
{
    static const struct fm_field none[] = {FM_END};

    *ret_script = (struct script){.argv = argv, .status = -1};
    name_flow(ret_script);
    ret_script->parameters = (struct fm_model){
        .name = "Parameters", .size = sizeof(struct fm_json), .fields = none, .schema = schema};
    ret_script->flow = (struct fm_flow){.function_with = run_script,
                                        .function_name = "script",
                                        .parameters = &ret_script->parameters,
                                        .name = name ? name : ret_script->file};
}
