/* Events of flow runs: one for each state that they enter. */
#pragma once

#include "server/orchestration/flow_run.h"
#include "server/orchestration/made_event.h"

/*
 * Makes the event of a run that leaves run->state for `state`, which is stored already. Its id is
 * the state's and its time too: clients rely on both.
 */
int run_event_make(struct txn *txn, const struct flow_run *run,
                   const struct state *state) MUST_CHECK;

/* Relates an event to what a flow run belongs to: its flow and deployment, its work queue and pool,
 * the task run that it stands for, and all their tags. */
int run_event_relate(struct made_event *made, const char *flow_run_id) MUST_CHECK;
