/* One array of routes for each resource; routes.c lists them all. */
#pragma once

#include "server/api/resources.h"

extern const struct route admin_routes[];
extern const struct route artifact_routes[];
extern const struct route concurrency_limit_routes[];
extern const struct route deployment_routes[];
extern const struct route deployment_run_routes[];
extern const struct route deployment_schedule_routes[];
extern const struct route flow_routes[];
extern const struct route flow_run_state_routes[];
extern const struct route flow_run_bulk_routes[];
extern const struct route flow_run_routes[];
extern const struct route input_request_routes[];
extern const struct route log_routes[];
extern const struct route metrics_routes[];
extern const struct route openapi_routes[];
extern const struct route candidate_routes[];
extern const struct route resume_routes[];
extern const struct route run_input_routes[];
extern const struct route saved_search_routes[];
extern const struct route slot_routes[];
extern const struct route tag_limit_routes[];
extern const struct route task_run_routes[];
extern const struct route variable_routes[];

/* Resources whose filters others use. */
extern const struct filter deployment_filters[];
extern const struct filter flow_filters[];
extern const struct filter flow_run_filters[];
extern const struct filter task_run_filters[];
