/* SIGINT and SIGTERM, taken by a thread for as long as somebody watches. */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "common/error.h"
#include "include/fermata.h"

struct signal_watch {
    void (*on_signal)(void *context, int number); /* on the watching thread, at most once */
    void *context;
    int fd; /* -1: somebody else watches */
    pthread_t thread;
    struct sigaction before_int;
    struct sigaction before_term;
};

/* With `again_ends` only the first of each signal is caught, and a second one ends the process;
 * else a second one says nothing new. Where somebody else in the process watches already, that one
 * goes on and this watch hears nothing. */
int signal_watch_start(struct signal_watch *watch, void (*on_signal)(void *context, int number),
                       void *context, bool again_ends, struct fm_error *error) MUST_CHECK;
void signal_watch_stop(struct signal_watch *watch);
