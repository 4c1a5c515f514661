/*
 * Leases: who is there just now.
 *
 * Presence is no data: that a flow waits for something is kept in memory, for some seconds longer
 * than its waiting read, and forgotten with the process. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct leases;

/* `watched`: those that have ended stay until they are dropped, for somebody who looks after them;
 * else they go when room is needed. */
int leases_create(bool watched, struct leases **ret_leases, struct error *error) MUST_CHECK;
void leases_destroy(struct leases *leases);

/* The holder of this name is there until `time`, whatever was said before: of time_now(), or, where
 * the leases are watched, of whichever clock tells all their times. -1 without memory: it counts as
 * not there. */
int leases_set(struct leases *leases, const char *name, int64_t time);
bool leases_hold(struct leases *leases, const char *name, int64_t now);

/* When the first of all will have ended; TIME_NEVER: there is none. */
int64_t leases_next(struct leases *leases);

/* The name of the one that ended first, in `size` bytes; false if none has. */
bool leases_first_ended(struct leases *leases, int64_t now, char *ret_name, size_t size);

/* Forgets this one, unless it was renewed. */
void leases_drop_ended(struct leases *leases, const char *name, int64_t now);
