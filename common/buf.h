/*
 * A growing byte buffer with a ceiling.
 *
 * Appending never returns an error: a buffer that could not grow (no memory, or past its ceiling)
 * remembers it in `failed`, ignores what follows, and the one who uses the whole asks once at the
 * end. The content is always followed by a NUL byte that does not count in `length`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define BUF_CEILING ((size_t)64 << 20) /* bytes; of a buffer that names no other */

struct buf {
    char *data; /* NULL while nothing was appended */
    size_t length;
    size_t capacity;
    size_t ceiling; /* 0: BUF_CEILING */
    bool failed;
};

#define BUF_INIT                                                                                   \
    {                                                                                              \
        0                                                                                          \
    }
#define buf_auto CLEANUP(buf_release) struct buf

void buf_release(struct buf *buf); /* frees the content; the buffer can be used again */
void buf_clear(struct buf *buf);   /* forgets the content, keeps the memory */

void buf_add(struct buf *buf, const void *data, size_t length);
void buf_add_string(struct buf *buf, const char *string);
void buf_add_char(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* Makes room for `length` more bytes and returns where they go, or NULL; follow with buf_added. */
char *buf_reserve(struct buf *buf, size_t length);
void buf_added(struct buf *buf, size_t length);

/* The content as a string, "" while empty. Belongs to the buffer. */
const char *buf_string(const struct buf *buf);

/* Hands the content (from malloc, NUL-terminated) to the caller and empties the buffer.
 * NULL if the buffer failed. */
char *buf_steal(struct buf *buf);
