/*
 * That somebody asks for runs: "last_polled", and READY as long as they do.
 *
 * It is written down beside the request, as a write of its own, so that polling stays a read; and
 * only if what is written says something else than it did a moment ago.
 */
#pragma once

#include "server/api/api.h"

/* Of rows of "deployments" or "work_queues". Whoever waits is there as long as it waits. */
int note_polls(struct txn *txn, struct request *request, const char *table, const struct value *ids,
               int count) MUST_CHECK;
