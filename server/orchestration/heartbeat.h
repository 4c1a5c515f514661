/*
 * Heartbeats: the signs of life of the stock client's runs.
 *
 * That client holds no lease; a process of its that runs a flow sends an event now and then
 * (`prefect.flow-run.heartbeat`, each three minutes if nothing else is set). From the second one on
 * the server knows how often, and the run is held under a lease that nobody can name: when three
 * have not come, and never before ten minutes, it is judged as any other whose holder is gone.
 */
#pragma once

#include "server/orchestration/event.h"

/* Takes over what an event says that was stored just now, if it is a heartbeat. */
int heartbeat_take(struct txn *txn, const struct event *event) MUST_CHECK;
