/* Events of deployments. */
#pragma once

#include "server/store/store.h"

/* Makes the event "prefect.deployment.WHAT": "ready" if somebody polls for the deployment's runs
 * again, "not-ready" if nobody does any more; "created", "deleted" (before it is gone). */
int deployment_event_make(struct txn *txn, const char *id, const char *what) MUST_CHECK;

/* "updated": the names of what was changed, and for each {"from", "to"}, both as JSON. */
int deployment_event_updated(struct txn *txn, const char *id, const char *names,
                             const char *updates) MUST_CHECK;
