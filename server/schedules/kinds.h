/* What the three kinds of schedule offer to schedule.c; each is parsed and asked in a file of its
 * own. `after` lies within years 1 to 9999. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "server/schedules/clock_times.h"
#include "server/schedules/zone.h"

#define CRON_FIRST_YEAR 1970
#define CRON_LAST_YEAR  2099
#define CRON_NTH        5 /* a weekday comes at most so often in a month */

/* Sets of numbers as bits. */
struct cron {
    struct clock_times times;
    uint32_t days;                  /* of the month, 1 to 31 */
    uint32_t months;                /* 1 to 12 */
    uint8_t weekdays;               /* 0: Sunday */
    uint8_t nth_weekdays[CRON_NTH]; /* [0]: the first such day of the month, ... */
    uint8_t last_weekdays;
    bool last_day;
    bool either_day; /* day of month or day of week, not both, has to fit */
    bool wall_clock; /* each time once, however the clocks are changed; else each time shown */
    bool some_years; /* only `years` */
    uint64_t years[(CRON_LAST_YEAR - CRON_FIRST_YEAR) / 64 + 1];
};

int cron_parse(const char *expression, bool day_or, struct cron *ret_cron,
               struct error *error) MUST_CHECK;
bool cron_can_fire(const struct cron *cron);
int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after);

struct interval {
    int64_t length;
    int64_t anchor;
};

int interval_parse(int64_t length, int64_t anchor, struct interval *ret_interval,
                   struct error *error) MUST_CHECK;
int64_t interval_next(const struct interval *interval, const struct zone *zone, int64_t after);

struct rrule;

int rrule_parse(const char *text, const struct zone *zone, struct rrule **ret_rrule,
                struct error *error) MUST_CHECK;
int64_t rrule_next(const struct rrule *rrule, const struct zone *zone, int64_t after);
void rrule_free(struct rrule *rrule);
