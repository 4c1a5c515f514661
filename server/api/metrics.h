/* What /metrics tells, in Prometheus' text format (version 0.0.4). */
#pragma once

#include "server/api/api.h"

struct metrics {
    struct route_metrics *routes; /* one for each route, and a last one for requests without */
    int count;
};

void metrics_init(struct metrics *metrics);
void metrics_release(struct metrics *metrics);

/* Counts a request that was answered; `route` NULL: none was found. Thread-safe. */
void metrics_count(struct metrics *metrics, const struct route *route, int status, int64_t took);
