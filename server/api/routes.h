/* For the files of resources: what they have in common, and what they know of each other. */
#pragma once

#include "server/api/resources.h"

#define ROUTES(tag, routes) extern const struct route routes[];
#include "server/api/route_tables.h"
#undef ROUTES

/* Resources whose filters others use. */
extern const struct filter deployment_filters[];
extern const struct filter flow_filters[];
extern const struct filter flow_run_filters[];
extern const struct filter task_run_filters[];
extern const struct filter work_pool_filters[];
extern const struct filter work_queue_filters[];
