#include <errno.h>

#include "common/times.h"
#include "server/store/connection.h"

/* How many migrations the database has had; they are numbered from 1. */
static int applied(struct db_connection *connection, int *ret_count, struct error *error)
{
    struct job job = {0};
    struct txn txn = {.connection = connection, .job = &job};
    rows_auto rows = {0};

    if (db_script(connection,
                  "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY,"
                  " name TEXT NOT NULL, applied INTEGER NOT NULL)",
                  error) < 0)
        return -1;
    if (db_first(&txn, &rows, "SELECT COALESCE(MAX(number), 0) FROM migrations") < 0) {
        *error = job.error;
        return -1;
    }
    *ret_count = (int)rows_integer(&rows, 0);
    return 0;
}

static int apply(struct db_connection *connection, const struct migration *migration,
                 struct error *error)
{
    struct job job = {0};
    struct txn txn = {.connection = connection, .job = &job};

    if (db_begin(connection, error) < 0)
        return -1;
    if (db_script(connection, migration->sql, error) < 0) {
        db_rollback(connection);
        return -1;
    }
    if (db_run(&txn, "INSERT INTO migrations (number, name, applied) VALUES (?, ?, ?)",
               V(migration->number), V(migration->name), V(time_now())) < 0) {
        *error = job.error;
        db_rollback(connection);
        return -1;
    }
    return db_commit(connection, error);
}

int store_migrate(struct db_connection *connection, struct error *error)
{
    int done;
    int known = 0;

    if (applied(connection, &done, error) < 0)
        return -1;
    for (const struct migration *migration = migrations; migration->name; migration++) {
        known = migration->number;
        if (migration->number > done && apply(connection, migration, error) < 0)
            return error_prefix(error, "migration %s", migration->name);
    }
    if (done > known)
        return error_set(error, EINVAL,
                         "the database was made by a newer Fermata (its migration %d, ours %d); "
                         "use that version or a backup from before",
                         done, known);
    return 0;
}
