/*
 * The rule at the end of a time zone's file, such as "CET-1CEST,M3.5.0,M10.5.0/3": POSIX TZ with
 * the extensions of RFC 9636, section 3.3.1.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct posix_tz_change {
    enum {
        CHANGE_JULIAN,  /* Jn: day 1 to 365, 29 February never counted */
        CHANGE_DAY,     /* n: day 0 to 365 */
        CHANGE_WEEKDAY, /* Mm.w.d */
    } form;
    int month;
    int week;     /* 5: the last */
    int day;      /* of the year, or of the week: 0 is Sunday */
    int32_t time; /* seconds after midnight of the wall clock before the change; may be negative */
};

struct posix_tz {
    int32_t standard; /* seconds east of UTC */
    int32_t daylight;
    bool changes; /* else it is always `standard` */
    struct posix_tz_change to_daylight;
    struct posix_tz_change to_standard;
};

bool posix_tz_parse(const char *text, struct posix_tz *ret_rule);

/* The instants of both changes in a year, in seconds since 1970. */
void posix_tz_changes(const struct posix_tz *rule, int year, int64_t *ret_to_daylight,
                      int64_t *ret_to_standard);
