#include "server/schedules/posix_tz.h"

#include <ctype.h>
#include <string.h>

#include "server/schedules/calendar.h"

#define LARGEST_HOUR 167 /* RFC 9636, section 3.3.1 */

static bool number(const char **text, int highest, int *ret_value)
{
    int value = 0;

    if (!isdigit((unsigned char)**text))
        return false;
    for (; isdigit((unsigned char)**text); (*text)++) {
        value = value * 10 + (**text - '0');
        if (value > highest)
            return false;
    }
    *ret_value = value;
    return true;
}

static bool literal(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

/* "EST", or with anything but a closing bracket: "<+0330>". */
static bool abbreviation(const char **text)
{
    const char *start = *text;

    if (literal(text, '<')) {
        *text += strcspn(*text, ">");
        return literal(text, '>');
    }
    while (isalpha((unsigned char)**text))
        (*text)++;
    return *text - start >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool clock_time(const char **text, int32_t *ret_seconds)
{
    int hours = 0, minutes = 0, seconds = 0;

    int sign = **text == '-' ? -1 : 1;
    if (**text == '-' || **text == '+')
        (*text)++;
    if (!number(text, LARGEST_HOUR, &hours))
        return false;
    if (literal(text, ':') && !number(text, 59, &minutes))
        return false;
    if (literal(text, ':') && !number(text, 59, &seconds))
        return false;
    *ret_seconds = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool weekday_of_month(const char **text, struct posix_tz_change *change)
{
    change->form = CHANGE_WEEKDAY;
    return number(text, 12, &change->month) && change->month >= 1 && literal(text, '.') &&
           number(text, 5, &change->week) && change->week >= 1 && literal(text, '.') &&
           number(text, 6, &change->day);
}

static bool change_of_clocks(const char **text, struct posix_tz_change *ret_change)
{
    struct posix_tz_change change = {.form = CHANGE_DAY, .time = 2 * 3600};

    if (literal(text, 'M')) {
        if (!weekday_of_month(text, &change))
            return false;
    } else {
        if (literal(text, 'J'))
            change.form = CHANGE_JULIAN;
        if (!number(text, 365, &change.day) || (change.form == CHANGE_JULIAN && change.day < 1))
            return false;
    }
    if (literal(text, '/') && !clock_time(text, &change.time))
        return false;
    *ret_change = change;
    return true;
}

bool posix_tz_parse(const char *text, struct posix_tz *ret_rule)
{
    struct posix_tz rule = {0};
    int32_t west;

    if (!abbreviation(&text) || !clock_time(&text, &west))
        return false;
    rule.standard = -west;
    rule.daylight = rule.standard + 3600;
    if (*text) {
        rule.changes = true;
        if (!abbreviation(&text))
            return false;
        if (*text != ',') {
            if (!clock_time(&text, &west))
                return false;
            rule.daylight = -west;
        }
        if (!literal(&text, ',') || !change_of_clocks(&text, &rule.to_daylight) ||
            !literal(&text, ',') || !change_of_clocks(&text, &rule.to_standard) || *text)
            return false;
    }
    *ret_rule = rule;
    return true;
}

static int64_t day_of_change(const struct posix_tz_change *change, int year)
{
    int64_t new_year = day_from_date(year, 1, 1);

    if (change->form == CHANGE_DAY)
        return new_year + change->day;
    if (change->form == CHANGE_JULIAN)
        return new_year + change->day - 1 + (is_leap_year(year) && change->day > 31 + 28);

    int64_t first = day_from_date(year, change->month, 1);
    int64_t day = first + floor_mod(change->day - weekday_of(first), DAYS_IN_WEEK) +
                  (change->week - 1) * DAYS_IN_WEEK;
    if (day >= first + days_in_month(year, change->month))
        day -= DAYS_IN_WEEK;
    return day;
}

void posix_tz_changes(const struct posix_tz *rule, int year, int64_t *ret_to_daylight,
                      int64_t *ret_to_standard)
{
    *ret_to_daylight = day_of_change(&rule->to_daylight, year) * DAY_SECONDS +
                       rule->to_daylight.time - rule->standard;
    *ret_to_standard = day_of_change(&rule->to_standard, year) * DAY_SECONDS +
                       rule->to_standard.time - rule->daylight;
}
