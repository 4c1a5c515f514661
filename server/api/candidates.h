/* Answers that the flow itself checks, for the routes that take answers. */
#pragma once

#include "server/api/api.h"
#include "server/orchestration/candidate.h"

/* Whether the flow wants to check answers and is there to be asked. */
bool flow_checks(struct request *request, const struct input_request *input_request);

/* Makes the answer a candidate. The route's `then` tells what became of it. */
int ask_flow(struct txn *txn, struct request *request, const struct input_request *input_request,
             const struct answer *answer);

/* For such a `then`: 1 once the flow has judged, 0 to park, -1. */
int await_verdict(struct txn *txn, struct request *request, struct candidate *ret_candidate);
