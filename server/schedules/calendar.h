/*
 * The proleptic Gregorian calendar, as whole days since 1970-01-01 (day 0, a Thursday), and wall
 * clocks: what a clock on the wall shows, written as the microseconds since 1970-01-01T00:00 on
 * that same clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/times.h"

#define FIRST_YEAR       1
#define LAST_YEAR        9999
#define DAY_SECONDS      86400
#define GREGORIAN_CYCLE  400 /* years, after which dates and weekdays repeat */
#define MONTHS_IN_YEAR   12
#define DAYS_IN_WEEK     7
#define FIRST_INSTANT    ((int64_t)-62135596800 * SECOND)     /* 0001-01-01T00:00:00Z */
#define LAST_INSTANT     ((int64_t)253402300800 * SECOND - 1) /* 9999-12-31T23:59:59.999999Z */
#define LARGEST_UTOFFSET (26 * HOUR)                          /* RFC 9636, section 3.2 */

struct date {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
};

static inline int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline int64_t floor_mod(int64_t a, int64_t b)
{
    return a % b + (a % b < 0 ? b : 0);
}

static inline bool is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static inline int days_in_year(int year)
{
    return 365 + is_leap_year(year);
}

int days_in_month(int year, int month);
int64_t day_from_date(int year, int month, int day); /* `day` may lie outside the month */
struct date date_from_day(int64_t day);

static inline int weekday_of(int64_t day) /* 0: Sunday */
{
    return (int)floor_mod(day + 4, DAYS_IN_WEEK);
}
