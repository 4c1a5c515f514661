#include "server/api/routes.h"

const struct routes all_routes[] = {
    {"Flow runs", flow_run_routes},
    {"Flow runs", flow_run_bulk_routes},
    {"Task runs", task_run_routes},
    {"States", flow_run_state_routes},
    {"Run inputs", run_input_routes},
    {"Resuming", resume_routes},
    {"Input requests", input_request_routes},
    {"Candidates", candidate_routes},
    {"Flows", flow_routes},
    {"Deployments", deployment_routes},
    {"Schedules", deployment_schedule_routes},
    {"Runs of deployments", deployment_run_routes},
    {"Variables", variable_routes},
    {"Logs", log_routes},
    {"Artifacts", artifact_routes},
    {"Saved searches", saved_search_routes},
    {"Admin", admin_routes},
    {"Metrics", metrics_routes},
    {"Description", openapi_routes},
    {NULL, NULL},
};
