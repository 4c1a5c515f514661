/* Safe retries: a write with an Idempotency-Key is done once, and answered the same each time. */
#pragma once

#include "server/api/api.h"
#include "server/store/kept.h"

#define IDEMPOTENCY_KEY_LENGTH 255

/* 1: the reply is that of the first time (or a refusal of the key), 0: go on, -1: failed. */
int idempotency_begin(struct txn *txn, struct request *request, struct http_reply *reply);

/* Keeps the reply, in the transaction of the write. */
int idempotency_end(struct txn *txn, struct request *request, const struct http_reply *reply);
