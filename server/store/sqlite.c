#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/hash.h"
#include "common/times.h"
#include "server/store/connection.h"
#include "server/store/pattern.h"

/* Statements kept ready on each connection; a power of two. */
#define STATEMENTS 256

struct cached_statement {
    uint64_t hash;
    char *sql;
    sqlite3_stmt *statement;
    bool in_use;
};

struct db_connection {
    sqlite3 *db;
    const struct store_config *config;
    bool writes;
    int log_pages;
    int64_t deadline; /* monotonic; 0: none */
    struct cached_statement statements[STATEMENTS];
};

/* Linux forgets what it could not write: the next fsync succeeds without it. So a checkpoint that
 * is tried again would pass for whole, and whether a commit is on the disk nobody knows. What the
 * next start finds in the log is what holds. */
static _Noreturn void end_unsynced(struct db_connection *connection, const char *doing)
{
    struct error error;

    error_set(
        &error, EIO,
        "the disk of the data directory failed (%s: an fsync was not done), and what is on it "
        "only a new start can tell: look after the disk, then start the server again",
        doing);
    connection->config->disk_failed(&error);
    abort();
}

static int failed(struct db_connection *connection, struct error *error, const char *doing)
{
    int code = sqlite3_extended_errcode(connection->db);

    if (code == SQLITE_IOERR_FSYNC)
        end_unsynced(connection, doing);
    switch (code & 0xff) {
    case SQLITE_INTERRUPT:
        return error_set(error, ETIMEDOUT, "the query took too long and was stopped");
    case SQLITE_BUSY:
        return error_set(error, EBUSY,
                         "another program has been writing into the database for too long; end it, "
                         "then try again");
    case SQLITE_FULL:
        return error_set(error, ENOSPC, "the disk of the data directory is full");
    case SQLITE_NOMEM:
        return error_set(error, ENOMEM, "no memory for %s", doing);
    case SQLITE_TOOBIG:
        return error_set(error, EFBIG, "a value is too large to be stored");
    default:
        return error_set(error, EIO, "%s: %s", doing, sqlite3_errmsg(connection->db));
    }
}

/* PostgreSQL's strpos(text, part): where the part begins, counted from 1; 0: nowhere. */
static void sql_strpos(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const char *text = (const char *)sqlite3_value_text(arguments[0]);
    const char *part = (const char *)sqlite3_value_text(arguments[1]);

    (void)count;
    if (!text || !part) {
        sqlite3_result_null(context);
        return;
    }
    const char *at = strstr(text, part);
    sqlite3_result_int64(context, at ? at - text + 1 : 0);
}

/* matches(text, pattern), as pattern.h has it. */
static void sql_matches(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const char *text = (const char *)sqlite3_value_text(arguments[0]);
    const char *pattern = (const char *)sqlite3_value_text(arguments[1]);

    (void)count;
    if (text && pattern)
        sqlite3_result_int(context, pattern_matches(pattern, text));
    else
        sqlite3_result_null(context);
}

static const struct {
    const char *name;
    void (*call)(sqlite3_context *context, int count, sqlite3_value **arguments);
} functions[] = {
    {"strpos", sql_strpos},
    {"matches", sql_matches},
};

/* Called by SQLite every so many steps of a query; not zero stops it. */
static int past_deadline(void *context)
{
    const struct db_connection *connection = context;

    return connection->deadline && time_monotonic() > connection->deadline;
}

/* Called by SQLite after each commit, instead of a checkpoint of its own. */
static int note_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    struct db_connection *connection = context;

    (void)db;
    (void)name;
    connection->log_pages = pages;
    return SQLITE_OK;
}

/* How long another program is waited for. */
static void wait_for_others(struct db_connection *connection)
{
    sqlite3_busy_timeout(connection->db, (int)(connection->config->time_limit * 1000 / SECOND));
}

/* SQLite answers with the mode that holds, and goes on with another where it cannot have this. */
static int use_log(struct db_connection *connection, struct error *error)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(connection->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL) !=
        SQLITE_OK)
        return failed(connection, error, "preparing the database");
    int code = sqlite3_step(statement);
    bool is_on =
        code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    if (code != SQLITE_ROW)
        failed(connection, error, "preparing the database");
    else if (!is_on)
        error_set(error, ENOTSUP,
                  "the database cannot have a log beside it (SQLite's WAL): the data directory has "
                  "to be on a local disk");
    sqlite3_finalize(statement);
    return is_on ? 0 : -1;
}

static int configure(struct db_connection *connection, struct error *error)
{
    sqlite3 *db = connection->db;

    sqlite3_extended_result_codes(db, 1);
    wait_for_others(connection);
    sqlite3_progress_handler(db, 20000, past_deadline, connection);
    sqlite3_wal_hook(db, note_commit, connection);
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        if (sqlite3_create_function(db, functions[i].name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                    NULL, functions[i].call, NULL, NULL) != SQLITE_OK)
            return failed(connection, error, "preparing the database");
    if (use_log(connection, error) < 0 ||
        db_script(connection,
                  "PRAGMA synchronous = FULL;"
                  "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                  "PRAGMA cache_size = -4000; PRAGMA journal_size_limit = 67108864;",
                  error) < 0)
        return -1;
    return connection->writes ? 0 : db_script(connection, "PRAGMA query_only = ON;", error);
}

/* Whoever else may enter the directory may not read the data. SQLite gives its other files the same
 * mode. Only before the process has a connection: closing the file here would give up the locks of
 * those (POSIX has it so), and then whoever else closes the database thinks that nobody is left,
 * and removes the log into which the server goes on writing. */
static int make_private(const char *path, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_errno(error, "opening %s", path);
    close(fd);
    return 0;
}

int db_open(const struct store_config *config, bool writes, struct db_connection **ret_connection,
            struct error *error)
{
    char path[4096];

    if (snprintf(path, sizeof(path), "%s/fermata.db", config->directory) >= (int)sizeof(path))
        return error_set(error, ENAMETOOLONG, "the path of the data directory is too long");
    struct db_connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return error_set(error, ENOMEM, "no memory for a database connection");
    connection->config = config;
    connection->writes = writes;
    if (writes && make_private(path, error) < 0) {
        free(connection);
        return -1;
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int r = sqlite3_open_v2(path, &connection->db, flags, NULL) == SQLITE_OK
                ? configure(connection, error)
                : failed(connection, error, "opening the database");
    if (r < 0) {
        error_prefix(error, "%s", path);
        db_close(connection);
        return -1;
    }
    *ret_connection = connection;
    return 0;
}

void db_close(struct db_connection *connection)
{
    if (!connection)
        return;
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(connection->statements[i].statement);
        free(connection->statements[i].sql);
    }
    sqlite3_close(connection->db);
    free(connection);
}

void db_set_deadline(struct db_connection *connection, int64_t deadline)
{
    connection->deadline = deadline;
}

bool db_in_transaction(const struct db_connection *connection)
{
    return !sqlite3_get_autocommit(connection->db);
}

int db_script(struct db_connection *connection, const char *sql, struct error *error)
{
    if (sqlite3_exec(connection->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return failed(connection, error, "a database script");
    return 0;
}

/* How many rows there are for each value of an index's first columns (sqlite.org/fileformat2.html,
 * 2.6.2). Without it, open requests of one run would be sought among all that are open. */
int db_plan(struct db_connection *connection, struct error *error)
{
    return db_script(connection,
                     "BEGIN; ANALYZE sqlite_master;"
                     "DELETE FROM sqlite_stat1 WHERE tbl = 'input_requests';"
                     "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES"
                     " ('input_requests', 'input_requests_inbox', '1000000 250000 2 1'),"
                     " ('input_requests', 'input_requests_deadline', '1000000 250000 2'),"
                     " ('input_requests', 'input_requests_run', '1000000 2 1'),"
                     " ('input_requests', 'input_requests_flow', '1000000 10000 5000 2 1'),"
                     " ('input_requests', 'input_requests_open', '500000 2 1'),"
                     " ('input_requests', 'input_requests_open_flow', '500000 5000 2 1'),"
                     " ('input_requests', 'input_requests_deployment', '1000000 10000 5000 2 1'),"
                     " ('input_requests', 'input_requests_open_deployment', '500000 5000 2 1');"
                     "COMMIT; ANALYZE sqlite_master;",
                     error);
}

/* ---- statements ---- */

static int prepare(struct db_connection *connection, const char *sql, unsigned flags,
                   sqlite3_stmt **ret_statement, struct error *error)
{
    if (sqlite3_prepare_v3(connection->db, sql, -1, flags, ret_statement, NULL) != SQLITE_OK) {
        int code = sqlite3_errcode(connection->db);
        if (code == SQLITE_ERROR)
            BUG("%s in: %s", sqlite3_errmsg(connection->db), sql);
        return failed(connection, error, "preparing a query");
    }
    return 0;
}

/* The slot of this SQL: where it is, or else where it may go (the first, evicting, of a few). */
static struct cached_statement *slot_of(struct db_connection *connection, uint64_t hash,
                                        const char *sql)
{
    struct cached_statement *free_slot = NULL;

    for (int i = 0; i < 8; i++) {
        struct cached_statement *slot = &connection->statements[(hash + (uint64_t)i) % STATEMENTS];
        if (slot->statement && slot->hash == hash && strcmp(slot->sql, sql) == 0)
            return slot;
        if (!slot->in_use && (!free_slot || (free_slot->statement && !slot->statement)))
            free_slot = slot;
    }
    return free_slot;
}

/* Fills rows->statement; one that is in use already, or that finds no slot, is made for once. */
static int get_statement(struct rows *rows, const char *sql, struct error *error)
{
    struct db_connection *connection = rows->txn->connection;
    sqlite3_stmt *statement = NULL;
    uint64_t hash = hash_text(sql);
    struct cached_statement *slot = slot_of(connection, hash, sql);

    if (slot && slot->statement && slot->hash == hash && strcmp(slot->sql, sql) == 0) {
        if (!slot->in_use) {
            slot->in_use = true;
            rows->statement = slot->statement;
            rows->slot = slot;
            return 0;
        }
        slot = NULL;
    }
    if (prepare(connection, sql, slot ? SQLITE_PREPARE_PERSISTENT : 0, &statement, error) < 0)
        return -1;
    char *copy = slot ? strdup(sql) : NULL;
    if (copy) {
        sqlite3_finalize(slot->statement);
        free(slot->sql);
        *slot = (struct cached_statement){
            .hash = hash, .sql = copy, .statement = statement, .in_use = true};
    }
    rows->statement = statement;
    rows->slot = copy ? slot : NULL;
    return 0;
}

void rows_close(struct rows *rows)
{
    struct cached_statement *slot = rows->slot;

    if (!rows->statement)
        return;
    if (slot) {
        sqlite3_reset(slot->statement);
        sqlite3_clear_bindings(slot->statement);
        slot->in_use = false;
    } else {
        sqlite3_finalize(rows->statement);
    }
    rows->statement = NULL;
}

static int bind(sqlite3_stmt *statement, int index, const struct value *value)
{
    switch (value->type) {
    case VALUE_INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case VALUE_REAL:
        return sqlite3_bind_double(statement, index, value->real);
    case VALUE_TEXT:
        /* Text belongs to the request, which outlives the statement's use. */
        return sqlite3_bind_text(statement, index, value->text, -1, SQLITE_STATIC);
    case VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, index);
}

int db_query_values(struct txn *txn, struct rows *rows, const char *sql, const struct value *values,
                    int count)
{
    rows_close(rows);
    *rows = (struct rows){.txn = txn};
    if (get_statement(rows, sql, &txn->job->error) < 0)
        return -1;
    if (sqlite3_bind_parameter_count(rows->statement) != count)
        BUG("%d values for: %s", count, sql);
    for (int i = 0; i < count; i++) {
        if (bind(rows->statement, i + 1, &values[i]) != SQLITE_OK) {
            failed(txn->connection, &txn->job->error, "binding a value");
            rows_close(rows); /* which forgets what was wrong */
            return -1;
        }
    }
    return 0;
}

int rows_next(struct rows *rows)
{
    switch (sqlite3_step(rows->statement)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        return failed(rows->txn->connection, &rows->txn->job->error, "running a query");
    }
}

int db_first_values(struct txn *txn, struct rows *rows, const char *sql, const struct value *values,
                    int count)
{
    if (db_query_values(txn, rows, sql, values, count) < 0)
        return -1;
    return rows_next(rows);
}

int db_run_values(struct txn *txn, const char *sql, const struct value *values, int count)
{
    rows_auto rows = {0};

    if (db_query_values(txn, &rows, sql, values, count) < 0 || rows_next(&rows) < 0)
        return -1;
    return sqlite3_changes(txn->connection->db);
}

bool rows_is_null(const struct rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

int64_t rows_integer(const struct rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

double rows_real(const struct rows *rows, int column)
{
    return sqlite3_column_double(rows->statement, column);
}

const char *rows_text(const struct rows *rows, int column)
{
    return (const char *)sqlite3_column_text(rows->statement, column);
}

/* ---- transactions ---- */

/* Runs one of the few fixed statements below through the cache. */
static int command(struct db_connection *connection, const char *sql, struct error *error)
{
    struct job job = {0};
    struct txn txn = {.connection = connection, .job = &job};

    if (db_run_values(&txn, sql, NULL, 0) < 0) {
        *error = job.error;
        return -1;
    }
    return 0;
}

int db_begin(struct db_connection *connection, struct error *error)
{
    return command(connection, connection->writes ? "BEGIN IMMEDIATE" : "BEGIN", error);
}

int db_commit(struct db_connection *connection, struct error *error)
{
    return command(connection, "COMMIT", error);
}

void db_rollback(struct db_connection *connection)
{
    struct error ignored;

    if (db_in_transaction(connection) && command(connection, "ROLLBACK", &ignored) < 0)
        sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
}

int db_savepoint(struct db_connection *connection, struct error *error)
{
    return command(connection, "SAVEPOINT job", error);
}

int db_release(struct db_connection *connection, bool keep, struct error *error)
{
    if (!keep && command(connection, "ROLLBACK TO job", error) < 0)
        return -1;
    return command(connection, "RELEASE job", error);
}

/* ---- the log ---- */

int db_log_pages(const struct db_connection *connection)
{
    return connection->log_pages;
}

int db_checkpoint(struct db_connection *connection, bool whole, struct db_checkpoint *ret_found,
                  struct error *error)
{
    int mode = whole ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int pages = 0, copied = 0;

    sqlite3_busy_timeout(connection->db, 0);
    int code = sqlite3_wal_checkpoint_v2(connection->db, NULL, mode, &pages, &copied);
    wait_for_others(connection);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        return failed(connection, error, "moving the database's log into the database");
    *ret_found = (struct db_checkpoint){.pages = pages > 0 ? pages : 0,
                                        .copied = copied > 0 ? copied : 0,
                                        .is_whole = code == SQLITE_OK && pages == copied};
    return 0;
}
