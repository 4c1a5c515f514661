#include "server/live/live.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/hash.h"
#include "common/times.h"

#define FIRST_BUCKETS 256

struct topic {
    struct topic *next; /* in its bucket */
    struct list subscriptions;
    uint64_t hash;
    char name[];
};

struct subscription {
    struct subscription *next; /* of the same waiter or watcher */
    struct waiter *waiter;     /* or NULL: */
    struct watcher *watcher;
    uint64_t bit; /* of the watcher's `changed` */
    struct topic *topic;
    struct list node; /* in the topic */
};

struct live {
    pthread_mutex_t lock;
    pthread_cond_t clock_changed;
    pthread_t clock_thread;
    struct topic **buckets;
    size_t bucket_count;
    size_t topic_count;
    struct list parked;
    int64_t parked_count;
    int64_t published;
    /* A binary heap of those who have a time, the earliest first; the first place is not used. */
    struct waiter **heap;
    int heap_size;
    int heap_capacity;
    bool ending;
    bool stopping;
};

/* ---- the heap of times ---- */

static void heap_put(struct live *live, int index, struct waiter *waiter)
{
    live->heap[index] = waiter;
    waiter->heap_index = index;
}

static void heap_up(struct live *live, int index, struct waiter *waiter)
{
    for (; index > 1 && live->heap[index / 2]->time > waiter->time; index /= 2)
        heap_put(live, index, live->heap[index / 2]);
    heap_put(live, index, waiter);
}

static void heap_down(struct live *live, int index, struct waiter *waiter)
{
    for (int child = 2 * index; child <= live->heap_size; child = 2 * index) {
        if (child < live->heap_size && live->heap[child + 1]->time < live->heap[child]->time)
            child++;
        if (live->heap[child]->time >= waiter->time)
            break;
        heap_put(live, index, live->heap[child]);
        index = child;
    }
    heap_put(live, index, waiter);
}

/* Makes room for one more, so that parking cannot fail later. */
static int heap_reserve(struct live *live, struct error *error)
{
    if (live->heap_size + 2 <= live->heap_capacity)
        return 0;
    int capacity = live->heap_capacity ? live->heap_capacity * 2 : 64;
    struct waiter **heap = realloc(live->heap, (size_t)capacity * sizeof(struct waiter *));
    if (!heap)
        return error_set(error, ENOMEM, "no memory for one more that waits");
    live->heap = heap;
    live->heap_capacity = capacity;
    return 0;
}

static void heap_remove(struct live *live, struct waiter *waiter)
{
    int index = waiter->heap_index;
    struct waiter *last = live->heap[live->heap_size--];

    waiter->heap_index = 0;
    if (last == waiter)
        return;
    if (index > 1 && live->heap[index / 2]->time > last->time)
        heap_up(live, index, last);
    else
        heap_down(live, index, last);
}

/* ---- topics ---- */

static struct topic **topic_place(struct live *live, const char *name, uint64_t hash)
{
    struct topic **place = &live->buckets[hash & (live->bucket_count - 1)];

    while (*place && ((*place)->hash != hash || strcmp((*place)->name, name) != 0))
        place = &(*place)->next;
    return place;
}

/* Twice the buckets; with no memory for them the old ones do as well, only slower. */
static void topics_grow(struct live *live)
{
    size_t count = live->bucket_count * 2;
    struct topic **buckets = calloc(count, sizeof(struct topic *));

    if (!buckets)
        return;
    for (size_t i = 0; i < live->bucket_count; i++) {
        while (live->buckets[i]) {
            struct topic *topic = live->buckets[i];
            live->buckets[i] = topic->next;
            topic->next = buckets[topic->hash & (count - 1)];
            buckets[topic->hash & (count - 1)] = topic;
        }
    }
    free(live->buckets);
    live->buckets = buckets;
    live->bucket_count = count;
}

static struct topic *topic_get(struct live *live, const char *name)
{
    uint64_t hash = hash_text(name);
    struct topic **place = topic_place(live, name, hash);

    if (*place)
        return *place;
    struct topic *topic = malloc(sizeof(*topic) + strlen(name) + 1);
    if (!topic)
        return NULL;
    topic->next = NULL;
    topic->hash = hash;
    list_init(&topic->subscriptions);
    strcpy(topic->name, name);
    *place = topic;
    if (++live->topic_count > live->bucket_count)
        topics_grow(live);
    return topic;
}

static void topic_drop_if_empty(struct live *live, struct topic *topic)
{
    if (!list_is_empty(&topic->subscriptions))
        return;
    *topic_place(live, topic->name, topic->hash) = topic->next;
    live->topic_count--;
    free(topic);
}

static void drop_subscriptions(struct live *live, struct subscription *first)
{
    while (first) {
        struct subscription *subscription = first;
        first = subscription->next;
        list_remove(&subscription->node);
        topic_drop_if_empty(live, subscription->topic);
        free(subscription);
    }
}

static void unsubscribe(struct live *live, struct waiter *waiter)
{
    drop_subscriptions(live, waiter->subscriptions);
    waiter->subscriptions = NULL;
    waiter->published = false;
}

int live_subscribe(struct live *live, struct waiter *waiter, const char *name, struct error *error)
{
    struct subscription *subscription = malloc(sizeof(*subscription));

    if (!subscription)
        return error_set(error, ENOMEM, "no memory to wait");
    pthread_mutex_lock(&live->lock);
    struct topic *topic = topic_get(live, name);
    if (!topic || heap_reserve(live, error) < 0) {
        if (topic)
            topic_drop_if_empty(live, topic);
        pthread_mutex_unlock(&live->lock);
        free(subscription);
        return error_set(error, ENOMEM, "no memory to wait");
    }
    *subscription =
        (struct subscription){.next = waiter->subscriptions, .waiter = waiter, .topic = topic};
    waiter->subscriptions = subscription;
    list_append(&topic->subscriptions, &subscription->node);
    pthread_mutex_unlock(&live->lock);
    return 0;
}

void live_unsubscribe(struct live *live, struct waiter *waiter)
{
    pthread_mutex_lock(&live->lock);
    if (waiter->state != WAITER_IDLE)
        BUG("a parked waiter is unsubscribed");
    unsubscribe(live, waiter);
    pthread_mutex_unlock(&live->lock);
}

/* ---- parking and waking ---- */

bool live_park(struct live *live, struct waiter *waiter, int64_t time)
{
    struct error error;

    pthread_mutex_lock(&live->lock);
    bool parks = !waiter->published && !waiter->abandoned && !live->ending &&
                 heap_reserve(live, &error) == 0;
    if (parks) {
        waiter->state = WAITER_PARKED;
        waiter->time = time;
        list_append(&live->parked, &waiter->node);
        live->parked_count += !waiter->internal;
        if (time != TIME_NEVER) {
            heap_up(live, ++live->heap_size, waiter);
            if (waiter->heap_index == 1)
                pthread_cond_signal(&live->clock_changed);
        }
    }
    pthread_mutex_unlock(&live->lock);
    return parks;
}

/* But for its subscriptions. */
static void take_out(struct live *live, struct waiter *waiter)
{
    waiter->state = WAITER_IDLE;
    list_remove(&waiter->node);
    live->parked_count -= !waiter->internal;
    if (waiter->heap_index)
        heap_remove(live, waiter);
}

static void unpark(struct live *live, struct waiter *waiter)
{
    take_out(live, waiter);
    unsubscribe(live, waiter);
}

bool live_abandon(struct live *live, struct waiter *waiter)
{
    pthread_mutex_lock(&live->lock);
    waiter->abandoned = true;
    bool parked = waiter->state == WAITER_PARKED;
    if (parked)
        unpark(live, waiter);
    pthread_mutex_unlock(&live->lock);
    return parked;
}

/* Wakes a list of waiters that were taken out, without the lock: `wake` may take others. */
static void wake_all(struct list *woken, enum wake_reason reason)
{
    list_for_each_safe(node, woken) {
        struct waiter *waiter = list_item(node, struct waiter, node);
        list_remove(node);
        waiter->wake(waiter, reason);
    }
}

/* The first change since it took the last ones is told; what follows only adds to it. */
static void tell_watcher(const struct subscription *subscription)
{
    struct watcher *watcher = subscription->watcher;
    bool told = watcher->changed != 0;

    watcher->changed |= subscription->bit;
    if (!told)
        watcher->notify(watcher);
}

/* Those who are parked are taken out and added to `woken`. */
static void tell(struct live *live, const struct subscription *subscription, struct list *woken)
{
    struct waiter *waiter = subscription->waiter;

    if (!waiter) {
        tell_watcher(subscription);
        return;
    }
    waiter->published = true;
    if (waiter->state == WAITER_PARKED) {
        take_out(live, waiter);
        list_append(woken, &waiter->node);
    }
}

void live_publish(struct live *live, const char *name)
{
    struct list woken;

    list_init(&woken);
    pthread_mutex_lock(&live->lock);
    live->published++;
    struct topic *topic = *topic_place(live, name, hash_text(name));
    if (topic)
        list_for_each(node, &topic->subscriptions)
            tell(live, list_item(node, struct subscription, node), &woken);
    /* The last subscription that goes takes the topic with it. */
    list_for_each(node, &woken)
        unsubscribe(live, list_item(node, struct waiter, node));
    pthread_mutex_unlock(&live->lock);
    wake_all(&woken, WAKE_PUBLISHED);
}

/* ---- those who stay ---- */

/* Whether the watcher's topic of this name has changed, and was not taken yet. */
static bool has_changed(const struct watcher *watcher, const char *name)
{
    for (const struct subscription *one = watcher->subscriptions; one; one = one->next)
        if (strcmp(one->topic->name, name) == 0)
            return watcher->changed & one->bit;
    return false;
}

static struct subscription *watch_topic(struct live *live, struct watcher *watcher,
                                        const char *name, uint64_t bit)
{
    struct subscription *subscription = malloc(sizeof(*subscription));
    struct topic *topic = subscription ? topic_get(live, name) : NULL;

    if (!topic) {
        free(subscription);
        return NULL;
    }
    *subscription = (struct subscription){.watcher = watcher, .bit = bit, .topic = topic};
    list_append(&topic->subscriptions, &subscription->node);
    return subscription;
}

int live_watch(struct live *live, struct watcher *watcher, const char *const *topics, size_t count,
               struct error *error)
{
    struct subscription *first = NULL;
    uint64_t changed = 0;
    size_t i;

    pthread_mutex_lock(&live->lock);
    for (i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << i;
        struct subscription *subscription = watch_topic(live, watcher, topics[i], bit);
        if (!subscription)
            break;
        subscription->next = first;
        first = subscription;
        if (has_changed(watcher, topics[i]))
            changed |= bit;
    }
    bool all = i == count;
    drop_subscriptions(live, all ? watcher->subscriptions : first);
    if (all) {
        watcher->subscriptions = first;
        watcher->changed = changed;
    }
    pthread_mutex_unlock(&live->lock);
    return all ? 0 : error_set(error, ENOMEM, "no memory to watch");
}

uint64_t live_take_changed(struct live *live, struct watcher *watcher)
{
    pthread_mutex_lock(&live->lock);
    uint64_t changed = watcher->changed;
    watcher->changed = 0;
    pthread_mutex_unlock(&live->lock);
    return changed;
}

void live_unwatch(struct live *live, struct watcher *watcher)
{
    pthread_mutex_lock(&live->lock);
    drop_subscriptions(live, watcher->subscriptions);
    watcher->subscriptions = NULL;
    pthread_mutex_unlock(&live->lock);
}

void live_end(struct live *live)
{
    struct list woken;

    list_init(&woken);
    pthread_mutex_lock(&live->lock);
    live->ending = true;
    while (!list_is_empty(&live->parked)) {
        struct waiter *waiter = list_item(live->parked.next, struct waiter, node);
        unpark(live, waiter);
        list_append(&woken, &waiter->node);
    }
    pthread_mutex_unlock(&live->lock);
    wake_all(&woken, WAKE_ENDING);
}

bool live_is_ending(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    bool ending = live->ending;
    pthread_mutex_unlock(&live->lock);
    return ending;
}

/* ---- the clock ---- */

/* Takes out all whose time has come. */
static void take_due(struct live *live, struct list *woken)
{
    int64_t now = time_now();

    while (live->heap_size && live->heap[1]->time <= now) {
        struct waiter *waiter = live->heap[1];
        unpark(live, waiter);
        list_append(woken, &waiter->node);
    }
}

static void sleep_until_earliest(struct live *live)
{
    if (!live->heap_size) {
        pthread_cond_wait(&live->clock_changed, &live->lock);
        return;
    }
    int64_t time = live->heap[1]->time;
    struct timespec until = {.tv_sec = time / SECOND, .tv_nsec = time % SECOND * 1000};
    pthread_cond_timedwait(&live->clock_changed, &live->lock, &until);
}

static void *clock_thread(void *context)
{
    struct live *live = context;

    pthread_mutex_lock(&live->lock);
    while (!live->stopping) {
        struct list woken;
        list_init(&woken);
        take_due(live, &woken);
        if (list_is_empty(&woken)) {
            sleep_until_earliest(live);
            continue;
        }
        pthread_mutex_unlock(&live->lock);
        wake_all(&woken, WAKE_TIME);
        pthread_mutex_lock(&live->lock);
    }
    pthread_mutex_unlock(&live->lock);
    return NULL;
}

/* ---- making and ending ---- */

int live_create(struct live **ret_live, struct error *error)
{
    struct live *live = calloc(1, sizeof(*live));
    struct topic **buckets = calloc(FIRST_BUCKETS, sizeof(struct topic *));

    if (!live || !buckets) {
        free(live);
        free(buckets);
        return error_set(error, ENOMEM, "no memory for those who wait");
    }
    live->buckets = buckets;
    live->bucket_count = FIRST_BUCKETS;
    list_init(&live->parked);
    pthread_mutex_init(&live->lock, NULL);
    pthread_cond_init(&live->clock_changed, NULL);
    errno = pthread_create(&live->clock_thread, NULL, clock_thread, live);
    if (errno) {
        error_errno(error, "starting the clock");
        free(buckets);
        free(live);
        return -1;
    }
    *ret_live = live;
    return 0;
}

void live_destroy(struct live *live)
{
    if (!live)
        return;
    pthread_mutex_lock(&live->lock);
    if (!list_is_empty(&live->parked) || live->topic_count)
        BUG("somebody still waits at the end");
    live->stopping = true;
    pthread_cond_signal(&live->clock_changed);
    pthread_mutex_unlock(&live->lock);
    pthread_join(live->clock_thread, NULL);
    free(live->buckets);
    free(live->heap);
    free(live);
}

void live_stats(struct live *live, struct live_stats *ret_stats)
{
    pthread_mutex_lock(&live->lock);
    *ret_stats = (struct live_stats){.parked = live->parked_count,
                                     .topics = (int64_t)live->topic_count,
                                     .published = live->published};
    pthread_mutex_unlock(&live->lock);
}
