/* Flows and deployments as the server keeps them. */
#pragma once

#include "common/error.h"
#include "common/ids.h"
#include "include/fermata.h"

/* The id of the flow of this name, which is made if there is none. */
int flow_register(struct fm_client *client, const char *name, char ret_id[static ID_SIZE],
                  struct fm_error *error) MUST_CHECK;

/* Makes the deployment or brings it up to date. */
int deployment_register(struct fm_client *client, const struct fm_deployment *deployment,
                        const char *flow_name, char ret_id[static ID_SIZE],
                        struct fm_error *error) MUST_CHECK;

/* No more runs are made by its schedules. */
int deployment_pause(struct fm_client *client, const char *id, struct fm_error *error) MUST_CHECK;
