/*
 * Polls of the stock Prefect client, held as if they were waiting reads.
 *
 * That client asks again and again where ours waits: a paused flow, a runner and receive_input
 * every ten seconds each. Its requests may take a minute, so an answer that would be "nothing yet"
 * is kept back until there is news, or for the time that is set. What is held must not hurt who did
 * not mean to wait, so each kind has its proof, which lies in the connection's note (http.h):
 *
 * - A pause: the run entered PAUSED over this very connection, so it is its own process that reads
 *   it, and the server knows when it gives up.
 * - A runner: the same question came before on this connection. It is held for half of the time
 *   between the two, since a runner that has had no answer for two of its intervals counts as dead
 *   with who watches it.
 * - receive_input: the same question came before on this connection; the first look is not part of
 *   the client's time-out. When it gives up the server does not know, so this has a setting of its
 * own.
 */
#pragma once

#include "server/api/api.h"

/* Preparations of the routes that are polled. */
preparation hold_pause;
preparation hold_runner;
preparation hold_receive;

/* The run entered PAUSED by this request. */
void poll_note_pause(struct request *request, const char *run_id);

/* Of a request that hold_pause holds: whether the run is still paused, so that its reader parks.
 * Names the time at which that ends. -1: failed. */
int poll_waits_on(struct txn *txn, struct request *request) MUST_CHECK;

/* Notes when a poll was answered. */
void poll_answered(struct request *request);
