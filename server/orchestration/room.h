/*
 * Room: how many runs of a deployment, a work pool or a queue may be at work at the same time.
 *
 * What takes up room are the runs themselves, counted by an index when one wants to start: there is
 * no number beside them that could be wrong after a crash.
 */
#pragma once

#include "server/orchestration/flow_run.h"

/* What a rule may ask about the room for a run that would enter a state. */
struct room {
    bool pool_is_full;       /* the run's work pool, or its queue */
    bool deployment_is_full; /* without this run */
    bool cancels;            /* what becomes of a run of the deployment without room */
    bool was_lost;           /* the run took longer to start than its room is kept for it */
};

/* Looks as far as the transition depends on it. */
int room_look(struct txn *txn, const struct flow_run *run, const struct state *proposed,
              struct room *ret_room) MUST_CHECK;

/* Of the deployment's runs that wait for room as many are due as there is room for, those that have
 * waited longest first. */
int room_call(struct txn *txn, const char *deployment_id) MUST_CHECK;

/* The run enters a state: if it gives up room in its deployment, a run that waits for that is due.
 * For flow_run_enter. */
int room_follow(struct txn *txn, const struct flow_run *run, const struct state *state) MUST_CHECK;

/* The run is no more: its room is others'. For flow_run_delete. */
int room_leave(struct txn *txn, const struct flow_run *run) MUST_CHECK;

/* A run without room in its deployment waits in this state, and asks again after so many seconds;
 * earlier if there is room earlier. */
#define ROOM_AWAITED      "AwaitingConcurrencySlot"
#define ROOM_WAIT_SECONDS 30

/* For how long a deployment may have the room of a run kept that starts. */
#define GRACE_SECONDS_LEAST 60
#define GRACE_SECONDS_MOST  86400
