/*
 * JSON text that comes from outside (RFC 8259): read with limits, compared, shown.
 *
 * Values are jansson's. What is only carried (parameters, inputs, results) is kept as the text that
 * came; json_member_text finds it inside a larger document.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"

#define JSON_TEXT_DEPTH  200     /* arrays and objects inside one another */
#define JSON_TEXT_VALUES 1000000 /* in one document */

/*
 * Reads one value of any type. Of equal keys the last one counts. Integers beyond 64 bits become
 * reals. NaN, Infinity, numbers beyond a double, NUL characters in strings, unpaired surrogates and
 * invalid UTF-8 are refused. The message names line and column; the code is EINVAL (or ENOMEM).
 */
json_t *json_parse(const char *text, size_t length, struct error *error) MUST_CHECK;

/*
 * The text of the member that `path` (object keys, then NULL) leads to, just as it was written, or
 * NULL if there is none. `text` must have gone through json_parse and end with a NUL. The result
 * points into `text`. An empty path gives the whole value without the space around it.
 */
const char *json_member_text(const char *text, const char *const path[], size_t *ret_length);

/* The value, whose reference the arena takes over. */
json_t *json_arena_own(struct arena *arena, json_t *value);

/* The text of an array's entries, one after the other: `*at` begins as the array's own text, which
 * has gone through json_parse. NULL behind the last. */
const char *json_next_entry(const char **at, size_t *ret_length);

/* A member of an object as it was written. */
struct json_member {
    const char *key; /* with its quotes */
    size_t key_length;
    const char *value;
    size_t value_length;
};

/* An object's members, one after the other: `*at` begins as the object's own text, which has gone
 * through json_parse. False behind the last. Of equal keys each comes. */
bool json_next_member(const char **at, struct json_member *ret_member);

/* What the key says: a new string. */
json_t *json_member_key(const struct json_member *member);

/* The value as compact text, in the arena's memory. */
const char *json_arena_text(struct arena *arena, const json_t *value);

/* Equality as JSON Schema has it: numbers by their value (1 is 1.0), objects without order. */
bool json_same(const json_t *a, const json_t *b);

/* A hash that is equal for values that are the same. Adds to `work` (which may be NULL) what it
 * cost: about one for each value and each 16 bytes of strings. */
size_t json_hash(const json_t *value, size_t *work);

/* Whether arrays and objects are nested no deeper than `limit`. */
bool json_is_shallow(const json_t *value, int limit);

/* Compares two numbers exactly, also an integer with a real: negative, 0 or positive. */
int json_number_compare(const json_t *a, const json_t *b);

/* The value as Python's repr() shows it: {'a': [1, 2.0, True, None]}. */
void json_text_repr(const json_t *value, struct buf *to);
void json_text_repr_string(const char *string, size_t length, struct buf *to);

/* The value as Python's json.dumps writes it with sort_keys=True. */
void json_text_python(const json_t *value, struct buf *to);
