/*
 * Work pools and their queues, as deployments and runs refer to them.
 *
 * A run that belongs to a queue waits there for a worker of the pool. All that is returned lives in
 * the transaction's memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/store/store.h"

#define NO_LIMIT (-1)

#define WORK_QUEUES_LIMIT 1000 /* of one pool */

struct work_pool {
    const char *id;
    const char *name;
    const char *type;
    const char *default_queue_id;
    const char *base_job_template; /* JSON */
    bool is_paused;
    int64_t limit; /* of runs at the same time, or NO_LIMIT */
};

struct work_queue {
    const char *id;
    const char *name;
    const char *pool_id;
    const char *pool_name;
    bool is_paused;
    int64_t limit;
    int64_t priority;
};

/* The pool in which queues without a pool are. */
#define AGENT_POOL "default-agent-pool"

/* ---- finding: 1, 0 if there is none, -1 ---- */

int work_pool_find(struct txn *txn, const char *name, struct work_pool *ret_pool) MUST_CHECK;

/* `name`: NULL for the pool's default queue. */
int work_queue_find(struct txn *txn, const struct work_pool *pool, const char *name,
                    struct work_queue *ret_queue) MUST_CHECK;
int work_queue_load(struct txn *txn, const char *id, struct work_queue *ret_queue) MUST_CHECK;

/* All queues of the pool, those of the lowest number first. How many, or -1. */
int work_queues_of(struct txn *txn, const struct work_pool *pool,
                   struct work_queue **ret_queues) MUST_CHECK;

/* ---- making ---- */

/* Whether the pool may have one more queue; else the transaction fails with EDQUOT: -1. */
int work_pool_check_queues(struct txn *txn, const char *pool_id) MUST_CHECK;

/* The queue of that name, made if it is not there and the pool may have one more. */
int work_queue_ensure(struct txn *txn, const struct work_pool *pool, const char *name,
                      struct work_queue *ret_queue) MUST_CHECK;

/* The pool of queues without one, made if it is not there. */
int work_pool_ensure_agents(struct txn *txn, struct work_pool *ret_pool) MUST_CHECK;

/* Gives a new pool its default queue. */
int work_pool_add_default_queue(struct txn *txn, const char *pool_id) MUST_CHECK;

/* The lowest number that no queue of the pool has. */
int work_pool_free_priority(struct txn *txn, const char *pool_id, int64_t *ret_priority) MUST_CHECK;

/* Puts the queue at that number; others that are in its way move behind it. */
int work_queue_set_priority(struct txn *txn, const char *pool_id, const char *queue_id,
                            int64_t priority) MUST_CHECK;

/* ---- ending ---- */

/* Deployments, and runs that still wait, are in no queue any more. For a queue that is about to be
 * deleted; runs that began keep what they were in. */
int work_queue_detach(struct txn *txn, const char *queue_id) MUST_CHECK;

/* ---- room ---- */

/* How many more runs may be pending or running in the pool, or in the queue; INT64_MAX: any
 * number. */
int work_pool_room(struct txn *txn, const struct work_pool *pool, int64_t *ret_room) MUST_CHECK;
int work_queue_room(struct txn *txn, const struct work_queue *queue, int64_t *ret_room) MUST_CHECK;

/* The topic of those who wait for runs of the pool of that name. */
#define WORK_POOL_TOPIC "work_pool:%s"
