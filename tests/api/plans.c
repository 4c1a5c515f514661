/*
 * Laid under the server with LD_PRELOAD by test_plans.py: notes the plan of every statement that
 * the server prepares, as its own connection makes it, in the file $PLANS: a line for each step of
 * it, "SQL<tab>step".
 */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int prepare_function(sqlite3 *, const char *, int, unsigned, sqlite3_stmt **,
                             const char **);

static void note(prepare_function *prepare, sqlite3 *db, const char *sql)
{
    const char *path = getenv("PLANS");
    FILE *file = path ? fopen(path, "ae") : NULL;
    char *question = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *plan = NULL;

    if (file && question && prepare(db, question, -1, 0, &plan, NULL) == SQLITE_OK)
        while (sqlite3_step(plan) == SQLITE_ROW)
            fprintf(file, "%s\t%s\n", sql, (const char *)sqlite3_column_text(plan, 3));
    sqlite3_finalize(plan);
    sqlite3_free(question);
    if (file)
        fclose(file);
}

int sqlite3_prepare_v3(sqlite3 *db, const char *sql, int length, unsigned flags,
                       sqlite3_stmt **ret_statement, const char **ret_rest)
{
    prepare_function *prepare;

    /* ISO C has no cast from an object's pointer to a function's. */
    *(void **)&prepare = dlsym(RTLD_NEXT, "sqlite3_prepare_v3");
    if (strncmp(sql, "BEGIN", 5) != 0 && strncmp(sql, "COMMIT", 6) != 0)
        note(prepare, db, sql);
    return prepare(db, sql, length, flags, ret_statement, ret_rest);
}
