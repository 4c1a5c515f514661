/*
 * What happens because time passes: pauses that expire, runs that are late, schedules, retention.
 *
 * Each service is a row of a table: a query for the earliest time at which it has something to do,
 * which an index answers, and a transaction that does it. One waiter sleeps until the earliest of
 * all, or until a change makes an earlier one.
 */
#pragma once

#include <stdint.h>

#include "common/error.h"
#include "server/live/lease.h"
#include "server/live/live.h"
#include "server/store/store.h"

struct services;

struct services_config {
    struct store *store;
    struct live *live;
    struct leases *run_leases; /* watched; their ends are told by time_monotonic */
    int64_t retention;         /* microseconds; 0: none */
    int64_t event_retention;   /* the same */
};

int services_start(const struct services_config *config, struct services **ret_services,
                   struct error *error) MUST_CHECK;
void services_stop(struct services *services); /* before the store is closed; NULL is fine */

/* ---- for the services themselves ---- */

/* The topic on which a transaction tells that something is due earlier than before. */
#define CLOCK_TOPIC "clock"

struct service {
    const char *name;
    /* When there is something to do: TIME_NEVER for nothing. -1 on failure. Reads what has been
     * committed. */
    int (*next)(struct txn *txn, const struct services_config *config, int64_t *ret_time);
    /* Does a bounded part of what is due. */
    int (*run)(struct txn *txn, const struct services_config *config);
};

#define MOST_SERVICES 16
extern const struct service all_services[]; /* ends with a NULL name */
