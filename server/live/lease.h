/*
 * Leases: who is there just now.
 *
 * Presence is no data: that a flow waits for something is kept in memory, for some seconds longer
 * than its waiting read, and forgotten with the process. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct leases;

int leases_create(struct leases **ret_leases, struct error *error) MUST_CHECK;
void leases_destroy(struct leases *leases);

/* The holder of this name is there until `time` (of time_now), whatever was said before. Without
 * memory it counts as not there. */
void leases_set(struct leases *leases, const char *name, int64_t time);
bool leases_hold(struct leases *leases, const char *name);
