/* Counting events. */
#pragma once

#include "server/api/resources.h"

/* Handler for "…/{countable}": day, time, event or resource. */
extern const struct body count_events_body;
extern const struct field event_count_fields[];
int count_events_by(struct txn *txn, struct request *request, struct http_reply *reply);
