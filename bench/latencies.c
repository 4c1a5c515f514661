#include "bench/latencies.h"

#include <time.h>

int64_t latency_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Values below 64 have a step each; above, a step is the exponent and the 6 bits after the first.
 */
static int step_of(uint64_t value)
{
    if (value < 1U << LATENCY_STEPS_BITS)
        return (int)value;
    int exponent = 63 - __builtin_clzll(value) - LATENCY_STEPS_BITS;
    int step = ((exponent + 1) << LATENCY_STEPS_BITS) +
               (int)((value >> exponent) - (1U << LATENCY_STEPS_BITS));
    return step < LATENCY_STEPS ? step : LATENCY_STEPS - 1;
}

static uint64_t start_of(int step)
{
    int exponent = (step >> LATENCY_STEPS_BITS) - 1;
    uint64_t rest = (uint64_t)step & ((1U << LATENCY_STEPS_BITS) - 1);

    return exponent < 0 ? rest : (rest + (1U << LATENCY_STEPS_BITS)) << exponent;
}

void latencies_add(struct latencies *latencies, int64_t nanoseconds)
{
    latencies->counts[step_of(nanoseconds > 0 ? (uint64_t)nanoseconds : 0)]++;
    latencies->total++;
}

void latencies_print(const struct latencies *latencies, FILE *file, uint64_t errors,
                     int64_t elapsed)
{
    const char *separator = "";

    fprintf(file, "{\"count\": %llu, \"errors\": %llu, \"elapsed\": %.6f, \"histogram\": [",
            (unsigned long long)latencies->total, (unsigned long long)errors,
            (double)elapsed / 1e9);
    for (int i = 0; i < LATENCY_STEPS; i++) {
        if (!latencies->counts[i])
            continue;
        fprintf(file, "%s[%.9f, %llu]", separator, (double)start_of(i) / 1e9,
                (unsigned long long)latencies->counts[i]);
        separator = ", ";
    }
    fprintf(file, "]}\n");
}
