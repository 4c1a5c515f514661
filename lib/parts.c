#include "lib/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/errors.h"

struct part_client {
    struct list node; /* in its owner's idle ones */
    struct fm_client *client;
};

/* ---- clients --------------------------------------------------------------------------------- */

static struct part_client *take_idle(struct fm_run *owner)
{
    struct part_client *idle = NULL;

    pthread_mutex_lock(&owner->lock);
    if (!list_is_empty(&owner->idle_clients)) {
        idle = list_item(owner->idle_clients.next, struct part_client, node);
        list_remove(&idle->node);
    }
    pthread_mutex_unlock(&owner->lock);
    return idle;
}

static int take_client(struct fm_run *owner, struct part_client **ret_client,
                       struct fm_error *error)
{
    struct part_client *taken = take_idle(owner);

    if (!taken) {
        taken = calloc(1, sizeof(*taken));
        if (!taken)
            return fail_without_memory(error);
        list_init(&taken->node);
        int r = client_create_like(owner->client, &taken->client, error);
        if (r < 0) {
            free(taken);
            return r;
        }
    }
    *ret_client = taken;
    return 0;
}

void parts_release(struct fm_run *run)
{
    list_for_each_safe(node, &run->idle_clients) {
        struct part_client *idle = list_item(node, struct part_client, node);
        fm_client_destroy(idle->client);
        free(idle);
    }
    list_init(&run->idle_clients);
}

/* ---- begin and end --------------------------------------------------------------------------- */

int part_begin(struct fm_run *part, struct fm_run *parent, struct fm_error *error)
{
    struct fm_run *owner = parent->owner;

    int r = take_client(owner, &part->part_client, error);
    if (r < 0)
        return r;
    part->client = part->part_client->client;
    part->parent = parent;
    part->log = parent->log;
    pthread_mutex_lock(&owner->lock);
    list_append(&owner->parts, &part->part);
    if (run_interruption(parent) < 0)
        fm_client_interrupt(part->client);
    pthread_mutex_unlock(&owner->lock);
    return 0;
}

void part_end(struct fm_run *part)
{
    if (!part->part_client)
        return;
    struct fm_run *owner = part->parent->owner;
    pthread_mutex_lock(&owner->lock);
    list_remove(&part->part);
    client_reopen(part->client);
    list_append(&owner->idle_clients, &part->part_client->node);
    part->part_client = NULL;
    if (part->wake_fd >= 0)
        close(part->wake_fd);
    part->wake_fd = -1;
    pthread_mutex_unlock(&owner->lock);
}

/* ---- interruption ---------------------------------------------------------------------------- */

void run_set_ending(struct fm_run *run, bool ending)
{
    pthread_mutex_lock(&run->owner->lock);
    run->ending = ending;
    if (ending)
        client_reopen(run->client);
    else if (run_interruption(run) < 0)
        fm_client_interrupt(run->client);
    pthread_mutex_unlock(&run->owner->lock);
}

static bool is_inside(const struct fm_run *part, const struct fm_run *run)
{
    while (part && part != run)
        part = part->parent;
    return part != NULL;
}

/* With the lock of the run's owner held. */
static void interrupt_handle(struct fm_run *run)
{
    if (!run->ending)
        fm_client_interrupt(run->client);
    if (run->wake_fd >= 0)
        eventfd_write(run->wake_fd, 1);
}

/* Locks are taken from the outer flow run to the inner one. */
void run_interrupt(struct fm_run *run)
{
    struct fm_run *owner = run->owner;

    pthread_mutex_lock(&owner->lock);
    interrupt_handle(run);
    list_for_each(node, &owner->parts) {
        struct fm_run *part = list_item(node, struct fm_run, part);
        if (part == run || !is_inside(part, run))
            continue;
        if (part->owner == part)
            run_interrupt(part);
        else
            interrupt_handle(part);
    }
    pthread_mutex_unlock(&owner->lock);
}

void run_cancel(struct fm_run *run)
{
    atomic_store(&run->owner->cancelling, true);
    run_interrupt(run->owner);
}

int run_open_wake_fd(struct fm_run *run, struct fm_error *error)
{
    pthread_mutex_lock(&run->owner->lock);
    if (run->wake_fd < 0)
        run->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int fd = run->wake_fd;
    int number = errno;
    pthread_mutex_unlock(&run->owner->lock);
    return fd >= 0 ? fd : fail(error, FM_FAILED, "eventfd: %s", strerror(number));
}

/* ---- why ------------------------------------------------------------------------------------- */

int run_signal(const struct fm_run *run)
{
    for (; run; run = run->parent) {
        int number = atomic_load(&run->signal);
        if (number)
            return number;
    }
    return 0;
}

bool run_is_cancelling(const struct fm_run *run)
{
    while (run && !atomic_load(&run->cancelling))
        run = run->parent;
    return run != NULL;
}

int run_interruption(const struct fm_run *run)
{
    if (run_signal(run) || run_is_cancelling(run))
        return FM_CANCELLED;
    while (run && !atomic_load(&run->timed_out))
        run = run->parent;
    return run ? FM_TIMED_OUT : 0;
}
