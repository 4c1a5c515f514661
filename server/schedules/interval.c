#include <errno.h>

#include "common/times.h"
#include "server/schedules/calendar.h"
#include "server/schedules/kinds.h"

int interval_parse(int64_t length, int64_t anchor, struct interval *ret_interval,
                   struct error *error)
{
    if (length <= 0)
        return error_set(error, EINVAL, "interval: it has to be longer than 0 seconds");
    if (anchor < FIRST_INSTANT || anchor > LAST_INSTANT)
        return error_set(error, EINVAL, "anchor_date: it has to be in years 1 to 9999");
    *ret_interval = (struct interval){length, anchor};
    return 0;
}

/* anchor + count * length, or TIME_NEVER past the calendar's end. */
static int64_t step(int64_t anchor, int64_t count, int64_t length)
{
    int64_t distance, time;

    if (__builtin_mul_overflow(count, length, &distance) ||
        __builtin_add_overflow(anchor, distance, &time) || time > LAST_INSTANT)
        return count < 0 ? INT64_MIN : TIME_NEVER;
    return time;
}

int64_t interval_next(const struct interval *interval, const struct zone *zone, int64_t after)
{
    if (interval->length < DAY)
        return step(interval->anchor, floor_div(after - interval->anchor, interval->length) + 1,
                    interval->length);

    /* Two steps back reach further than any change of clocks. */
    int64_t anchor = zone_to_wall(zone, interval->anchor);
    int64_t count = floor_div(zone_to_wall(zone, after) - anchor, interval->length) - 2;
    for (;; count++) {
        int64_t wall = step(anchor, count, interval->length);
        if (wall == TIME_NEVER)
            return TIME_NEVER;
        if (wall < FIRST_INSTANT)
            continue;
        int64_t time = zone_to_instant(zone, wall, ZONE_GAP_OFFSET_BEFORE);
        if (time > after)
            return time;
    }
}
