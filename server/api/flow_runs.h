/* Flow runs, for the other resources that make, read or list them. */
#pragma once

#include "server/api/api.h"

extern const struct field flow_run_fields[];
extern const struct resource flow_run_resource;
