/* Slots of concurrency limits, as the routes for names and those for tags tell of them. */
#pragma once

#include "server/api/api.h"
#include "server/orchestration/slots.h"

extern const struct field slot_limit_fields[]; /* id, name, limit */

/* The limits without so many bytes at the beginning of their names, as an array. */
int reply_slot_limits(struct http_reply *reply, const struct slot_limits *limits, size_t prefix);
void write_slot_limits(struct json_writer *writer, const struct slot_limits *limits, size_t prefix);

/* 423, and after how many seconds to ask again. */
int reply_locked(struct request *request, struct http_reply *reply, double seconds,
                 const char *format, ...) PRINTF_LIKE(4, 5);
