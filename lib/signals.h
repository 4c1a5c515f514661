/* SIGINT, SIGTERM and SIGHUP, taken by a thread for as long as somebody watches. */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "common/error.h"
#include "include/fermata.h"

#define WATCHED_SIGNALS 3

struct signal_watch {
    void (*on_signal)(void *context, int number); /* on the watching thread, at most once; a
                                                     terminal that is closed is a SIGTERM */
    void *context;
    int fd; /* -1: somebody else watches */
    pthread_t thread;
    struct sigaction before[WATCHED_SIGNALS];
};

/* With `again_ends` a second SIGINT or SIGTERM ends the process, unless it comes at once; else a
 * second one says nothing new. Where somebody else in the process watches already, that one goes on
 * and this watch hears nothing. */
int signal_watch_start(struct signal_watch *watch, void (*on_signal)(void *context, int number),
                       void *context, bool again_ends, struct fm_error *error) MUST_CHECK;
void signal_watch_stop(struct signal_watch *watch);

/* A process group that is killed if a second signal ends this process; 0: none. */
void signals_take_along(pid_t group);
