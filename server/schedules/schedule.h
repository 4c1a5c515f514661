/*
 * When a deployment's schedule fires: the three kinds of Prefect (CronSchedule, IntervalSchedule,
 * RRuleSchedule), each in a time zone of the IANA database. docs/schedules.md teaches them.
 *
 * A schedule is made from its text once and never changes: any number of threads may ask it at the
 * same time. Nothing depends on the process's TZ or locale. A time zone is read from the system's
 * database when the schedule is made; NULL, "" and "UTC" need none.
 *
 * What cannot be understood, and what can never fire, is refused with a message that begins with
 * the property at fault: "cron: ", "interval: ", "rrule: " or "timezone: ".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

enum schedule_kind {
    SCHEDULE_CRON,
    SCHEDULE_INTERVAL,
    SCHEDULE_RRULE,
};

struct schedule;

#define schedule_auto CLEANUP(schedule_freep) struct schedule *

/* Five fields (minute, hour, day of month, month, day of week), then, if there are more, second and
 * year; or "@daily" and its like. `day_or`: where both days are given, one that fits is enough. */
int schedule_parse_cron(const char *expression, const char *timezone, bool day_or,
                        struct schedule **ret_schedule, struct error *error) MUST_CHECK;

/* Every `interval` microseconds from `anchor` on and before it: below a day counted in real time,
 * from a day on by the zone's wall clock. */
int schedule_parse_interval(int64_t interval, int64_t anchor, const char *timezone,
                            struct schedule **ret_schedule, struct error *error) MUST_CHECK;

/* RFC 5545: a RRULE value, or lines of DTSTART, RRULE, RDATE, EXRULE and EXDATE. */
int schedule_parse_rrule(const char *text, const char *timezone, struct schedule **ret_schedule,
                         struct error *error) MUST_CHECK;

enum schedule_kind schedule_kind(const struct schedule *schedule);

/* The first time strictly after `after`, or TIME_NEVER: after the last one, or past year 9999. */
int64_t schedule_next(const struct schedule *schedule, int64_t after);

void schedule_free(struct schedule *schedule); /* NULL is fine */
void schedule_freep(struct schedule **schedule);
