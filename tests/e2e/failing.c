#include "tests/e2e/failing.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

static atomic_int armed; /* which kinds */
static atomic_int left;  /* calls that go well before one fails */
static const char *_Atomic culprit;

void failing_arm(int kinds, int n)
{
    culprit = NULL;
    left = n;
    armed = kinds;
}

bool failing_disarm(const char **ret_name)
{
    armed = 0;
    *ret_name = culprit;
    return culprit != NULL;
}

static bool fails(int kind, const char *name)
{
    if (!(armed & kind) || atomic_fetch_sub(&left, 1) != 0)
        return false;
    culprit = name;
    errno = kind == FAILING_CALLS ? EMFILE : ENOMEM;
    return true;
}

/* A function that gives `failure` when it fails. */
#define WRAP(kind, failure, type, name, parameters, arguments)                                     \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails(kind, #name) ? (failure) : __real_##name arguments;                           \
    }
#define MEMORY(type, name, parameters, arguments)                                                  \
    WRAP(FAILING_MEMORY, NULL, type, name, parameters, arguments)
#define CALL(failure, name, parameters, arguments)                                                 \
    WRAP(FAILING_CALLS, failure, int, name, parameters, arguments)

MEMORY(void *, malloc, (size_t size), (size))
MEMORY(void *, calloc, (size_t count, size_t size), (count, size))
MEMORY(void *, realloc, (void *memory, size_t size), (memory, size))
MEMORY(char *, strdup, (const char *text), (text))
MEMORY(char *, strndup, (const char *text, size_t size), (text, size))
WRAP(FAILING_MEMORY, -1, int, vasprintf, (char **to, const char *format, va_list args),
     (to, format, args))

MEMORY(json_t *, json_object, (void), ())
MEMORY(json_t *, json_array, (void), ())
MEMORY(json_t *, json_string, (const char *value), (value))
MEMORY(json_t *, json_integer, (json_int_t value), (value))
MEMORY(json_t *, json_real, (double value), (value))
MEMORY(json_t *, json_copy, (json_t * json), (json))
MEMORY(json_t *, json_loadb, (const char *text, size_t size, size_t flags, json_error_t *error),
       (text, size, flags, error))
MEMORY(char *, json_dumps, (const json_t *json, size_t flags), (json, flags))

/* Their callers count on it that the value is taken in any case. */
#define TAKING(name, parameters, arguments)                                                        \
    int __real_##name parameters;                                                                  \
    int __wrap_##name parameters;                                                                  \
    int __wrap_##name parameters                                                                   \
    {                                                                                              \
        if (!fails(FAILING_MEMORY, #name))                                                         \
            return __real_##name arguments;                                                        \
        json_decref(value);                                                                        \
        return -1;                                                                                 \
    }
TAKING(json_object_set_new, (json_t * object, const char *key, json_t *value), (object, key, value))
TAKING(json_array_append_new, (json_t * array, json_t *value), (array, value))

MEMORY(CURL *, curl_easy_init, (void), ())
MEMORY(CURLM *, curl_multi_init, (void), ())
MEMORY(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *line),
       (list, line))
WRAP(FAILING_CALLS, CURLM_OUT_OF_MEMORY, CURLMcode, curl_multi_add_handle,
     (CURLM * multi, CURL *easy), (multi, easy))
WRAP(FAILING_CALLS, CURLM_OUT_OF_MEMORY, CURLMcode, curl_multi_perform,
     (CURLM * multi, int *ret_running), (multi, ret_running))
WRAP(FAILING_CALLS, CURLM_OUT_OF_MEMORY, CURLMcode, curl_multi_poll,
     (CURLM * multi, struct curl_waitfd extra[], unsigned int count, int ms, int *ret_count),
     (multi, extra, count, ms, ret_count))

/* Its third argument is as wide as a pointer in all that we pass. */
CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list args;

    va_start(args, option);
    void *value = va_arg(args, void *);
    va_end(args);
    return fails(FAILING_MEMORY, "curl_easy_setopt") ? CURLE_OUT_OF_MEMORY
                                                     : __real_curl_easy_setopt(easy, option, value);
}

CALL(EAGAIN, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument),
     (thread, attributes, start, argument))
CALL(-1, eventfd, (unsigned int value, int flags), (value, flags))
CALL(-1, pipe2, (int ends[2], int flags), (ends, flags))
CALL(-1, socketpair, (int domain, int type, int protocol, int ends[2]),
     (domain, type, protocol, ends))
CALL(-1, pidfd_open, (pid_t pid, unsigned int flags), (pid, flags))
CALL(ENOMEM, posix_spawn,
     (pid_t * ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attributes, char *const argv[], char *const environment[]),
     (ret_pid, path, actions, attributes, argv, environment))
WRAP(FAILING_CALLS, NULL, FILE *, fopen64, (const char *path, const char *mode), (path, mode))

/* Who waits for somebody that failed does not wait long here. */
double __wrap_patience_with_process(void);
double __wrap_patience_with_process(void)
{
    return 2;
}
int __wrap_patience_with_holder(void);
int __wrap_patience_with_holder(void)
{
    return 3;
}
