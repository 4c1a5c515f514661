/*
 * The store: transactions, and the threads that run them.
 *
 * Work comes as jobs. A job that only reads runs beside others, each on a snapshot of its own; a
 * job that writes runs in a savepoint of a transaction that it shares with the others that were
 * waiting: one commit, one fsync, then all of them are told. `done` is called only after the
 * commit, so what it acknowledges is on disk.
 *
 * SQL is the subset that SQLite and PostgreSQL share, with `?` for parameters, which are always
 * bound. Times are INTEGER microseconds, booleans INTEGER 0 or 1, ids and JSON TEXT. Two functions
 * are ours where the database lacks them: strpos(text, part), as in PostgreSQL, and
 * matches(text, pattern), see pattern.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "common/list.h"
#include "common/times.h"

struct store;
struct txn;
struct job;

/* ---- values and rows ---- */

enum value_type { VALUE_NULL, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT };

struct value {
    enum value_type type;
    int64_t integer;
    double real;
    const char *text; /* has to live as long as the call that gets the value */
};

static inline struct value value_null(void)
{
    return (struct value){.type = VALUE_NULL};
}

static inline struct value value_integer(int64_t integer)
{
    return (struct value){.type = VALUE_INTEGER, .integer = integer};
}

static inline struct value value_real(double real)
{
    return (struct value){.type = VALUE_REAL, .real = real};
}

/* NULL is SQL's NULL. */
static inline struct value value_text(const char *text)
{
    return (struct value){.type = text ? VALUE_TEXT : VALUE_NULL, .text = text};
}

/* TIME_NEVER is SQL's NULL. */
static inline struct value value_time(int64_t time)
{
    return time == TIME_NEVER ? value_null() : value_integer(time);
}

static inline struct value value_same(struct value value)
{
    return value;
}

/* Any C value as a parameter: V(id), V(count), V(true). */
#define V(x)                                                                                       \
    _Generic((x), char *                                                                           \
             : value_text, const char *                                                            \
             : value_text, bool                                                                    \
             : value_integer, int                                                                  \
             : value_integer, unsigned                                                             \
             : value_integer, long                                                                 \
             : value_integer, long long                                                            \
             : value_integer, size_t                                                               \
             : value_integer, double                                                               \
             : value_real, struct value                                                            \
             : value_same)(x)

/* The rows of a query, one at a time. What a getter returns lives until the next row. */
struct rows {
    struct txn *txn;
    void *statement; /* the database's */
    void *slot;      /* where it is kept ready, or NULL */
};

#define rows_auto CLEANUP(rows_close) struct rows

int rows_next(struct rows *rows) MUST_CHECK; /* 1: a row, 0: no more, -1: failed */
void rows_close(struct rows *rows);          /* may be called again, or on a zeroed struct */

bool rows_is_null(const struct rows *rows, int column);
int64_t rows_integer(const struct rows *rows, int column);
double rows_real(const struct rows *rows, int column);
const char *rows_text(const struct rows *rows, int column); /* NULL for NULL */
int64_t rows_time(const struct rows *rows, int column);     /* TIME_NEVER for NULL */
char *rows_strdup(const struct rows *rows, int column, struct arena *arena); /* NULL for NULL */

/* ---- what a job does in its transaction ----
 * A failure (-1) leaves its reason in the transaction; the job returns -1 and the store tells. */

int db_query_values(struct txn *txn, struct rows *rows, const char *sql, const struct value *values,
                    int count) MUST_CHECK;
int db_first_values(struct txn *txn, struct rows *rows, const char *sql, const struct value *values,
                    int count) MUST_CHECK;
int db_run_values(struct txn *txn, const char *sql, const struct value *values,
                  int count) MUST_CHECK;

#define DB_VALUES(...)                                                                             \
    (struct value[]){__VA_ARGS__},                                                                 \
        (int)(sizeof((struct value[]){__VA_ARGS__}) / sizeof(struct value))

/* Starts a query; follow with rows_next. */
#define db_query(txn, rows, sql, ...) db_query_values(txn, rows, sql, DB_VALUES(__VA_ARGS__))

/* A query and its first row: 1 if there is one, 0 if not, -1 on failure. */
#define db_first(txn, rows, sql, ...) db_first_values(txn, rows, sql, DB_VALUES(__VA_ARGS__))

/* A statement without rows: how many rows it changed, or -1. A broken UNIQUE constraint is an error
 * like others: ask first, nobody writes in between. */
#define db_run(txn, sql, ...) db_run_values(txn, sql, DB_VALUES(__VA_ARGS__))

int64_t txn_now(const struct txn *txn);   /* one time for all of a transaction */
struct arena *txn_arena(struct txn *txn); /* gone when the job is run again or done */
int txn_fail(struct txn *txn, int code, const char *format, ...) PRINTF_LIKE(3, 4); /* gives -1 */
struct error *txn_error(struct txn *txn); /* to pass to functions that take one */

/* Wakes those who wait for the topic, once the transaction is committed. */
void txn_publish(struct txn *txn, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- jobs ---- */

enum job_result {
    JOB_FAILED = -1, /* the reason is in the transaction; nothing of it stays */
    JOB_KEEP = 0,    /* what it wrote is to be committed */
    JOB_UNDO = 1,    /* all is well, but what it wrote must not stay */
};

struct job {
    struct list node; /* the store's */
    bool writes;
    bool reads_long; /* its `prepare`, or `run` if it only reads, may take as long as it is let: it
                        goes to threads that no other waits for */
    /* First, on a thread where CPU time may be spent, with a snapshot to read from. JOB_FAILED and
     * JOB_UNDO: the job is done, `run` is not called. May be NULL. */
    enum job_result (*prepare)(struct txn *txn, struct job *job);
    /* In a transaction. May be called again from the start, after a rollback. */
    enum job_result (*run)(struct txn *txn, struct job *job);
    /* After the commit (or failure: `error` is set and nothing was written). The job is the
     * caller's again. */
    void (*done)(struct job *job, enum job_result result, const struct error *error);

    /* The store's, between `run` and `done`. */
    enum job_result result;
    struct error error;
    struct arena arena;
    struct list topics;
};

struct store_config {
    const char *directory; /* made if it is not there */
    int readers;           /* threads, for jobs that read long */
    int short_readers;     /* threads, for the others */
    int64_t time_limit;    /* microseconds that a job may take at a time */
    void (*publish)(void *context, const char *topic);
    /* The database's log cannot be moved into the database, and grows; NULL: now it can. Nothing is
     * lost, and it is tried again. Not for long, and nothing of the store's in it. */
    void (*report)(void *context, const struct error *error);
    void *context;
    void (*out_of_memory)(void); /* of the jobs' arenas */
    /* An fsync failed: the process ends after this. */
    void (*disk_failed)(const struct error *error);
};

/* Locks the directory, brings the schema up to date and starts the threads. */
int store_open(const struct store_config *config, struct store **ret_store,
               struct error *error) MUST_CHECK;
void store_submit(struct store *store, struct job *job);       /* thread-safe */
void store_submit_all(struct store *store, struct list *jobs); /* by their nodes; empties it */
void store_close(struct store *store); /* runs what was submitted, then ends */

/* Runs a job on the caller's thread's time: submits it and waits for it. */
int store_run(struct store *store, bool writes, enum job_result (*run)(struct txn *, void *context),
              void *context, struct error *error) MUST_CHECK;

/* Writes a copy of a directory's database, consistent at one moment, whether a server runs on it or
 * not. `file` appears only once it is whole; it must not be there yet. */
int store_backup(const char *directory, const char *file, struct error *error) MUST_CHECK;

struct store_stats {
    int64_t reads, writes, commits, rollbacks, failures;
    int64_t queued; /* writes waiting now */
};
void store_stats(struct store *store, struct store_stats *ret_stats);
