/*
 * A time zone: how far its wall clock is from UTC at each instant. Read from the system's database
 * (TZif files, RFC 9636: all transitions, then a rule for all years after them); never changes.
 */
#pragma once

#include <stdint.h>

#include "common/error.h"

struct zone;

/* A stretch of time within which the offset does not change. */
struct zone_span {
    int64_t start;  /* the first instant; INT64_MIN: always */
    int64_t end;    /* the first instant after it; TIME_NEVER: none */
    int64_t offset; /* wall clock minus UTC, microseconds */
};

/* What a wall clock means that is skipped when clocks are put forward. */
enum zone_gap {
    ZONE_GAP_OFFSET_BEFORE, /* go on counting with the offset before: 02:30 is 03:30 (RFC 5545) */
    ZONE_GAP_END,           /* as soon as the clock goes on: 02:30 is 03:00 (cron) */
};

/* NULL, "" and "UTC": UTC, without a file. */
int zone_load(const char *name, struct zone **ret_zone, struct error *error) MUST_CHECK;
void zone_free(struct zone *zone);
void zone_freep(struct zone **zone);

#define zone_auto CLEANUP(zone_freep) struct zone *

struct zone_span zone_span_at(const struct zone *zone, int64_t instant);
int64_t zone_to_wall(const struct zone *zone, int64_t instant);

/* Of a wall clock that comes twice, the first. */
int64_t zone_to_instant(const struct zone *zone, int64_t wall, enum zone_gap gap);
