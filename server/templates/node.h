/* A template as a tree, and what is done with it: parse, then evaluate. */
#pragma once

#include "server/templates/lexer.h"

#define NODE_DEPTH_MAX 200

enum node_type {
    NODE_LITERAL, /* value */
    NODE_NAME,    /* value: the name */
    NODE_LIST,
    NODE_TUPLE,
    NODE_DICT, /* items: key, value, … */
    NODE_AND,
    NODE_OR,
    NODE_NOT,
    NODE_MINUS,
    NODE_PLUS,
    NODE_BINARY,    /* items: two; op: ADD to POW */
    NODE_CONCAT,    /* items */
    NODE_COMPARE,   /* items: the operands; compares: one less */
    NODE_CONDITION, /* items: condition, then, else (or NULL) */
    NODE_ATTRIBUTE, /* items[0]; value: the name */
    NODE_SUBSCRIPT, /* items: value, subscript */
    NODE_SLICE,     /* as a subscript; items: start, stop, step (or NULL) */
    NODE_FILTER,    /* items[0], then the arguments by their place (or NULL); filter */
    NODE_TEST,      /* items[0] and [1] (or NULL); test */
};

enum compare {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LT,
    COMPARE_LE,
    COMPARE_GT,
    COMPARE_GE,
    COMPARE_IN,
    COMPARE_NOT_IN
};

struct node {
    enum node_type type;
    int depth; /* of the tree below, bounded because it is walked recursively */
    size_t count;
    struct node **items;
    const struct value *value;
    enum token_type op;
    enum compare *compares;
    const struct filter *filter;
    const struct test *test;
};

#define FILTER_ARGUMENTS 3

/* Arguments that were not given are NULL. */
struct filter {
    const char *name;
    const char *arguments[FILTER_ARGUMENTS];
    const struct value *(*function)(struct render *render, const struct value *value,
                                    const struct value *const arguments[]);
};

/* 1, 0, or -1 for a failure. `argument` is given just if `has_argument` says so. */
struct test {
    const char *name;
    bool has_argument;
    int (*function)(struct render *render, const struct value *value, const struct value *argument);
};

/* NULL if there is none of that name. */
const struct filter *filter_find(const char *name, size_t length);
const struct test *test_find(const char *name, size_t length);

/* The parts of a template: literals are its text, all others expressions to print. NULL for a
 * wrong template. */
struct node *parse_template(struct render *render, const char *text, size_t length);

const struct value *evaluate(struct render *render, const struct node *node);

/* Operators on values. */
const struct value *operate(struct render *render, enum token_type op, const struct value *a,
                            const struct value *b);
const struct value *negate(struct render *render, const struct value *value, bool minus);
/* Joins the texts of all. */
const struct value *concat(struct render *render, const struct value *const *items, size_t count);
int compare_values(struct render *render, enum compare how, const struct value *a,
                   const struct value *b);
const struct value *escape_html(struct render *render, const struct value *value);

/* What `value.name` and `value[key]` are; undefined if there is no such thing. */
const struct value *get_attribute(struct render *render, const struct value *value,
                                  const struct value *name);
const struct value *get_item(struct render *render, const struct value *value,
                             const struct value *key);
/* value[start:stop:step]; each may be NULL. */
const struct value *get_slice(struct render *render, const struct value *value,
                              const struct value *const bounds[3]);
