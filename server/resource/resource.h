/*
 * A resource: its table, its fields, how it may be filtered and sorted.
 *
 * From a filter body such as
 *     {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}, "flows": {"name": {"like_": "x"}}}
 * comes SQL with bound parameters. Conditions are and-ed, or or-ed where an "operator" says "or_".
 * In all SQL written here the resource's own table goes by the name `r`.
 */
#pragma once

#include "server/resource/field.h"
#include "server/resource/problems.h"
#include "server/store/sql.h"

/* Bounds on what one filter body may hold, well below those of the databases. */
#define FILTER_LIST_LIMIT   1000  /* values of one list */
#define FILTER_WORDS_LIMIT  100   /* tags of a list, words of a query: a condition each */
#define FILTER_VALUES_LIMIT 10000 /* of all lists together */

enum filter_kind {
    FILTER_GROUP,  /* `nested` filters inside */
    FILTER_VALUE,  /* a column: any_, like_, is_null_, exists_, before_, … as `operators` say */
    FILTER_TAGS,   /* an array of strings kept as JSON: all_, any_, is_null_ */
    FILTER_EXISTS, /* whether `sql`, a condition, holds: exists_, is_null_ (the opposite) */
};

enum {
    OP_ANY = 1 << 0,
    OP_NOT_ANY = 1 << 1,
    OP_LIKE = 1 << 2, /* contains, whatever the case */
    OP_IS_NULL = 1 << 3,
    OP_BEFORE = 1 << 4, /* not after */
    OP_AFTER = 1 << 5,  /* not before */
    OP_GE = 1 << 6,
    OP_LE = 1 << 7,
    OP_EQ = 1 << 8,
    OP_ALL = 1 << 9,
    OP_EXISTS = 1 << 10,
    OP_QUERY = 1 << 11, /* each word is contained, "-word" is not; quotes hold words together */
    OP_TYPE = 1 << 12,  /* type_ and id_: of a JSON column with these members */
    OP_ID = 1 << 13,
    OP_GT = 1 << 14,
    OP_STARTS_WITH = 1 << 15, /* of ids, whatever the case */
    OP_STARTS = 1 << 16,      /* begins with one of them, whatever the case */
};

/* What an operator is given. */
enum operand {
    OPERAND_ONE,   /* a value of the filter's type */
    OPERAND_LIST,  /* an array of such values */
    OPERAND_TEXT,  /* a string */
    OPERAND_TEXTS, /* an array of strings */
    OPERAND_FLAG,  /* true or false */
};

struct filter;
struct filter_compiler;

struct filter_operator {
    const char *name;
    unsigned bit;
    enum operand operand;
    void (*compile)(struct filter_compiler *compiler, const struct filter *filter,
                    const char *expression, const json_t *operand);
};

extern const struct filter_operator filter_operators[]; /* ends with a NULL name */

struct filter {
    const char *name;
    enum filter_kind kind;
    unsigned operators;
    enum field_type type; /* of the operands */
    const char *const *choices;
    const char *sql; /* the expression; NULL: the column of that name */
    /* For any_ where the expression has none that an index could serve: SQL with one %s in the
     * place of the list. */
    const char *any_sql;
    const struct filter *nested;
};

#define FILTERS_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* A filter for things that belong to this one: {"flows": {…}} in a filter of flow runs. */
struct relation {
    const char *key;
    const struct filter *filters;
    const char *link; /* "r.flow_id IN (SELECT r.id FROM flows r WHERE %s)" in two halves: this … */
    const char *link_end; /* … and ")" */
    /* The column that holds the id of what it belongs to, which is always there: a filter for ids
     * alone is one for this column, and an index on it serves. NULL: it may be gone. */
    const char *column;
};

struct sort {
    const char *name; /* "NAME_ASC" */
    const char *sql;  /* "r.name ASC" */
};

struct resource {
    const char *name;  /* in errors: "Flow run" */
    const char *table; /* "flow_runs" */
    const char *from;  /* what to select from; NULL: "TABLE r" */
    const struct field *fields;
    const struct filter *filters;
    const char *filter_key;           /* in filter bodies: "flow_runs" */
    const struct relation *relations; /* ends with a NULL key */
    const struct sort *sorts;         /* the first is the default; ends with a NULL name */
    const char *unique;               /* a text that one row alone may have, or NULL */
    const char *missing;              /* what a 404 says; NULL: "NAME not found" */
    const char
        *event_kind; /* of the events of its rows: "prefect.variable"; NULL: they have none */
    /* The names on the way to the filter by whose any_ lists are split, up to NULL: rows of one
     * value of it are in the order of an index, those of several are not. All filters are then of
     * `r` alone. NULL: lists are not split. */
    const char *const *split;
};

/* Checks the filters in `body` and appends them as a condition ("1 = 1" if there are none). What is
 * wrong is added to `problems`; the SQL is then not to be used. */
void resource_where(const struct resource *resource, const json_t *body, struct arena *arena,
                    struct sql *sql, struct problems *problems);

/* The bodies, one for each value, whose rows together are those of a body that asks for a few
 * values of the resource's `split`: a new array; NULL if the body asks otherwise, or memory is
 * short. */
json_t *resource_split(const struct resource *resource, const json_t *body);

/* Appends " ORDER BY …" for the name of a sort (NULL: the default). */
void resource_order(const struct resource *resource, const json_t *body, struct sql *sql,
                    struct problems *problems);

/* Appends "SELECT columns FROM table r". */
void resource_select(const struct resource *resource, struct sql *sql);
