/* What the states of flow runs and of task runs have in common. */
#pragma once

#include "server/api/api.h"
#include "server/orchestration/transition.h"

/* A proposal: {"state", "force"}. */
extern const struct body set_state_body;
void read_proposal(struct txn *txn, struct request *request, struct state *ret_state);

int reply_outcome(struct http_reply *reply, const struct outcome *outcome);

/* The states of one run, named by the query's parameter `owner`, which is also their column. */
int reply_states(struct txn *txn, struct request *request, struct http_reply *reply,
                 const char *table, const char *owner);
