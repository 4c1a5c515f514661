/* Times of a day: all combinations of some hours, minutes and seconds, as bits. */
#pragma once

#include <stdint.h>

struct clock_times {
    uint64_t minutes;
    uint64_t seconds;
    uint32_t hours;
};

/* The first bit of a set at `from` or above, or -1. */
static inline int first_bit(uint64_t set, int from)
{
    uint64_t rest = from < 64 ? set >> from << from : 0;

    return rest ? __builtin_ctzll(rest) : -1;
}

/* The first second of the day at `from` or later, or -1. */
int clock_times_next(const struct clock_times *times, int from);

int clock_times_count(const struct clock_times *times);

/* The one with so many before it, in seconds of the day. */
int clock_times_at(const struct clock_times *times, int index);
