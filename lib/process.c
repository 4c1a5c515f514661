#include "lib/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"
#include "lib/errors.h"

extern char **environ;

/* ---- arguments, environment and signals ------------------------------------------------------ */

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

static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t usual;
    sigset_t none;

    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigemptyset(&none);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setsigdefault(attributes, &usual);
    posix_spawnattr_setsigmask(attributes, &none);
}

/* ---- what connects us with it ---------------------------------------------------------------- */

/* Its own ends. */
struct its_ends {
    int order;
    int out;
    int err;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int open_pipe(int *ret_ours, int *ret_its, struct fm_error *error)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return fail(error, FM_FAILED, "no pipe for what the process prints: %s", strerror(errno));
    fcntl(fds[0], F_SETFL, O_NONBLOCK); /* this end alone */
    *ret_ours = fds[0];
    *ret_its = fds[1];
    return 0;
}

static int open_ends(struct process *ours, struct its_ends *its, struct fm_error *error)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return fail(error, FM_FAILED, "no socket for a process: %s", strerror(errno));
    ours->order = fds[0];
    its->order = fds[1];
    int r = open_pipe(&ours->out, &its->out, error);
    return r < 0 ? r : open_pipe(&ours->err, &its->err, error);
}

void process_release(struct process *process)
{
    close_fd(&process->order);
    close_fd(&process->out);
    close_fd(&process->err);
    process->pid = 0;
}

/* ---- starting it ----------------------------------------------------------------------------- */

/* 0 or a number of errno. Connections to the server, of this run and of others, are not inherited:
 * not all of them are marked to be closed. */
static int add_actions(posix_spawn_file_actions_t *actions, const struct its_ends *its,
                       int terminal)
{
    const struct {
        int from;
        int to;
    } rows[] = {{its->out, STDOUT_FILENO},
                {its->err, STDERR_FILENO},
                {its->order, PROCESS_ORDER},
                {terminal, PROCESS_TERMINAL}};
    int number = 0;

    for (size_t i = 0; i < COUNT_OF(rows) && number == 0; i++)
        number = posix_spawn_file_actions_adddup2(actions, rows[i].from, rows[i].to);
    if (number == 0)
        number = posix_spawn_file_actions_addclosefrom_np(actions, PROCESS_ORDER + 1);
    return number;
}

/* 0 or a number of errno. */
static int spawn(char **argv, char **environment, const struct its_ends *its, int terminal,
                 pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    int number = posix_spawn_file_actions_init(&actions);
    if (number != 0)
        return number;
    number = posix_spawnattr_init(&attributes);
    if (number == 0) {
        set_attributes(&attributes);
        number = add_actions(&actions, its, terminal);
        if (number == 0)
            number =
                posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

static int start_with(char *variable, const struct its_ends *its, int terminal, pid_t *ret_pid,
                      struct fm_error *error)
{
    buf_auto text = BUF_INIT;
    char **argv = NULL;

    int r = read_arguments(&text, &argv, error);
    if (r < 0)
        return r;
    char **environment = environment_with(variable);
    int number = environment ? spawn(argv, environment, its, terminal, ret_pid) : ENOMEM;
    free(environment);
    free(argv);
    return number == 0
               ? 0
               : fail(error, FM_FAILED, "the process could not be started: %s", strerror(number));
}

int process_start(char *variable, int terminal, struct process *ret_process, struct fm_error *error)
{
    struct process ours = PROCESS_NONE;
    struct its_ends its = {.order = -1, .out = -1, .err = -1};

    int r = open_ends(&ours, &its, error);
    if (r == 0)
        r = start_with(variable, &its, terminal, &ours.pid, error);
    close_fd(&its.order);
    close_fd(&its.out);
    close_fd(&its.err);
    if (r < 0)
        process_release(&ours);
    else
        *ret_process = ours;
    return r;
}

/* ---- the order ------------------------------------------------------------------------------- */

bool process_tell(struct process *process, const char *order, size_t length)
{
    while (length) {
        ssize_t n = send(process->order, order, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0) {
            order += n;
            length -= (size_t)n;
        }
    }
    close_fd(&process->order); /* the end of the order, or of all hope for one */
    return length == 0;
}

bool process_has_order(void)
{
    struct pollfd order = {.fd = PROCESS_ORDER, .events = POLLIN};

    return poll(&order, 1, 0) != 0;
}

bool process_wait_for_order(struct buf *ret_order)
{
    char chunk[4096];
    ssize_t n;

    while ((n = read(PROCESS_ORDER, chunk, sizeof(chunk))) != 0) {
        if (n > 0)
            buf_add(ret_order, chunk, (size_t)n);
        else if (errno != EINTR)
            break;
    }
    close(PROCESS_ORDER);
    return n == 0 && !ret_order->failed;
}
