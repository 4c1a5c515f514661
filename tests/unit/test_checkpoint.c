/* The database's log: how it stays bounded, and what becomes of what is in it. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/times.h"
#include "server/store/store.h"

#define MEGABYTE   1000000
#define ROW        (MEGABYTE / 5)
#define TIME_LIMIT (SECOND / 2)

struct fixture {
    char directory[64];
    struct store *store;
    atomic_int failures, recoveries; /* of checkpoints */
    atomic_bool stop;
    int written; /* rows */
};

static void forget_topic(void *context, const char *topic)
{
    (void)context;
    (void)topic;
}

static void note_report(void *context, const struct error *error)
{
    struct fixture *fixture = context;

    if (error)
        assert_true(*error->message);
    atomic_fetch_add(error ? &fixture->failures : &fixture->recoveries, 1);
}

static void open_store(struct fixture *fixture)
{
    struct error error;
    const struct store_config config = {.directory = fixture->directory,
                                        .readers = 2,
                                        .short_readers = 1,
                                        .time_limit = TIME_LIMIT,
                                        .publish = forget_topic,
                                        .report = note_report,
                                        .context = fixture};

    if (store_open(&config, &fixture->store, &error) < 0)
        fail_msg("%s", error.message);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    strcpy(fixture->directory, "/tmp/fermata-checkpoint-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    open_store(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[128];

    store_close(fixture->store);
    snprintf(command, sizeof(command), "rm -r '%s'", fixture->directory);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

static int64_t file_size(const struct fixture *fixture, const char *name)
{
    char path[128];
    struct stat about;

    snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
    assert_int_equal(stat(path, &about), 0);
    return about.st_size;
}

static int64_t log_size(const struct fixture *fixture)
{
    return file_size(fixture, "fermata.db-wal");
}

/* ---- jobs ---- */

static enum job_result put(struct txn *txn, void *context)
{
    struct fixture *fixture = context;
    char name[16];
    char *value = arena_alloc(txn_arena(txn), ROW + 1);

    memset(value, 'x', ROW);
    value[ROW] = '\0';
    snprintf(name, sizeof(name), "%d", fixture->written++);
    return db_run(txn,
                  "INSERT INTO variables (id, created, updated, name, value, tags)"
                  " VALUES (?, 0, 0, ?, ?, '[]')",
                  V(name), V(name), V(value)) < 0
               ? JOB_FAILED
               : JOB_KEEP;
}

/* A commit for each row; the largest size that the log had. */
static int64_t write_rows(struct fixture *fixture, int64_t bytes)
{
    int64_t largest = 0;
    struct error error;

    for (; bytes > 0; bytes -= ROW) {
        if (store_run(fixture->store, true, put, fixture, &error) < 0)
            fail_msg("%s", error.message);
        largest = log_size(fixture) > largest ? log_size(fixture) : largest;
    }
    return largest;
}

static enum job_result count_rows(struct txn *txn, void *ret_count)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT COUNT(*) FROM variables") < 0)
        return JOB_FAILED;
    *(int64_t *)ret_count = rows_integer(&rows, 0);
    return JOB_UNDO;
}

static enum job_result hold_snapshot(struct txn *txn, void *context)
{
    int64_t rows;

    (void)context;
    enum job_result result = count_rows(txn, &rows);
    usleep((useconds_t)TIME_LIMIT / 4);
    return result;
}

static int64_t count(struct fixture *fixture)
{
    int64_t rows = -1;

    assert_int_equal(store_run(fixture->store, false, count_rows, &rows, NULL), 0);
    return rows;
}

static void *hold_snapshots(void *context)
{
    struct fixture *fixture = context;

    while (!fixture->stop)
        assert_int_equal(store_run(fixture->store, false, hold_snapshot, NULL, NULL), 0);
    return NULL;
}

/* ---- tests ---- */

static void the_log_begins_anew_while_others_write_and_read(void **state)
{
    struct fixture *fixture = *state;
    pthread_t readers[3];

    /* At any time a snapshot is open: one reader begins in the midst of another's. */
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        assert_int_equal(pthread_create(&readers[i], NULL, hold_snapshots, fixture), 0);
    int64_t largest = write_rows(fixture, 100 * MEGABYTE);
    fixture->stop = true;
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        pthread_join(readers[i], NULL);
    assert_in_range(largest, 1, 40 * MEGABYTE);
    assert_int_equal(count(fixture), fixture->written);
}

/* Nobody waits for what may take long: a backup reads for as long as it likes. */
static void a_reader_of_another_process_holds_up_nobody(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    sqlite3 *other;

    snprintf(path, sizeof(path), "%s/fermata.db", fixture->directory);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT * FROM variables", NULL, NULL, NULL),
                     SQLITE_OK);
    int64_t begun = time_monotonic();
    int64_t held = write_rows(fixture, 60 * MEGABYTE);
    assert_in_range(time_monotonic() - begun, 0, 30 * SECOND);
    assert_true(held > 55 * MEGABYTE);
    sqlite3_close(other);
    assert_in_range(write_rows(fixture, 60 * MEGABYTE), 1, held + 40 * MEGABYTE);
    assert_int_equal(count(fixture), fixture->written);
    assert_int_equal(fixture->failures, 0);
}

static void limit_files(rlim_t size)
{
    const struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void wait_for(const atomic_int *count)
{
    for (int i = 0; *count == 0; i++) {
        assert_in_range(i, 0, 3000);
        usleep(10000);
    }
}

/* The database may not grow any more, while its log may. */
static void a_checkpoint_that_fails_is_reported_and_made_later(void **state)
{
    struct fixture *fixture = *state;

    signal(SIGXFSZ, SIG_IGN);
    write_rows(fixture, 10 * MEGABYTE);
    store_close(fixture->store);
    open_store(fixture);
    int64_t before = file_size(fixture, "fermata.db");
    limit_files((rlim_t)before + 100000);
    write_rows(fixture, 5 * MEGABYTE);
    wait_for(&fixture->failures);
    write_rows(fixture, MEGABYTE);
    assert_int_equal(count(fixture), fixture->written);
    assert_int_equal(fixture->recoveries, 0);
    limit_files(RLIM_INFINITY);
    wait_for(&fixture->recoveries);
    assert_int_equal(fixture->failures, 1);
    assert_true(file_size(fixture, "fermata.db") > before + 3 * MEGABYTE);
    store_close(fixture->store);
    open_store(fixture);
    assert_int_equal(count(fixture), fixture->written);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(the_log_begins_anew_while_others_write_and_read),
        WITH_STORE(a_reader_of_another_process_holds_up_nobody),
        WITH_STORE(a_checkpoint_that_fails_is_reported_and_made_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
