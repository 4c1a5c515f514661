/* One array of routes for each resource; routes.c lists them all. */
#pragma once

#include "server/api/resources.h"

extern const struct route admin_routes[];
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
extern const struct route task_run_routes[];
extern const struct route variable_routes[];
extern const struct route collection_routes[];
extern const struct route work_poll_routes[];
extern const struct route work_pool_routes[];
extern const struct route work_queue_routes[];
extern const struct route work_slot_routes[];
extern const struct route worker_routes[];

/* Resources whose filters others use. */
extern const struct filter deployment_filters[];
extern const struct filter flow_filters[];
extern const struct filter flow_run_filters[];
extern const struct filter task_run_filters[];
extern const struct filter work_pool_filters[];
extern const struct filter work_queue_filters[];
