/*
 * Checkpoints: what was committed moves from the database's log into the database. Inside the store
 * only.
 *
 * A pass copies it on a thread and a connection of its own; the writer goes on meanwhile and wakes
 * the thread whenever the log has grown enough. Under load the writer is always ahead of the
 * passes, and the log would never begin anew: once it is long, the writer itself copies the little
 * that a pass has left, between two commits. It does so without waiting, until the log is at its
 * ceiling: then it waits for the server's own reads that hold old snapshots, which have a time
 * limit. Only another process that reads (a backup) lets the log grow further, until that is done.
 *
 * A checkpoint that fails loses nothing, since what it copies stays in the log: it is reported and
 * tried again.
 */
#pragma once

#include "server/store/connection.h"
#include "server/store/snapshots.h"

struct checkpoints;

int checkpoints_start(const struct store_config *config, struct snapshots *snapshots,
                      struct checkpoints **ret_checkpoints, struct error *error) MUST_CHECK;
void checkpoints_stop(struct checkpoints *checkpoints); /* NULL: nothing */

/* By whoever has the writer's connection, after its commits. */
void checkpoints_after_commit(struct checkpoints *checkpoints, struct db_connection *writer);
