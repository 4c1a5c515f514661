/* Text from a flow's author, which need not be UTF-8. */
#pragma once

#include <stddef.h>

#include "common/buf.h"
#include "json/writer.h"

/* How many bytes of the text are valid UTF-8 from its start (RFC 3629). */
size_t utf8_prefix(const char *text);

/* Appends so many bytes of UTF-8 at most, with "..." at the end of what is longer. */
void buf_add_short(struct buf *to, const char *text, size_t limit);

/* Appends the text, with a replacement character for each byte that is none. */
void buf_add_utf8(struct buf *to, const char *text);

/* The same as a string of JSON. */
void json_add_utf8(struct json_writer *writer, const char *text);
