/*
 * The values of a template: Python's, as far as a template can tell.
 *
 * Values never change once they are made, belong to the arena of their render, and refer to one
 * another freely. Functions that can fail return NULL or false, with the error set in the render.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "server/templates/template.h"

enum value_type {
    VALUE_UNDEFINED,
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INTEGER,
    VALUE_REAL,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_TUPLE,
    VALUE_DICT,
};

struct value {
    enum value_type type;
    union {
        const char *why; /* undefined: the message for those who compute with it */
        int64_t integer; /* also of a bool: 0 or 1 */
        double real;
        struct {
            const char *text; /* UTF-8, not NUL-terminated */
            size_t length;    /* bytes */
            bool safe;        /* markup: what is joined to it is escaped for HTML */
        } string;
        struct {
            const struct value **items; /* of a dict: key, value, key, value, … */
            size_t count;               /* of a dict: the pairs */
        } list;
    };
};

struct render {
    struct arena arena;
    struct template_budget *budget;
    struct error *error;
    const json_t *names;
};

extern const struct value value_none, value_true, value_false, value_empty;

/* NULL, with the error in the words of Python: a class and its message. */
void *render_fail(struct render *render, const char *class, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* NULL, with an error that has only our own words. */
void *render_refuse(struct render *render, const char *format, ...) PRINTF_LIKE(2, 3);

/* Both take from the budget. */
void *render_alloc(struct render *render, size_t size);
bool render_steps(struct render *render, size_t steps);

/* A buffer that may grow as far as the budget goes, and a string of what is in it. */
struct buf render_buf(const struct render *render);
const struct value *render_buf_string(struct render *render, struct buf *buf);

const struct value *value_undefined(struct render *render, const char *format, ...)
    PRINTF_LIKE(2, 3);
const struct value *value_bool(bool truth);
const struct value *value_integer(struct render *render, int64_t integer);
const struct value *value_real(struct render *render, double real);
const struct value *value_string(struct render *render, const char *text, size_t length);
const struct value *value_safe(struct render *render, const struct value *string);
/* With room for `count` items (a dict: pairs), which the caller fills in. */
struct value *value_sequence(struct render *render, enum value_type type, size_t count);
const struct value *value_from_json(struct render *render, const json_t *json);

const char *value_type_name(const struct value *value); /* "int", "str", … */
bool value_is_number(const struct value *value);        /* bool, int or float */
bool value_is_integral(const struct value *value);      /* bool or int */
double value_to_real(const struct value *number);
bool value_truth(const struct value *value);

/* str() and repr() into a buffer, str() as a value. */
bool value_add_text(struct render *render, const struct value *value, struct buf *to);
bool value_add_repr(struct render *render, const struct value *value, struct buf *to);
const struct value *value_text(struct render *render, const struct value *value);

/* 1, 0, or -1 for a failure (the budget). */
int value_same(struct render *render, const struct value *a, const struct value *b);

enum order { ORDER_LESS, ORDER_SAME, ORDER_GREATER, ORDER_NONE /* NaN */, ORDER_FAILED };

/* `sign` is the operator to name where the two have no order. */
enum order value_order(struct render *render, const struct value *a, const struct value *b,
                       const char *sign);

/* What a loop over the value would meet: a list (or tuple), the characters, the keys. */
const struct value *value_iterate(struct render *render, const struct value *value);

/* The value under a key, or NULL if there is none or the budget is at its end (*failed). */
const struct value *value_lookup(struct render *render, const struct value *dict,
                                 const struct value *key, bool *ret_failed);
bool value_is_hashable(const struct value *value);

/* Text: characters are Unicode code points. */
size_t text_count(const char *text, size_t length);
size_t text_step(const char *text, size_t length); /* bytes of the first character */
uint32_t text_code(const char *text, size_t n);    /* of one character of n bytes */
void text_add_code(struct buf *to, uint32_t code);
size_t text_space(const char *text, size_t length); /* bytes of the first, 0 if it is no space */
size_t text_space_before(const char *text, size_t length); /* the same of the last */
enum text_case { TEXT_UPPER, TEXT_LOWER };
void text_add_case(struct buf *to, const char *text, size_t length, enum text_case which);
