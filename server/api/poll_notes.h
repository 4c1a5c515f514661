/*
 * That somebody asks for runs: "last_polled", and READY as long as they do.
 *
 * It is written down beside the request, as a write of its own, so that polling stays a read; and
 * only if what is written says something else than it did a moment ago.
 */
#pragma once

#include "server/api/api.h"

/* What can be polled: the table, and what writes down that a row of it was. */
struct polled_kind {
    const char *table; /* with the columns status and polled_until */
    int (*polled)(struct txn *txn, const char *id, int64_t until);
};

extern const struct polled_kind polled_deployments;
extern const struct polled_kind polled_work_queues;

/* Whoever waits is there as long as it waits. */
int note_polls(struct txn *txn, struct request *request, const struct polled_kind *kind,
               const struct value *ids, int count) MUST_CHECK;

/* How far the runs that are asked for may lie ahead, by the clock as it is now. By the
 * "scheduled_before" of the body; TIME_NEVER: any time. */
int64_t polled_ahead(const struct request *request, const struct txn *txn);
