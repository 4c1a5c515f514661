/* Events of input requests: one for each of their moves, "fermata.input-request.opened" and so on.
 * They say who did it and by which way, and never what was answered. */
#pragma once

#include "server/store/store.h"

enum request_move {
    REQUEST_OPENED,
    REQUEST_CHECKING, /* the flow is asked about an answer */
    REQUEST_REFUSED,  /* and has refused it: the request is open again */
    REQUEST_ANSWERED,
    REQUEST_EXPIRED,
    REQUEST_CANCELLED,
};

/* The row has been changed already. */
int request_event_make(struct txn *txn, const char *id, enum request_move move) MUST_CHECK;
