#include "server/live/lease.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/heap.h"
#include "common/list.h"
#include "common/times.h"

#define FIRST_BUCKETS 64

struct lease {
    struct lease *next; /* in its bucket */
    struct heap_node end;
    char name[];
};

struct leases {
    bool watched;
    pthread_mutex_t lock; /* for what follows */
    struct lease **buckets;
    size_t bucket_count; /* a power of two */
    struct heap ends;    /* of all */
};

static struct lease *first_of(const struct leases *leases)
{
    struct heap_node *first = heap_first(&leases->ends);

    return first ? list_item(first, struct lease, end) : NULL;
}

/* Whether it has ended by `now`; NULL has not. */
static bool has_ended(const struct lease *lease, int64_t now)
{
    return lease && lease->end.time < now;
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

    while (*place != lease)
        place = &(*place)->next;
    *place = lease->next;
    heap_remove(&leases->ends, &lease->end);
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

    while (!leases->watched && has_ended(first_of(leases), now))
        drop(leases, first_of(leases));
    if (leases->ends.count * 2 > leases->bucket_count)
        grow(leases);
}

static int add(struct leases *leases, const char *name, int64_t time)
{
    struct lease *lease =
        heap_reserve(&leases->ends) ? malloc(sizeof(*lease) + strlen(name) + 1) : NULL;

    if (!lease)
        return -1;
    if (leases->ends.count >= leases->bucket_count)
        make_room(leases);
    struct lease **place = bucket_of(leases->buckets, leases->bucket_count, name);
    lease->next = *place;
    strcpy(lease->name, name);
    *place = lease;
    heap_add(&leases->ends, &lease->end, time);
    return 0;
}

int leases_set(struct leases *leases, const char *name, int64_t time)
{
    int r = 0;

    pthread_mutex_lock(&leases->lock);
    struct lease *lease = find(leases, name);
    if (lease) {
        heap_move(&leases->ends, &lease->end, time);
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
    bool hold = lease && !has_ended(lease, now);
    pthread_mutex_unlock(&leases->lock);
    return hold;
}

/* ---- for one who watches ---- */

int64_t leases_next(struct leases *leases)
{
    pthread_mutex_lock(&leases->lock);
    const struct lease *first = first_of(leases);
    int64_t time = first ? first->end.time + 1 : TIME_NEVER;
    pthread_mutex_unlock(&leases->lock);
    return time;
}

bool leases_first_ended(struct leases *leases, int64_t now, char *ret_name, size_t size)
{
    pthread_mutex_lock(&leases->lock);
    const struct lease *first = first_of(leases);
    bool ended = has_ended(first, now);
    if (ended)
        snprintf(ret_name, size, "%s", first->name);
    pthread_mutex_unlock(&leases->lock);
    return ended;
}

void leases_drop_ended(struct leases *leases, const char *name, int64_t now)
{
    pthread_mutex_lock(&leases->lock);
    struct lease *lease = find(leases, name);
    if (has_ended(lease, now))
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
    for (struct lease *lease; (lease = first_of(leases));)
        drop(leases, lease);
    heap_release(&leases->ends);
    free(leases->buckets);
    free(leases);
}
