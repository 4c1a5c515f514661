#include "server/live/lease.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/times.h"

#define FIRST_BUCKETS 64

struct lease {
    struct lease *next; /* in its bucket */
    int64_t until;
    size_t heap_index;
    char name[];
};

struct leases {
    bool watched;
    pthread_mutex_t lock; /* for what follows */
    struct lease **buckets;
    size_t bucket_count; /* a power of two */
    /* A binary heap of all, the earliest to end first; the first place is not used. */
    struct lease **heap;
    size_t heap_capacity;
    size_t count;
};

/* ---- the heap of ends ---- */

static void heap_put(struct leases *leases, size_t index, struct lease *lease)
{
    leases->heap[index] = lease;
    lease->heap_index = index;
}

static void heap_up(struct leases *leases, size_t index, struct lease *lease)
{
    for (; index > 1 && leases->heap[index / 2]->until > lease->until; index /= 2)
        heap_put(leases, index, leases->heap[index / 2]);
    heap_put(leases, index, lease);
}

static void heap_down(struct leases *leases, size_t index, struct lease *lease)
{
    for (size_t child = 2 * index; child <= leases->count; child = 2 * index) {
        if (child < leases->count && leases->heap[child + 1]->until < leases->heap[child]->until)
            child++;
        if (leases->heap[child]->until >= lease->until)
            break;
        heap_put(leases, index, leases->heap[child]);
        index = child;
    }
    heap_put(leases, index, lease);
}

/* Puts a lease, whose end has changed, where it belongs. */
static void heap_settle(struct leases *leases, size_t index, struct lease *lease)
{
    if (index > 1 && leases->heap[index / 2]->until > lease->until)
        heap_up(leases, index, lease);
    else
        heap_down(leases, index, lease);
}

/* Room for one more; false without memory. */
static bool heap_reserve(struct leases *leases)
{
    if (leases->count + 2 <= leases->heap_capacity)
        return true;
    size_t capacity = leases->heap_capacity ? leases->heap_capacity * 2 : FIRST_BUCKETS;
    struct lease **heap = realloc(leases->heap, capacity * sizeof(struct lease *));
    if (!heap)
        return false;
    leases->heap = heap;
    leases->heap_capacity = capacity;
    return true;
}

/* ---- the table of names ---- */

static struct lease **bucket_of(struct lease **buckets, size_t count, const char *name)
{
    return &buckets[hash_text(name) & (count - 1)];
}

static struct lease *find(struct leases *leases, const char *name)
{
    struct lease *lease = *bucket_of(leases->buckets, leases->bucket_count, name);

    while (lease && strcmp(lease->name, name) != 0)
        lease = lease->next;
    return lease;
}

static void drop(struct leases *leases, struct lease *lease)
{
    struct lease **place = bucket_of(leases->buckets, leases->bucket_count, lease->name);
    struct lease *last = leases->heap[leases->count--];

    while (*place != lease)
        place = &(*place)->next;
    *place = lease->next;
    if (last != lease)
        heap_settle(leases, lease->heap_index, last);
    free(lease);
}

/* Twice the buckets; with no memory for them the old ones do as well, only slower. */
static void grow(struct leases *leases)
{
    size_t count = leases->bucket_count * 2;
    struct lease **buckets = calloc(count, sizeof(struct lease *));

    if (!buckets)
        return;
    for (size_t i = 0; i < leases->bucket_count; i++) {
        while (leases->buckets[i]) {
            struct lease *lease = leases->buckets[i];
            struct lease **place = bucket_of(buckets, count, lease->name);
            leases->buckets[i] = lease->next;
            lease->next = *place;
            *place = lease;
        }
    }
    free(leases->buckets);
    leases->buckets = buckets;
    leases->bucket_count = count;
}

/* Before the table gets crowded: what has ended goes; if that is little, there is more room. */
static void make_room(struct leases *leases)
{
    int64_t now = time_now();

    while (!leases->watched && leases->count && leases->heap[1]->until < now)
        drop(leases, leases->heap[1]);
    if (leases->count * 2 > leases->bucket_count)
        grow(leases);
}

static int add(struct leases *leases, const char *name, int64_t time)
{
    struct lease *lease = heap_reserve(leases) ? malloc(sizeof(*lease) + strlen(name) + 1) : NULL;

    if (!lease)
        return -1;
    if (leases->count >= leases->bucket_count)
        make_room(leases);
    struct lease **place = bucket_of(leases->buckets, leases->bucket_count, name);
    lease->next = *place;
    lease->until = time;
    strcpy(lease->name, name);
    *place = lease;
    heap_up(leases, ++leases->count, lease);
    return 0;
}

int leases_set(struct leases *leases, const char *name, int64_t time)
{
    int r = 0;

    pthread_mutex_lock(&leases->lock);
    struct lease *lease = find(leases, name);
    if (lease) {
        lease->until = time;
        heap_settle(leases, lease->heap_index, lease);
    } else {
        r = add(leases, name, time);
    }
    pthread_mutex_unlock(&leases->lock);
    return r;
}

bool leases_hold(struct leases *leases, const char *name, int64_t now)
{
    pthread_mutex_lock(&leases->lock);
    struct lease *lease = find(leases, name);
    bool hold = lease && lease->until >= now;
    pthread_mutex_unlock(&leases->lock);
    return hold;
}

/* ---- for one who watches ---- */

int64_t leases_next(struct leases *leases)
{
    pthread_mutex_lock(&leases->lock);
    int64_t time = leases->count ? leases->heap[1]->until + 1 : TIME_NEVER;
    pthread_mutex_unlock(&leases->lock);
    return time;
}

bool leases_first_ended(struct leases *leases, int64_t now, char *ret_name, size_t size)
{
    pthread_mutex_lock(&leases->lock);
    bool ended = leases->count && leases->heap[1]->until < now;
    if (ended)
        snprintf(ret_name, size, "%s", leases->heap[1]->name);
    pthread_mutex_unlock(&leases->lock);
    return ended;
}

void leases_drop_ended(struct leases *leases, const char *name, int64_t now)
{
    pthread_mutex_lock(&leases->lock);
    struct lease *lease = find(leases, name);
    if (lease && lease->until < now)
        drop(leases, lease);
    pthread_mutex_unlock(&leases->lock);
}

/* ---- making and ending ---- */

int leases_create(bool watched, struct leases **ret_leases, struct error *error)
{
    struct leases *leases = calloc(1, sizeof(*leases));
    struct lease **buckets = calloc(FIRST_BUCKETS, sizeof(struct lease *));

    if (!leases || !buckets) {
        free(leases);
        free(buckets);
        return error_set(error, ENOMEM, "no memory for leases");
    }
    leases->watched = watched;
    leases->buckets = buckets;
    leases->bucket_count = FIRST_BUCKETS;
    pthread_mutex_init(&leases->lock, NULL);
    *ret_leases = leases;
    return 0;
}

void leases_destroy(struct leases *leases)
{
    if (!leases)
        return;
    for (size_t i = 1; i <= leases->count; i++)
        free(leases->heap[i]);
    free(leases->heap);
    free(leases->buckets);
    free(leases);
}
