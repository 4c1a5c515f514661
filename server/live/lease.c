#include "server/live/lease.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/times.h"

#define FIRST_BUCKETS 64

struct lease {
    struct lease *next; /* in its bucket */
    int64_t until;
    char name[];
};

struct leases {
    pthread_mutex_t lock;
    struct lease **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

static struct lease **bucket_of(struct lease **buckets, size_t count, const char *name)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211U;
    return &buckets[hash & (count - 1)];
}

static struct lease *find(struct leases *leases, const char *name)
{
    struct lease *lease = *bucket_of(leases->buckets, leases->bucket_count, name);

    while (lease && strcmp(lease->name, name) != 0)
        lease = lease->next;
    return lease;
}

static void drop_ended(struct leases *leases)
{
    int64_t now = time_now();

    for (size_t i = 0; i < leases->bucket_count; i++) {
        struct lease **place = &leases->buckets[i];
        while (*place) {
            struct lease *lease = *place;
            if (lease->until >= now) {
                place = &lease->next;
                continue;
            }
            *place = lease->next;
            free(lease);
            leases->count--;
        }
    }
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
    drop_ended(leases);
    if (leases->count * 2 > leases->bucket_count)
        grow(leases);
}

static void add(struct leases *leases, const char *name, int64_t time)
{
    struct lease *lease = malloc(sizeof(*lease) + strlen(name) + 1);

    if (!lease)
        return;
    if (leases->count >= leases->bucket_count)
        make_room(leases);
    struct lease **place = bucket_of(leases->buckets, leases->bucket_count, name);
    lease->next = *place;
    lease->until = time;
    strcpy(lease->name, name);
    *place = lease;
    leases->count++;
}

void leases_set(struct leases *leases, const char *name, int64_t time)
{
    pthread_mutex_lock(&leases->lock);
    struct lease *lease = find(leases, name);
    if (lease)
        lease->until = time;
    else
        add(leases, name, time);
    pthread_mutex_unlock(&leases->lock);
}

bool leases_hold(struct leases *leases, const char *name)
{
    pthread_mutex_lock(&leases->lock);
    struct lease *lease = find(leases, name);
    bool hold = lease && lease->until >= time_now();
    pthread_mutex_unlock(&leases->lock);
    return hold;
}

int leases_create(struct leases **ret_leases, struct error *error)
{
    struct leases *leases = calloc(1, sizeof(*leases));
    struct lease **buckets = calloc(FIRST_BUCKETS, sizeof(struct lease *));

    if (!leases || !buckets) {
        free(leases);
        free(buckets);
        return error_set(error, ENOMEM, "no memory for leases");
    }
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
    for (size_t i = 0; i < leases->bucket_count; i++) {
        while (leases->buckets[i]) {
            struct lease *lease = leases->buckets[i];
            leases->buckets[i] = lease->next;
            free(lease);
        }
    }
    free(leases->buckets);
    free(leases);
}
