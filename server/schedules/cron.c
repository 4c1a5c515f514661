#include <stddef.h>

#include "common/times.h"
#include "server/schedules/calendar.h"
#include "server/schedules/kinds.h"

#define NO_DAY INT64_MAX

static bool year_fits(const struct cron *cron, int year)
{
    unsigned index = (unsigned)(year - CRON_FIRST_YEAR);

    if (!cron->some_years)
        return true;
    return year >= CRON_FIRST_YEAR && year <= CRON_LAST_YEAR &&
           (cron->years[index / 64] >> index % 64 & 1);
}

/* The days of a month whose weekday fits, as bits 1 to 31. */
static uint32_t days_by_weekday(const struct cron *cron, int first_weekday, int length)
{
    uint32_t days = 0;

    for (int day = 1; day <= length; day++) {
        uint8_t bit = (uint8_t)(1u << (first_weekday + day - 1) % DAYS_IN_WEEK);
        if ((cron->weekdays & bit) || (cron->nth_weekdays[(day - 1) / DAYS_IN_WEEK] & bit) ||
            ((cron->last_weekdays & bit) && day + DAYS_IN_WEEK > length))
            days |= 1u << day;
    }
    return days;
}

static uint32_t days_that_fit(const struct cron *cron, int year, int month)
{
    if (!(cron->months >> month & 1) || !year_fits(cron, year))
        return 0;
    int length = days_in_month(year, month);
    uint32_t by_number = cron->days & (uint32_t)((2ull << length) - 1);
    if (cron->last_day)
        by_number |= 1u << length;
    uint32_t by_weekday = days_by_weekday(cron, weekday_of(day_from_date(year, month, 1)), length);
    return cron->either_day ? by_number | by_weekday : by_number & by_weekday;
}

/* The first day at `from` or later that fits. All that can come comes within a cycle. */
static int64_t next_day(const struct cron *cron, int64_t from)
{
    struct date date = date_from_day(from);
    int last_year = date.year + GREGORIAN_CYCLE;

    if (cron->some_years && date.year < CRON_FIRST_YEAR)
        date = (struct date){CRON_FIRST_YEAR, 1, 1};
    if (cron->some_years)
        last_year = CRON_LAST_YEAR;
    for (; date.year <= last_year; date.year++, date.month = 1)
        for (; date.month <= MONTHS_IN_YEAR; date.month++, date.day = 1) {
            int day = first_bit(days_that_fit(cron, date.year, date.month), date.day);
            if (day >= 0)
                return day_from_date(date.year, date.month, day);
        }
    return NO_DAY;
}

bool cron_can_fire(const struct cron *cron)
{
    return next_day(cron, 0) != NO_DAY;
}

/* The first wall clock at `from` or later, both in whole seconds, or TIME_NEVER. */
static int64_t next_wall(const struct cron *cron, int64_t from)
{
    int64_t day = floor_div(from, DAY_SECONDS);
    int second = (int)floor_mod(from, DAY_SECONDS);

    for (;;) {
        int64_t fits = next_day(cron, day);
        if (fits == NO_DAY)
            return TIME_NEVER;
        int time = clock_times_next(&cron->times, fits == day ? second : 0);
        if (time >= 0)
            return fits * DAY_SECONDS + time;
        day = fits + 1;
        second = 0;
    }
}

/* Each wall clock once: at its first coming, or, where it is skipped, as soon as clocks go on. */
static int64_t next_by_wall_clock(const struct cron *cron, const struct zone *zone, int64_t after)
{
    int64_t wall = floor_div(zone_to_wall(zone, after), SECOND);

    for (;;) {
        wall = next_wall(cron, wall + 1);
        if (wall == TIME_NEVER)
            return TIME_NEVER;
        int64_t instant = zone_to_instant(zone, wall * SECOND, ZONE_GAP_END);
        if (instant > after) /* else it was in the first of two hours that are called the same */
            return instant;
    }
}

/* Each instant at which the wall clock shows what fits. */
static int64_t next_shown(const struct cron *cron, const struct zone *zone, int64_t after)
{
    int64_t from = (floor_div(after, SECOND) + 1) * SECOND;

    for (;;) {
        struct zone_span span = zone_span_at(zone, from);
        int64_t wall = next_wall(cron, (from + span.offset) / SECOND);
        if (wall == TIME_NEVER)
            return TIME_NEVER;
        int64_t instant = wall * SECOND - span.offset;
        if (instant < span.end)
            return instant;
        from = span.end;
    }
}

int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after)
{
    return cron->wall_clock ? next_by_wall_clock(cron, zone, after) : next_shown(cron, zone, after);
}
