/*
 * Leases of runs: who holds a run, and what becomes of it when they are gone.
 *
 * Whoever takes a run may do so under a lease: it names itself as the holder and says for how long
 * it is to be believed after each sign of life. From then on nobody else proposes states as the
 * run's holder; when the lease runs out the run is judged. That a run is held is a row; the signs
 * of life are none (live/lease.h). The row goes when the run ends, is scheduled again or suspended.
 * Runs that are held without a lease, as the stock client does, are left alone.
 */
#pragma once

#include "server/orchestration/transition.h"

#define RUN_LEASE_MOST 3600 /* seconds */

struct run_lease {
    int seconds; /* 0: there is none */
    char holder[ID_SIZE];
};

/* The lease of a run; 0 if nobody holds it under one. */
int run_lease_load(struct txn *txn, const char *run_id, struct run_lease *ret_lease) MUST_CHECK;

/* The run is the holder's from now on. */
int run_lease_take(struct txn *txn, const char *run_id, const struct run_lease *lease) MUST_CHECK;

/* What one who may hold a lease proposes: as flow_run_propose, but one who has lost the run is told
 * to stop, and one who takes it has it under the lease. `ret_taken`: it was taken just now. */
int run_lease_propose(struct txn *txn, struct flow_run *run, struct state *proposed, bool force,
                      const struct run_lease *lease, bool *ret_taken,
                      struct outcome *ret_outcome) MUST_CHECK;

/* The run enters a state: the lease ends or starts anew with it, and subflows that its process
 * leaves behind have crashed. For flow_run_enter. */
int run_lease_follow(struct txn *txn, const struct flow_run *run,
                     const struct state *state) MUST_CHECK;

/* The lease has run out: the run is offered again, or it has ended. A run that is paused is left
 * alone. */
int run_lease_judge(struct txn *txn, const char *run_id) MUST_CHECK;
