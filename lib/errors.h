/* Filling in the public errors. */
#pragma once

#include "common/error.h"
#include "include/fermata.h"

/* Fills in `error` (which may be NULL) and returns `code`. */
int fail(struct fm_error *error, enum fm_code code, const char *format, ...) PRINTF_LIKE(3, 4);
int fail_without_memory(struct fm_error *error);

/* Puts "prefix: " in front of the message; returns its code. */
int fail_prefix(struct fm_error *error, const char *format, ...) PRINTF_LIKE(2, 3);
