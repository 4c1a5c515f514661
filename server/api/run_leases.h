/* Signs of life of those who hold a run under a lease. */
#pragma once

#include "server/api/api.h"

/* The request's lease of the run begins now. */
int lease_start(struct txn *txn, struct request *request, const char *run_id) MUST_CHECK;

/* A sign of life, if the request carries a lease. 0: the run is not its holder's any more, -1:
 * failed, else 1. Of a run that has ended or is suspended there is nothing to be held. */
int lease_renew(struct txn *txn, struct request *request, const char *run_id) MUST_CHECK;
