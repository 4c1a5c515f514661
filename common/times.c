#include "common/times.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define FIRST_TIME ((int64_t)-62135596800 * SECOND)     /* 0001-01-01T00:00:00Z */
#define LAST_TIME  ((int64_t)253402300800 * SECOND - 1) /* 9999-12-31T23:59:59.999999Z */

int64_t time_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000;
}

int64_t time_monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000;
}

int64_t time_add_seconds(int64_t time, double seconds)
{
    double sum = (double)time + seconds * (double)SECOND;

    if (!(sum < (double)LAST_TIME))
        return LAST_TIME;
    if (sum < (double)FIRST_TIME)
        return FIRST_TIME;
    return time + (int64_t)(seconds * (double)SECOND);
}

/* Writes exactly `digits` digits and returns where they end. */
static char *put(char *to, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + digits;
}

void time_format(int64_t time, char ret_text[static TIME_SIZE])
{
    struct tm tm;
    char *to = ret_text;

    time = time < FIRST_TIME ? FIRST_TIME : time > LAST_TIME ? LAST_TIME : time;
    int64_t fraction = time % SECOND;
    if (fraction < 0)
        fraction += SECOND;
    time_t seconds = (time_t)((time - fraction) / SECOND);
    gmtime_r(&seconds, &tm);
    to = put(to, tm.tm_year + 1900, 4);
    *to++ = '-';
    to = put(to, tm.tm_mon + 1, 2);
    *to++ = '-';
    to = put(to, tm.tm_mday, 2);
    *to++ = 'T';
    to = put(to, tm.tm_hour, 2);
    *to++ = ':';
    to = put(to, tm.tm_min, 2);
    *to++ = ':';
    to = put(to, tm.tm_sec, 2);
    *to++ = '.';
    to = put(to, (int)fraction, 6);
    *to++ = 'Z';
    *to = '\0';
}

/* Reads exactly `digits` digits. */
static bool number(const char **text, int digits, int *ret_value)
{
    int value = 0;

    for (int i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)(*text)[i]))
            return false;
        value = value * 10 + ((*text)[i] - '0');
    }
    *text += digits;
    *ret_value = value;
    return true;
}

static bool literal(const char **text, const char *any_of)
{
    if (!**text || !strchr(any_of, **text))
        return false;
    (*text)++;
    return true;
}

static bool fraction_of_second(const char **text, int *ret_microseconds)
{
    int scale = (int)SECOND / 10;
    int value = 0;

    if (!isdigit((unsigned char)**text))
        return false;
    for (; isdigit((unsigned char)**text); (*text)++) {
        value += (**text - '0') * scale;
        scale /= 10;
    }
    *ret_microseconds = value;
    return true;
}

/* Hours and minutes, then seconds and their fraction or not. */
static bool time_on_clock(const char **text, struct time_of_day *ret_time)
{
    struct time_of_day time = {0};

    if (!number(text, 2, &time.hour) || !literal(text, ":") || !number(text, 2, &time.minute))
        return false;
    if (literal(text, ":")) {
        if (!number(text, 2, &time.second))
            return false;
        if (literal(text, ".,") && !fraction_of_second(text, &time.microsecond))
            return false;
    }
    if (time.hour > 23 || time.minute > 59 || time.second > 59)
        return false;
    *ret_time = time;
    return true;
}

bool time_of_day_parse(const char *text, struct time_of_day *ret_time)
{
    struct time_of_day time;

    if (!time_on_clock(&text, &time) || *text)
        return false;
    *ret_time = time;
    return true;
}

/* "Z", "+02:00", "-0530", "+02" or nothing. */
static bool offset_from_utc(const char **text, int64_t *ret_microseconds)
{
    int hours = 0;
    int minutes = 0;

    *ret_microseconds = 0;
    if (!**text || literal(text, "Zz"))
        return true;
    int64_t sign = **text == '-' ? -1 : 1;
    if (!literal(text, "+-") || !number(text, 2, &hours))
        return false;
    if (**text) {
        literal(text, ":");
        if (!number(text, 2, &minutes))
            return false;
    }
    if (hours > 23 || minutes > 59)
        return false;
    *ret_microseconds = sign * (hours * HOUR + minutes * MINUTE);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

bool time_parse(const char *text, int64_t *ret_time)
{
    int year, month, day;
    struct time_of_day clock = {0};
    int64_t offset = 0;

    if (!number(&text, 4, &year) || !literal(&text, "-") || !number(&text, 2, &month) ||
        !literal(&text, "-") || !number(&text, 2, &day))
        return false;
    if (*text) {
        if (!literal(&text, "Tt _") || !time_on_clock(&text, &clock) ||
            !offset_from_utc(&text, &offset) || *text)
            return false;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;

    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = clock.hour,
                    .tm_min = clock.minute,
                    .tm_sec = clock.second};
    int64_t time = (int64_t)timegm(&tm) * SECOND + clock.microsecond - offset;
    if (time < FIRST_TIME || time > LAST_TIME)
        return false;
    *ret_time = time;
    return true;
}
