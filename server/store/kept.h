/* How long the store keeps what is for the server itself. */
#pragma once

#include "common/times.h"

#define IDEMPOTENCY_KEPT (24 * HOUR)
#define DELETED_RUN_KEPT (24 * HOUR) /* its id: what comes for it until then is deleted too */
