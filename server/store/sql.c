#include "server/store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void sql_release(struct sql *sql)
{
    buf_release(&sql->text);
    free(sql->values);
    *sql = (struct sql){0};
}

void sql_add(struct sql *sql, const char *text)
{
    buf_add_string(&sql->text, text);
}

void sql_addf(struct sql *sql, const char *format, ...)
{
    va_list args;
    char text[1024];

    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(text))
        BUG("a piece of SQL is longer than %zu bytes", sizeof(text));
    buf_add(&sql->text, text, (size_t)n);
}

void sql_bind(struct sql *sql, struct value value)
{
    if (sql->count == sql->capacity) {
        int capacity = sql->capacity ? sql->capacity * 2 : 16;
        struct value *values = realloc(sql->values, (size_t)capacity * sizeof(*values));
        if (!values) {
            sql->text.failed = true;
            return;
        }
        sql->values = values;
        sql->capacity = capacity;
    }
    sql->values[sql->count++] = value;
}

void sql_add_list(struct sql *sql, const struct value *values, int count)
{
    for (int i = 0; i < count; i++) {
        sql_add(sql, i ? ", ?" : "?");
        sql_bind(sql, values[i]);
    }
}

static int check(struct txn *txn, const struct sql *sql)
{
    if (sql->text.failed)
        return txn_fail(txn, ENOMEM, "no memory for a query");
    return 0;
}

int sql_query(struct txn *txn, struct rows *rows, struct sql *sql)
{
    if (check(txn, sql) < 0)
        return -1;
    return db_query_values(txn, rows, buf_string(&sql->text), sql->values, sql->count);
}

int sql_first(struct txn *txn, struct rows *rows, struct sql *sql)
{
    if (check(txn, sql) < 0)
        return -1;
    return db_first_values(txn, rows, buf_string(&sql->text), sql->values, sql->count);
}

int sql_run(struct txn *txn, struct sql *sql)
{
    if (check(txn, sql) < 0)
        return -1;
    return db_run_values(txn, buf_string(&sql->text), sql->values, sql->count);
}

int64_t rows_time(const struct rows *rows, int column)
{
    return rows_is_null(rows, column) ? TIME_NEVER : rows_integer(rows, column);
}

char *rows_strdup(const struct rows *rows, int column, struct arena *arena)
{
    const char *text = rows_text(rows, column);

    return text ? arena_strdup(arena, text) : NULL;
}
