#include "server/schedules/rule.h"

#include <stddef.h>

#include "common/times.h"

static bool has_bit(const uint64_t *bits, int number)
{
    return bits[number / 64] >> number % 64 & 1;
}

/* Whether the `number`th of `length` is among them. */
bool positions_have(const struct positions *positions, int number, int length)
{
    return has_bit(positions->from_start, number) ||
           has_bit(positions->from_end, length - number + 1);
}

/* Weeks begin on `week_start`; the first of a year has at least four of its days. */
static bool week_fits(const struct rule *rule, int64_t day)
{
    int64_t middle = day - floor_mod(weekday_of(day) - rule->week_start, DAYS_IN_WEEK) + 3;
    int year = date_from_day(middle).year;
    int64_t first_middle = day_from_date(year, 1, 1);

    first_middle += floor_mod(rule->week_start + 3 - weekday_of(first_middle), DAYS_IN_WEEK);
    int number = (int)(middle - first_middle) / DAYS_IN_WEEK + 1;
    int count = (int)(day_from_date(year + 1, 1, 1) - 1 - first_middle) / DAYS_IN_WEEK + 1;
    return positions_have(&rule->weeks, number, count);
}

static bool weekday_fits(const struct rule *rule, int64_t day, int number, int length)
{
    int weekday = weekday_of(day);

    return (rule->weekdays >> weekday & 1) ||
           (rule->nth_from_start[weekday] >> ((number - 1) / DAYS_IN_WEEK + 1) & 1) ||
           (rule->nth_from_end[weekday] >> ((length - number) / DAYS_IN_WEEK + 1) & 1);
}

static bool day_fits(const struct rule *rule, int64_t day, const struct date *date)
{
    int length = days_in_month(date->year, date->month);

    if (rule->month_days.some && !positions_have(&rule->month_days, date->day, length))
        return false;
    if (rule->some_weekdays && !rule->nth_of_year && !weekday_fits(rule, day, date->day, length))
        return false;
    if (rule->weeks.some && !week_fits(rule, day))
        return false;
    if (!rule->year_days.some && !rule->nth_of_year)
        return true;

    int year_length = days_in_year(date->year);
    int number = (int)(day - day_from_date(date->year, 1, 1)) + 1;
    return (!rule->year_days.some || positions_have(&rule->year_days, number, year_length)) &&
           (!rule->nth_of_year || weekday_fits(rule, day, number, year_length));
}

/* The first day at `from` or later that fits, or TIME_NEVER. */
static int64_t next_day(const struct rule *rule, int64_t from)
{
    struct date date = date_from_day(from);
    int last_year = date.year + GREGORIAN_CYCLE;

    for (; date.year <= last_year; date.year++, date.month = 1)
        for (; date.month <= MONTHS_IN_YEAR; date.month++, date.day = 1) {
            if (!(rule->months >> date.month & 1))
                continue;
            int64_t before = day_from_date(date.year, date.month, 0);
            int length = days_in_month(date.year, date.month);
            for (; date.day <= length; date.day++)
                if (day_fits(rule, before + date.day, &date))
                    return before + date.day;
        }
    return TIME_NEVER;
}

/* The first wall clock at `from` or later whose day and time fit, whatever the period. */
static int64_t next_fitting(const struct rule *rule, int64_t from)
{
    int64_t day = floor_div(from, DAY_SECONDS);
    int second = (int)floor_mod(from, DAY_SECONDS);

    for (;;) {
        int64_t fits = next_day(rule, day);
        if (fits == TIME_NEVER)
            return TIME_NEVER;
        int time = clock_times_next(&rule->times, fits == day ? second : 0);
        if (time >= 0)
            return fits * DAY_SECONDS + time;
        day = fits + 1;
        second = 0;
    }
}

/* Periods are counted in ticks: of a second, or, since months differ, of a month. */
static const struct scale {
    int64_t unit; /* ticks of a period */
    bool months;
} scales[] = {
    [YEARLY] = {MONTHS_IN_YEAR, true},
    [MONTHLY] = {1, true},
    [WEEKLY] = {7 * DAY_SECONDS, false},
    [DAILY] = {DAY_SECONDS, false},
    [HOURLY] = {3600, false},
    [MINUTELY] = {60, false},
    [SECONDLY] = {1, false},
};

static int64_t tick_of(const struct scale *scale, int64_t wall)
{
    if (!scale->months)
        return wall;
    struct date date = date_from_day(floor_div(wall, DAY_SECONDS));
    return (int64_t)date.year * MONTHS_IN_YEAR + date.month - 1;
}

static int64_t start_of_tick(const struct scale *scale, int64_t tick)
{
    if (!scale->months)
        return tick;
    return day_from_date((int)floor_div(tick, MONTHS_IN_YEAR),
                         (int)floor_mod(tick, MONTHS_IN_YEAR) + 1, 1) *
           DAY_SECONDS;
}

/* The first tick of the period that DTSTART lies in. */
static int64_t first_tick(const struct rule *rule, const struct scale *scale)
{
    int64_t tick = tick_of(scale, rule->start);
    int64_t origin = 0; /* of the periods: a week begins when it is said to begin */

    if (rule->frequency == WEEKLY)
        origin = (rule->week_start - weekday_of(0)) * DAY_SECONDS;
    return tick - floor_mod(tick - origin, scale->unit);
}

/* The times of the day that lie in the period that begins at `begin`. */
static struct clock_times times_of_period(const struct rule *rule, int64_t begin)
{
    struct clock_times times = rule->times;
    int second = (int)floor_mod(begin, DAY_SECONDS);

    if (rule->frequency >= HOURLY)
        times.hours &= 1u << second / 3600;
    if (rule->frequency >= MINUTELY)
        times.minutes &= 1ull << second / 60 % 60;
    if (rule->frequency >= SECONDLY)
        times.seconds &= 1ull << second % 60;
    return times;
}

/* BYSETPOS: the first at `from` or later of those that are picked from a period, or TIME_NEVER. */
static int64_t next_picked(const struct rule *rule, int64_t begin, int64_t end, int64_t from)
{
    struct clock_times times = times_of_period(rule, begin);
    int64_t days[LARGEST_YEARDAY];
    int day_count = 0;
    int64_t best = TIME_NEVER;

    int64_t day = next_day(rule, floor_div(begin, DAY_SECONDS));
    for (; day != TIME_NEVER && day * DAY_SECONDS < end; day = next_day(rule, day + 1))
        days[day_count++] = day;
    int time_count = clock_times_count(&times);
    int count = day_count * time_count;
    for (int i = 1; i <= 2 * LARGEST_YEARDAY && count > 0; i++) {
        bool from_end = i > LARGEST_YEARDAY;
        int position = from_end ? i - LARGEST_YEARDAY : i;
        if (position > count ||
            !has_bit(from_end ? rule->set.from_end : rule->set.from_start, position))
            continue;
        int index = from_end ? count - position : position - 1;
        int64_t wall =
            days[index / time_count] * DAY_SECONDS + clock_times_at(&times, index % time_count);
        if (wall >= from && wall < best)
            best = wall;
    }
    return best;
}

int64_t rule_next_wall(const struct rule *rule, int64_t from, int *budget)
{
    const struct scale *scale = &scales[rule->frequency];
    int64_t first = first_tick(rule, scale);
    int64_t step = scale->unit * rule->interval;

    if (from < rule->start)
        from = rule->start;
    int64_t count = floor_div(tick_of(scale, from) - first, step);
    while ((*budget)-- > 0) {
        int64_t begin = start_of_tick(scale, first + count * step);
        int64_t end = start_of_tick(scale, first + count * step + scale->unit);
        if (begin > rule->last || begin > LAST_INSTANT / SECOND)
            return TIME_NEVER;
        int64_t wall = next_fitting(rule, from > begin ? from : begin);
        if (wall < end && rule->set.some) {
            wall = next_picked(rule, begin, end, from);
            if (wall == TIME_NEVER)
                wall = end;
        }
        if (wall < end || wall == TIME_NEVER)
            return wall > rule->last ? TIME_NEVER : wall;
        /* On to the period that it lies in, if it is one of those that count, or to the next. */
        int64_t tick = tick_of(scale, wall);
        count = floor_div(tick - first, step);
        if (tick >= first + count * step + scale->unit)
            count++;
    }
    return TIME_NEVER;
}

/* Where to begin looking for what comes after an instant. What was skipped when clocks were put
 * forward comes as long afterwards as it was skipped, so the wall clock may be past it. */
static int64_t first_wall_after(const struct zone *zone, int64_t after)
{
    struct zone_span span = zone_span_at(zone, after);
    int64_t wall = after + span.offset;

    if (span.start != INT64_MIN) {
        int64_t offset_before = zone_span_at(zone, span.start - 1).offset;
        if (after - span.start < span.offset - offset_before)
            wall = span.start + offset_before;
    }
    return floor_div(wall, SECOND);
}

int64_t rule_next(const struct rule *rule, const struct zone *zone, int64_t after, int *budget)
{
    int64_t best = TIME_NEVER;
    int64_t from = first_wall_after(zone, after);

    for (;;) {
        int64_t wall = rule_next_wall(rule, from, budget);
        if (wall == TIME_NEVER || (best != TIME_NEVER && wall * SECOND >= zone_to_wall(zone, best)))
            break;
        int64_t instant = zone_to_instant(zone, wall * SECOND, ZONE_GAP_OFFSET_BEFORE);
        if (instant > after && instant < best)
            best = instant;
        /* Only one that was skipped can be followed by an earlier one. */
        if (instant > after && zone_to_wall(zone, instant) == wall * SECOND)
            break;
        from = wall + 1;
    }
    return best > rule->until ? TIME_NEVER : best;
}
