/*
 * Limits on how many slots of a name may be taken at the same time, and the leases under which they
 * are taken.
 *
 * The limit of a tag goes by the name "tag:TAG": it counts the task runs that have the tag. A limit
 * whose slots decay is a rate: so many of them are free again each second, whoever took them.
 */
#pragma once

#include <jansson.h>

#include "common/ids.h"
#include "server/store/store.h"

#define TAG_PREFIX   "tag:"
#define SLOTS_LIMIT  INT32_MAX /* that anybody can have or ask for */
#define OCCUPANCY    2.0       /* seconds that a slot is taken, while nothing is known of it */
#define WAIT_SECONDS 30.0      /* that nobody is told to wait longer, but for rates */
#define RATE_SECONDS 86400.0   /* and that nobody is told to wait longer for these */

struct slot_limit {
    char id[ID_SIZE];
    const char *name;
    bool active;
    int64_t most;
    int64_t taken;
    int64_t denied;
    double decay;     /* slots a second; 0: they are taken until they are given back */
    double occupancy; /* seconds that a slot has been taken, on average */
    int64_t counted;  /* `taken` and `denied` are those of this time */
};

struct slot_limits {
    struct slot_limit *limits; /* by name */
    size_t count;
};

/* Those of these names (strings) that there are, as of now, in the transaction's memory. */
int slot_limits_load(struct txn *txn, const json_t *names, const char *prefix,
                     struct slot_limits *ret_limits) MUST_CHECK;

/* Lets go of what decayed up to then. */
void slot_limit_decay(struct slot_limit *limit, int64_t now);

/* Only the active ones count, here and below. */
bool slot_limits_have_room(const struct slot_limits *limits, int64_t slots);
int slot_limits_take(struct txn *txn, const struct slot_limits *limits, int64_t slots) MUST_CHECK;

/* Slots were asked for in vain. */
int slot_limits_deny(struct txn *txn, const struct slot_limits *limits, int64_t slots) MUST_CHECK;

/* Seconds after which it is worth to ask again for what there is no room. */
double slot_limits_wait(const struct slot_limits *limits, int64_t slots);

/* `seconds` that they were taken, for the average; 0: not known. */
int slot_limits_give_back(struct txn *txn, const struct slot_limits *limits, int64_t slots,
                          double seconds) MUST_CHECK;

/* ---- leases ---- */

struct slot_lease {
    int64_t slots;
    double seconds;          /* 0: until its holder, or the holder's flow run, has ended */
    const char *holder_type; /* or NULL */
    const char *holder_id;   /* or NULL */
};

#define HOLDER_TASK_RUN "task_run"

/* For slots that were taken just now. */
int slot_lease_create(struct txn *txn, const struct slot_limits *limits,
                      const struct slot_lease *lease, char ret_id[static ID_SIZE]) MUST_CHECK;

/* How many there were: 1 or 0. */
int slot_lease_renew(struct txn *txn, const char *id, double seconds) MUST_CHECK;

/* Gives all of its slots back. Nothing happens if there is none. */
int slot_lease_release(struct txn *txn, const char *id) MUST_CHECK;

/* Those of a task run, and those that were to last as long as a flow run. */
int slot_leases_release_of_task(struct txn *txn, const char *task_run_id) MUST_CHECK;
int slot_leases_release_of_run(struct txn *txn, const char *flow_run_id) MUST_CHECK;

/* A task run turns out to be one of this flow run: the slots that it took before end with the flow
 * run, or now if that has ended. */
int slot_leases_set_run(struct txn *txn, const char *task_run_id,
                        const char *flow_run_id) MUST_CHECK;

/* Those of a task run that hold slots of the limit. */
int slot_leases_release_of_limit(struct txn *txn, const char *limit_id,
                                 const char *task_run_id) MUST_CHECK;

/* None of the limit's slots is taken any more, whatever its holders think. */
int slot_leases_forget_limit(struct txn *txn, const char *limit_id) MUST_CHECK;

/* Whether the task run has any, or any of the limit's: 1 or 0. */
int slot_leases_has_task(struct txn *txn, const char *task_run_id) MUST_CHECK;
int slot_leases_has_limit(struct txn *txn, const char *limit_id,
                          const char *task_run_id) MUST_CHECK;
