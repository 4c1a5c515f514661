/* Bytes as text: base64 with padding (RFC 4648, 4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Whether the text is base64: four characters at a time, "=" only at the end, nothing besides. */
bool base64_is(const char *text, size_t length);

/* How many bytes such a text stands for, and these bytes, into memory that has room for them. */
size_t base64_size(const char *text, size_t length);
void base64_decode(const char *text, size_t length, uint8_t *to);

/* Appends the bytes as base64. */
void base64_encode(const uint8_t *data, size_t length, struct buf *to);
