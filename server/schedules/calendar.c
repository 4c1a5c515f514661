#include "server/schedules/calendar.h"

#define CYCLE_DAYS 146097 /* in 400 years */

int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap_year(year));
}

/* Both count years from 1 March, so that the day that comes and goes is the last of its year. Day 0
 * of that count is 0000-03-01, 719468 days before 1970-01-01. */
#define MARCH_FIRST 719468

int64_t day_from_date(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;

    return 365 * y + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) + (153 * m + 2) / 5 +
           day - 1 - MARCH_FIRST;
}

struct date date_from_day(int64_t day)
{
    int64_t cycle = floor_div(day + MARCH_FIRST, CYCLE_DAYS);
    int64_t rest = floor_mod(day + MARCH_FIRST, CYCLE_DAYS);
    int64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    int64_t day_of_year = rest - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    return (struct date){
        .year = (int)(cycle * GREGORIAN_CYCLE + year + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
    };
}
