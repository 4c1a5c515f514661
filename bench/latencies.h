/* How long things took: a histogram with steps of 1.6 % from a nanosecond to 18 minutes. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#define LATENCY_STEPS_BITS 6 /* 64 steps from each power of two to the next */
#define LATENCY_OCTAVES    35
#define LATENCY_STEPS      (LATENCY_OCTAVES << LATENCY_STEPS_BITS)

/* Zeroed, it is empty. */
struct latencies {
    uint64_t counts[LATENCY_STEPS];
    uint64_t total;
};

int64_t latency_clock(void); /* nanoseconds, monotonic */
void latencies_add(struct latencies *latencies, int64_t nanoseconds);

/* Prints {"count", "errors", "elapsed" (seconds), "histogram": [[seconds, count], ...]}: each
 * latency stands for those up to the next. */
void latencies_print(const struct latencies *latencies, FILE *file, uint64_t errors,
                     int64_t elapsed);
