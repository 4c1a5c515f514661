/* Bytes as text: base64 with padding (RFC 4648, 4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Room for the bytes that so many characters can stand for. */
#define BASE64_ROOM(length) ((length) / 4 * 3)

/* Reads the bytes into `to`, which has that room; false if the text is no base64. */
bool base64_decode(const char *text, size_t length, uint8_t *to, size_t *ret_size);

/* Whether it could be read; false too where there is no memory to try. */
bool base64_is(const char *text, size_t length);

/* Appends the bytes as base64. */
void base64_encode(const uint8_t *data, size_t length, struct buf *to);
