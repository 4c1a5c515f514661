/*
 * The status of work pools and queues, and events of its changes: "prefect.work-pool.ready",
 * "prefect.work-queue.paused", ….
 */
#pragma once

#include <stdbool.h>

#include "server/store/store.h"

/* The status as SQL, of a row that goes by the name `r`. NULL: it has none. */
#define WORK_POOL_STATUS                                                                           \
    "CASE WHEN r.type = 'prefect-agent' THEN NULL WHEN r.is_paused = 1 THEN 'PAUSED'"              \
    " WHEN EXISTS (SELECT 1 FROM workers w WHERE w.work_pool_id = r.id"                            \
    " AND w.status = 'ONLINE') THEN 'READY' ELSE 'NOT_READY' END"
#define WORK_QUEUE_STATUS "CASE WHEN r.is_paused = 1 THEN 'PAUSED' ELSE r.status END"

/* The status before a change, in the transaction's memory; "" if there is none. */
int work_pool_status(struct txn *txn, const char *id, const char **ret_status) MUST_CHECK;
int work_queue_status(struct txn *txn, const char *id, const char **ret_status) MUST_CHECK;

/* After a change: if the status is another than `before`, makes its event. */
int work_pool_follow(struct txn *txn, const char *id, const char *before) MUST_CHECK;
int work_queue_follow(struct txn *txn, const char *id, const char *before) MUST_CHECK;

/* Makes the event of that name: "created", "deleted", …. */
int work_pool_event_make(struct txn *txn, const char *id, const char *what) MUST_CHECK;
int work_queue_event_make(struct txn *txn, const char *id, const char *what) MUST_CHECK;

/* Somebody asks for the queue's runs, and is taken to be there until that time; or nobody does any
 * more. Its deployments are ready with it. */
int work_queue_polled(struct txn *txn, const char *id, int64_t until) MUST_CHECK;
int work_queue_left(struct txn *txn, const char *id) MUST_CHECK;
