/*
 * Points in time: microseconds since 1970-01-01T00:00:00Z in an int64_t, everywhere but on the
 * wire. There they are RFC 3339: "2026-11-22T10:05:48.526522Z".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIME_SIZE  32 /* of the text, with the closing NUL */
#define SECOND     ((int64_t)1000000)
#define MINUTE     (60 * SECOND)
#define HOUR       (60 * MINUTE)
#define DAY        (24 * HOUR)
#define TIME_NEVER INT64_MAX /* later than any time */

int64_t time_now(void);

/* A clock that never jumps, for measuring and for time limits; its zero means nothing. */
int64_t time_monotonic(void);

/* So many seconds later, or earlier; no further than the first and the last time that can be
 * written. */
int64_t time_add_seconds(int64_t time, double seconds);

/* Always with six digits of fraction and "Z". Years 1 to 9999; others are clamped. */
void time_format(int64_t time, char ret_text[static TIME_SIZE]);

/* Takes what pydantic takes for a datetime in JSON text: "T", "t", space or "_" between date and
 * time, any number of digits of fraction (past six they are cut), "Z", "+02:00", "+0200" or no
 * offset (UTC), seconds left out, a date alone (midnight). False for anything else, and for a time
 * that is outside of the years 1 to 9999 in UTC. */
bool time_parse(const char *text, int64_t *ret_time);

struct time_of_day {
    int hour, minute, second, microsecond;
};

/* A time on the clock of whoever names it: "13:45", "13:45:30", "13:45:30.25", and nothing about
 * where that clock hangs. What a web form's time and pydantic's time without zone are. */
bool time_of_day_parse(const char *text, struct time_of_day *ret_time);
