/* Events of deployments. */
#pragma once

#include "server/store/store.h"

/* Somebody polls for the deployment's runs again, or nobody does any more:
 * "prefect.deployment.ready", "prefect.deployment.not-ready". */
int deployment_event_make(struct txn *txn, const char *id, bool is_ready) MUST_CHECK;
