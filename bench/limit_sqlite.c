/*
 * What SQLite allows: inserts inputs of a flow run, as the server does, into a database that a
 * server has made, in commits of so many rows, and with nothing around it. Prints what
 * latencies_print prints, of each commit.
 *
 *   limit_sqlite database=FILE run=ID [rows=64] [seconds=5]
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/latencies.h"
#include "bench/options.h"

static const char *const statements[] = {
    "BEGIN IMMEDIATE",
    ("INSERT INTO flow_run_inputs (id, created, updated, flow_run_id, key, value)"
     " VALUES (?, ?, ?, ?, ?, ?)"),
    "COMMIT",
};

enum { BEGIN, INSERT, COMMIT, STATEMENTS };

struct writer {
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENTS];
    const char *run;
    unsigned long long next;
};

static void check(const struct writer *writer, int code, int expected)
{
    if (code == expected)
        return;
    fprintf(stderr, "limit_sqlite: %s\n", sqlite3_errmsg(writer->db));
    exit(1);
}

static void step(struct writer *writer, int statement)
{
    check(writer, sqlite3_step(writer->prepared[statement]), SQLITE_DONE);
    check(writer, sqlite3_reset(writer->prepared[statement]), SQLITE_OK);
}

static void insert(struct writer *writer)
{
    char id[40], key[40];
    sqlite3_stmt *statement = writer->prepared[INSERT];
    int64_t now = latency_clock() / 1000;

    snprintf(id, sizeof(id), "%08llx-0000-7000-8000-000000000000", writer->next);
    snprintf(key, sizeof(key), "key-%010llu", writer->next++);
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, now);
    sqlite3_bind_int64(statement, 3, now);
    sqlite3_bind_text(statement, 4, writer->run, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 5, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 6, "{\"value\": \"hello\"}", -1, SQLITE_STATIC);
    step(writer, INSERT);
}

static void open_database(struct writer *writer, const char *path)
{
    check(writer, sqlite3_open_v2(path, &writer->db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    /* As server/store/sqlite.c does. */
    check(writer,
          sqlite3_exec(writer->db,
                       "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                       "PRAGMA foreign_keys = ON; PRAGMA cache_size = -4000;",
                       NULL, NULL, NULL),
          SQLITE_OK);
    for (int i = 0; i < STATEMENTS; i++)
        check(writer, sqlite3_prepare_v2(writer->db, statements[i], -1, &writer->prepared[i], NULL),
              SQLITE_OK);
}

int main(int argc, char **argv)
{
    static struct latencies latencies;
    struct writer writer = {.run = option_text(argc, argv, "run", NULL)};
    long long rows = option_number(argc, argv, "rows", "64");
    int64_t length = option_number(argc, argv, "seconds", "5") * 1000000000;

    open_database(&writer, option_text(argc, argv, "database", NULL));
    int64_t begun = latency_clock(), before = begun, now = begun;
    while (now - begun < length) {
        step(&writer, BEGIN);
        for (long long i = 0; i < rows; i++)
            insert(&writer);
        step(&writer, COMMIT);
        now = latency_clock();
        latencies_add(&latencies, now - before);
        before = now;
    }
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(writer.prepared[i]);
    sqlite3_close(writer.db);
    latencies_print(&latencies, stdout, 0, now - begun);
    return 0;
}
