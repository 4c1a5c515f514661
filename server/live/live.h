/*
 * Waiting: topics, those who wait for them, and the clock.
 *
 * A waiter subscribes to topics *before* it reads what it waits for, so that no change falls
 * between; then it parks. It is woken, once, by whatever comes first: something was published on
 * one of its topics (also before it parked), its time came, or it was told to end. What waits costs
 * memory and nothing else; one thread sleeps until the earliest time of all.
 *
 * All functions may be called from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/heap.h"
#include "common/list.h"

struct live;

enum wake_reason {
    WAKE_PUBLISHED,
    WAKE_TIME,
    WAKE_ENDING, /* live_end was called: nobody may wait any longer */
};

struct subscription; /* one of a waiter's topics */

struct waiter {
    /* On whatever thread causes it; must not block. The waiter has no subscriptions any more. */
    void (*wake)(struct waiter *waiter, enum wake_reason reason);
    bool internal; /* no client waits here: it does not count in live_stats */

    /* The rest is live's. Zeroed at first. */
    struct subscription *subscriptions;
    enum { WAITER_IDLE, WAITER_PARKED } state;
    bool published; /* since it subscribed */
    bool abandoned;
    struct heap_node time; /* among those that have one */
    struct list node;
};

int live_create(struct live **ret_live, struct error *error) MUST_CHECK;
void live_destroy(struct live *live); /* nobody may be parked any more */

/* Has the waiter woken when something is published on this topic; it may name one twice. -1: no
 * memory. */
int live_subscribe(struct live *live, struct waiter *waiter, const char *topic,
                   struct error *error) MUST_CHECK;

/* Takes back all subscriptions of a waiter that is not parked. */
void live_unsubscribe(struct live *live, struct waiter *waiter);

/* Parks until `time` (of time_now; TIME_NEVER: no time). False: it was published on in between, it
 * was abandoned, or the end has come: the waiter is not parked and has to look again. */
bool live_park(struct live *live, struct waiter *waiter, int64_t time);

/* Nobody needs the waiter any more: it does not park again. True: it was parked, and is taken out;
 * else it runs, or is being woken. */
bool live_abandon(struct live *live, struct waiter *waiter);

void live_publish(struct live *live, const char *topic);

/* ---- those who stay ---- */

#define WATCHER_TOPICS 64

/* Somebody who is told of topics again and again. */
struct watcher {
    /* Something has changed; once, until it is taken. On any thread, with live's lock held: it must
     * neither block nor call anything of live. */
    void (*notify)(struct watcher *watcher);

    /* The rest is live's. Zeroed at first. */
    struct subscription *subscriptions;
    uint64_t changed;
};

/* Watches exactly these topics from now on, WATCHER_TOPICS at the most and each once. What has
 * changed and was not taken yet is not forgotten. -1: no memory; it watches what it did. */
int live_watch(struct live *live, struct watcher *watcher, const char *const *topics, size_t count,
               struct error *error) MUST_CHECK;

/* Which have changed since they were taken last: bit i for the topic at i. */
uint64_t live_take_changed(struct live *live, struct watcher *watcher);

/* After it `notify` is not called any more, and does not run. */
void live_unwatch(struct live *live, struct watcher *watcher);

/* Wakes all who are parked; from now on nobody parks. */
void live_end(struct live *live);
bool live_is_ending(struct live *live); /* since live_end */

struct live_stats {
    int64_t parked, topics, published;
};
void live_stats(struct live *live, struct live_stats *ret_stats);
