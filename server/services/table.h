/* The functions of each service; services.h says what they do. */
#pragma once

#include "server/services/services.h"

int deadlines_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int deadlines_run(struct txn *txn, const struct services_config *config);
