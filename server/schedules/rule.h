/*
 * One recurrence rule: a RECUR value of RFC 5545, section 3.3.10. What it generates are wall
 * clocks in whole seconds; the set that it belongs to gives it the start (DTSTART) and the zone.
 *
 * A rule is a filter (`days`, `times`) on the seconds of all periods that its frequency and
 * interval name: what the RFC calls expanding a period and limiting it come to the same, since the
 * parts that DTSTART stands in for are filled in when the rule is parsed.
 *
 * Why not libical: 3.0.16 never returns from FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31, needs 0.8 s to
 * find that the same with DAILY never comes, and is wrong about BYWEEKNO=1 and about
 * FREQ=HOURLY;INTERVAL=5;BYHOUR=1,2. Here a search has a budget.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "server/schedules/calendar.h"
#include "server/schedules/clock_times.h"
#include "server/schedules/zone.h"

#define LARGEST_WEEK    53
#define LARGEST_YEARDAY 366

enum frequency { YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY };

/* A set of numbers from 1 to 366 (or less), counted from the start or from the end. */
struct positions {
    uint64_t from_start[LARGEST_YEARDAY / 64 + 1];
    uint64_t from_end[LARGEST_YEARDAY / 64 + 1];
    bool some; /* else there is no such part in the rule */
};

struct rule {
    enum frequency frequency;
    int interval;
    int week_start;  /* 0: Sunday */
    int64_t start;   /* DTSTART's wall clock, seconds */
    int64_t last;    /* wall clock of the last one if COUNT limits them, or TIME_NEVER */
    int64_t until;   /* instant, or TIME_NEVER */
    uint32_t months; /* bits 1 to 12 */
    struct positions month_days;
    struct positions year_days;
    struct positions weeks;
    struct positions set;                  /* BYSETPOS */
    bool some_weekdays;                    /* the next three: a day has to be one of them */
    uint8_t weekdays;                      /* bits: all of the period */
    uint64_t nth_from_start[DAYS_IN_WEEK]; /* bits 1 to 53, of the month or of the year */
    uint64_t nth_from_end[DAYS_IN_WEEK];
    bool nth_of_year;
    struct clock_times times;
};

/* How much looking a search may do, in periods: a rule may ask for what never comes. */
#define SEARCH_BUDGET 250000
#define COUNT_CEILING 100000 /* the last one is looked for when the rule is parsed */

bool positions_have(const struct positions *positions, int number, int length);

/* The first wall clock at `from` or later, in seconds, or TIME_NEVER. Takes from the budget. */
int64_t rule_next_wall(const struct rule *rule, int64_t from, int *budget);

/* The first instant after `after`, or TIME_NEVER. */
int64_t rule_next(const struct rule *rule, const struct zone *zone, int64_t after, int *budget);

/* Reads "FREQ=DAILY;..."; `start` is a wall clock of `zone`, in seconds. */
int rule_parse(const char *text, int64_t start, const struct zone *zone, struct rule *ret_rule,
               struct error *error) MUST_CHECK;

/* "20260329T023000", with "Z" for UTC, or "20260329" for its midnight: a wall clock in seconds. */
bool rule_time_parse(const char *text, bool *ret_is_utc, int64_t *ret_wall);
