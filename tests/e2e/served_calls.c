/*
 * System calls of the runner that fail, and patience that ends soon, for the end-to-end tests.
 * FAILING=pipe2:1,3 fails the first and the third call of pipe2 in the runner; in the processes of
 * its runs nothing fails. The linker puts these functions in the place of the real ones
 * (meson.build: --wrap).
 */
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int __real_pipe2(int fds[2], int flags);
int __real_eventfd(unsigned count, int flags);
int __real_socketpair(int domain, int type, int protocol, int fds[2]);
int __real_pidfd_open(pid_t pid, unsigned flags);
int __real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[],
                       char *const environment[]);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context);
int __wrap_pipe2(int fds[2], int flags);
int __wrap_eventfd(unsigned count, int flags);
int __wrap_socketpair(int domain, int type, int protocol, int fds[2]);
int __wrap_pidfd_open(pid_t pid, unsigned flags);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[],
                       char *const environment[]);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context);
double __wrap_patience_with_process(void);
int __wrap_patience_with_holder(void);

static bool is_run; /* not the runner */

__attribute__((constructor)) static void look_who_this_is(void)
{
    is_run = getenv("FERMATA_SERVED_BY") != NULL;
}

/* Whether a list like "1,3" names the number. */
static bool names(const char *list, int number)
{
    char *end;

    for (;; list = end + 1) {
        if (strtol(list, &end, 10) == number)
            return true;
        if (*end != ',')
            return false;
    }
}

static bool fails(const char *name, atomic_int *calls)
{
    const char *failing = getenv("FAILING");
    size_t length = strlen(name);

    return !is_run && failing && strncmp(failing, name, length) == 0 && failing[length] == ':' &&
           names(failing + length + 1, atomic_fetch_add(calls, 1) + 1);
}

int __wrap_pipe2(int fds[2], int flags)
{
    static atomic_int calls;

    if (!fails("pipe2", &calls))
        return __real_pipe2(fds, flags);
    errno = EMFILE;
    return -1;
}

int __wrap_eventfd(unsigned count, int flags)
{
    static atomic_int calls;

    if (!fails("eventfd", &calls))
        return __real_eventfd(count, flags);
    errno = EMFILE;
    return -1;
}

int __wrap_socketpair(int domain, int type, int protocol, int fds[2])
{
    static atomic_int calls;

    if (!fails("socketpair", &calls))
        return __real_socketpair(domain, type, protocol, fds);
    errno = EMFILE;
    return -1;
}

int __wrap_pidfd_open(pid_t pid, unsigned flags)
{
    static atomic_int calls;

    if (!fails("pidfd_open", &calls))
        return __real_pidfd_open(pid, flags);
    errno = EMFILE;
    return -1;
}

int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[],
                       char *const environment[])
{
    static atomic_int calls;

    if (!fails("posix_spawn", &calls))
        return __real_posix_spawn(pid, path, actions, attributes, argv, environment);
    return EAGAIN;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context)
{
    static atomic_int calls;

    return fails("pthread_create", &calls)
               ? EAGAIN
               : __real_pthread_create(thread, attributes, run, context);
}

double __wrap_patience_with_process(void)
{
    return 0.5;
}

int __wrap_patience_with_holder(void)
{
    return 3;
}
