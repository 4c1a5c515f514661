#include "server/schedules/clock_times.h"

int clock_times_next(const struct clock_times *times, int from)
{
    int hour = from / 3600, minute = from / 60 % 60, second = from % 60;

    for (int h = first_bit(times->hours, hour); h >= 0; h = first_bit(times->hours, h + 1)) {
        int m = first_bit(times->minutes, h == hour ? minute : 0);
        for (; m >= 0; m = first_bit(times->minutes, m + 1)) {
            int s = first_bit(times->seconds, h == hour && m == minute ? second : 0);
            if (s >= 0)
                return h * 3600 + m * 60 + s;
        }
    }
    return -1;
}

int clock_times_count(const struct clock_times *times)
{
    return __builtin_popcount(times->hours) * __builtin_popcountll(times->minutes) *
           __builtin_popcountll(times->seconds);
}

static int nth_bit(uint64_t set, int n)
{
    while (n-- > 0)
        set &= set - 1;
    return __builtin_ctzll(set);
}

int clock_times_at(const struct clock_times *times, int index)
{
    int minutes = __builtin_popcountll(times->minutes);
    int seconds = __builtin_popcountll(times->seconds);

    return nth_bit(times->hours, index / (minutes * seconds)) * 3600 +
           nth_bit(times->minutes, index / seconds % minutes) * 60 +
           nth_bit(times->seconds, index % seconds);
}
