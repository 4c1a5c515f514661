/*
 * One connection to the database: what the executor needs of it. Inside the store only.
 *
 * A connection belongs to one thread at a time.
 */
#pragma once

#include "server/store/store.h"

struct connection;

struct txn {
    struct connection *connection;
    struct job *job;
    int64_t now;
};

int connection_open(const char *directory, bool writes, struct connection **ret_connection,
                    struct error *error) MUST_CHECK;
void connection_close(struct connection *connection);

int connection_begin(struct connection *connection, struct error *error) MUST_CHECK;
int connection_commit(struct connection *connection, struct error *error) MUST_CHECK;
void connection_rollback(struct connection *connection);

/* A savepoint inside the transaction, and its end: what was done since is kept or undone. */
int connection_savepoint(struct connection *connection, struct error *error) MUST_CHECK;
int connection_release(struct connection *connection, bool keep, struct error *error) MUST_CHECK;

/* Whether a transaction is still open: some errors end it by themselves (a full disk). */
bool connection_in_transaction(const struct connection *connection);

/* From now on a query that runs past this time (monotonic) fails; 0: no limit. */
void connection_set_deadline(struct connection *connection, int64_t deadline);

/* Runs statements that are no part of any job, such as a migration's, separated by semicolons. */
int connection_script(struct connection *connection, const char *sql,
                      struct error *error) MUST_CHECK;

/* Brings the schema up to date; says in the error which migration failed. */
int store_migrate(struct connection *connection, struct error *error) MUST_CHECK;

struct migration {
    int number;
    const char *name;
    const char *sql;
};

extern const struct migration migrations[]; /* in order; ends with a NULL name */
