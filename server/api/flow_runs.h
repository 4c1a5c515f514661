/* Flow runs, for the other resources that make, read or list them. */
#pragma once

#include "server/api/api.h"

extern const struct field flow_run_fields[];
extern const struct field flow_run_policy_fields[]; /* of empirical_policy */
extern const struct resource flow_run_resource;
