/*
 * JSON text, written into a buffer from left to right.
 *
 * Numbers come out as the shortest text that reads back as the same value; strings are escaped
 * (RFC 8259) and must be UTF-8. Commas are put where they belong: nothing but keys and values in
 * turn is asked of the caller. A writer that is misused (a value without a key inside an object,
 * an end without a beginning) is a bug and says so.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define JSON_WRITER_DEPTH 32

struct json_writer {
    struct buf *to;
    int depth;
    bool first[JSON_WRITER_DEPTH + 1]; /* nothing written yet at this depth */
    bool in_object[JSON_WRITER_DEPTH + 1];
    bool after_key;
};

void json_writer_init(struct json_writer *writer, struct buf *to);

void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *key);

void json_add_null(struct json_writer *writer);
void json_add_bool(struct json_writer *writer, bool value);
void json_add_integer(struct json_writer *writer, int64_t value);
void json_add_number(struct json_writer *writer, double value);      /* not finite: null */
void json_add_string(struct json_writer *writer, const char *value); /* NULL: null */
void json_add_time(struct json_writer *writer, int64_t time);
void json_add_text(struct json_writer *writer, const char *json); /* JSON as it is; NULL: null */
void json_add_value(struct json_writer *writer, const json_t *value); /* NULL: null */

/* One string with its quotes, outside of any writer. */
void json_quote(struct buf *to, const char *string, size_t length);
