/* SQL text put together from pieces, with its parameters beside it. */
#pragma once

#include "common/buf.h"
#include "server/store/store.h"

struct sql {
    struct buf text;
    struct value *values;
    int count;
    int capacity;
};

#define sql_auto CLEANUP(sql_release) struct sql

void sql_release(struct sql *sql);

/* Appends a piece of text as it is: never anything that a client sent. */
void sql_add(struct sql *sql, const char *text);
void sql_addf(struct sql *sql, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends a parameter for a `?` that the text has. The value's text must outlive the query. */
void sql_bind(struct sql *sql, struct value value);

/* Appends "?, ?, ?" for the values and binds them. */
void sql_add_list(struct sql *sql, const struct value *values, int count);

int sql_query(struct txn *txn, struct rows *rows, struct sql *sql) MUST_CHECK;
int sql_first(struct txn *txn, struct rows *rows, struct sql *sql) MUST_CHECK;
int sql_run(struct txn *txn, struct sql *sql) MUST_CHECK;
