/*
 * One connection to the database: what the executor needs of it. Inside the store only.
 *
 * A connection belongs to one thread at a time.
 */
#pragma once

#include "server/store/store.h"

struct db_connection;

struct txn {
    struct db_connection *connection;
    struct job *job;
    int64_t now;
};

/* What a job published. */
struct topic {
    struct list node;
    char name[];
};

/* `config` is looked at as long as the connection is open. */
int db_open(const struct store_config *config, bool writes, struct db_connection **ret_connection,
            struct error *error) MUST_CHECK;
void db_close(struct db_connection *connection);

int db_begin(struct db_connection *connection, struct error *error) MUST_CHECK;
int db_commit(struct db_connection *connection, struct error *error) MUST_CHECK;
void db_rollback(struct db_connection *connection);

/* A savepoint inside the transaction, and its end: what was done since is kept or undone. */
int db_savepoint(struct db_connection *connection, struct error *error) MUST_CHECK;
int db_release(struct db_connection *connection, bool keep, struct error *error) MUST_CHECK;

/* Whether a transaction is still open: some errors end it by themselves (a full disk). */
bool db_in_transaction(const struct db_connection *connection);

/* From now on a query that runs past this time (monotonic) fails; 0: no limit. */
void db_set_deadline(struct db_connection *connection, int64_t deadline);

/* Pages in the database's log after the writer's last commit. */
int db_log_pages(const struct db_connection *connection);

struct db_checkpoint {
    int pages;  /* in the log */
    int copied; /* of these, from its front on, into the database */
    bool is_whole;
};

/* Copies from the log into the database what no snapshot holds back, and waits for nobody. `whole`,
 * for the writer: is_whole if no snapshot needs the log, either, and the next commit begins it
 * anew. */
int db_checkpoint(struct db_connection *connection, bool whole, struct db_checkpoint *ret_found,
                  struct error *error) MUST_CHECK;

/* Runs statements that are no part of any job, such as a migration's, separated by semicolons. */
int db_script(struct db_connection *connection, const char *sql, struct error *error) MUST_CHECK;

/* Brings the schema up to date; says in the error which migration failed. */
int store_migrate(struct db_connection *connection, struct error *error) MUST_CHECK;

/* Tells the planner what it cannot know of an empty database, and would get wrong in a full one. */
int db_plan(struct db_connection *connection, struct error *error) MUST_CHECK;

struct migration {
    int number;
    const char *name;
    const char *sql;
};

extern const struct migration migrations[]; /* in order; ends with a NULL name */
