#include "lib/process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "lib/errors.h"

extern char **environ;

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

/* 0 or a number of errno. Connections to the server, of this run and of others, are not inherited:
 * not all of them are marked to be closed. */
static int add_actions(posix_spawn_file_actions_t *actions, const struct process_files *files)
{
    int number = posix_spawn_file_actions_adddup2(actions, files->out, STDOUT_FILENO);

    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, files->err, STDERR_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(actions, files->terminal, PROCESS_TERMINAL);
    if (number == 0)
        number = posix_spawn_file_actions_addclosefrom_np(actions, PROCESS_TERMINAL + 1);
    return number;
}

/* 0 or a number of errno. */
static int spawn(char **argv, char **environment, const struct process_files *files, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    int number = posix_spawn_file_actions_init(&actions);
    if (number != 0)
        return number;
    number = posix_spawnattr_init(&attributes);
    if (number == 0) {
        set_attributes(&attributes);
        number = add_actions(&actions, files);
        if (number == 0)
            number =
                posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

int process_start(char *variable, const struct process_files *files, pid_t *ret_pid,
                  struct fm_error *error)
{
    buf_auto text = BUF_INIT;
    char **argv = NULL;

    int r = read_arguments(&text, &argv, error);
    if (r < 0)
        return r;
    char **environment = environment_with(variable);
    int number = environment ? spawn(argv, environment, files, ret_pid) : ENOMEM;
    free(environment);
    free(argv);
    return number == 0
               ? 0
               : fail(error, FM_FAILED, "the process could not be started: %s", strerror(number));
}
