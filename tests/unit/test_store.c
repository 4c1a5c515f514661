#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/times.h"
#include "server/store/sql.h"

#define TIME_LIMIT (SECOND / 5)

/* ---- a store in a directory of its own ---- */

struct fixture {
    char directory[64];
    struct store *store;
    pthread_mutex_t lock;
    char published[4096];
};

static void note_topic(void *context, const char *topic)
{
    struct fixture *fixture = context;

    pthread_mutex_lock(&fixture->lock);
    strcat(strcat(fixture->published, topic), " ");
    pthread_mutex_unlock(&fixture->lock);
}

static int shortages;

static void count_shortage(void)
{
    shortages++;
}

static void open_store(struct fixture *fixture)
{
    struct error error;
    const struct store_config config = {.directory = fixture->directory,
                                        .readers = 2,
                                        .short_readers = 1,
                                        .time_limit = TIME_LIMIT,
                                        .publish = note_topic,
                                        .context = fixture,
                                        .out_of_memory = count_shortage};

    if (store_open(&config, &fixture->store, &error) < 0)
        fail_msg("%s", error.message);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    pthread_mutex_init(&fixture->lock, NULL);
    strcpy(fixture->directory, "/tmp/fermata-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    open_store(fixture);
    *state = fixture;
    return 0;
}

static void remove_directory(const char *directory)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -r '%s'", directory);
    assert_int_equal(system(command), 0);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    store_close(fixture->store);
    remove_directory(fixture->directory);
    free(fixture);
    return 0;
}

/* ---- jobs ---- */

static int put(struct txn *txn, const char *name, const char *value)
{
    return db_run(txn,
                  "INSERT INTO variables (id, created, updated, name, value, tags)"
                  " VALUES (?, 0, 0, ?, ?, '[]')",
                  V(name), V(name), V(value));
}

static enum job_result put_one(struct txn *txn, void *name)
{
    txn_publish(txn, "put:%s", (const char *)name);
    return put(txn, name, "1") < 0 ? JOB_FAILED : JOB_KEEP;
}

static enum job_result put_and_undo(struct txn *txn, void *name)
{
    txn_publish(txn, "undone:%s", (const char *)name);
    return put(txn, name, "1") < 0 ? JOB_FAILED : JOB_UNDO;
}

static enum job_result count_all(struct txn *txn, void *ret_count)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT COUNT(*) FROM variables") < 0)
        return JOB_FAILED;
    *(int64_t *)ret_count = rows_integer(&rows, 0);
    return JOB_UNDO;
}

static enum job_result run_short(struct txn *txn, void *context)
{
    (void)context;
    return arena_adopt(txn_arena(txn), NULL) ? JOB_FAILED : JOB_UNDO;
}

static int64_t count(struct fixture *fixture)
{
    int64_t found = -1;

    assert_int_equal(store_run(fixture->store, false, count_all, &found, NULL), 0);
    return found;
}

/* ---- tests ---- */

static void what_is_kept_is_there_after_opening_again(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(store_run(fixture->store, true, put_one, "a", NULL), 0);
    assert_int_equal(store_run(fixture->store, true, put_and_undo, "b", NULL), 0);
    store_close(fixture->store);
    open_store(fixture);
    assert_int_equal(count(fixture), 1);
}

static void topics_are_told_of_what_was_committed_only(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(store_run(fixture->store, true, put_one, "a", NULL), 0);
    assert_int_equal(store_run(fixture->store, true, put_and_undo, "b", NULL), 0);
    assert_int_equal(store_run(fixture->store, true, put_one, "a", NULL), -1);
    assert_string_equal(fixture->published, "put:a ");
}

static void a_failure_says_why(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    assert_int_equal(store_run(fixture->store, true, put_one, "a", NULL), 0);
    assert_int_equal(store_run(fixture->store, true, put_one, "a", &error), -1);
    assert_int_equal(error.code, EIO);
    assert_non_null(strstr(error.message, "UNIQUE"));
}

/* Jobs that are submitted together share a commit; one that fails takes nobody with it. */
struct crowd_job {
    struct job job;
    char name[16];
    int *ended;
    pthread_mutex_t *lock;
    pthread_cond_t *changed;
};

static enum job_result run_crowd(struct txn *txn, struct job *job)
{
    struct crowd_job *crowd = list_item(job, struct crowd_job, job);

    if (put(txn, crowd->name, "1") < 0)
        return JOB_FAILED;
    return strchr(crowd->name, 'u') ? JOB_UNDO : JOB_KEEP;
}

static void end_crowd(struct job *job, enum job_result result, const struct error *error)
{
    struct crowd_job *crowd = list_item(job, struct crowd_job, job);

    (void)error;
    pthread_mutex_lock(crowd->lock);
    crowd->ended[result + 1]++;
    pthread_cond_signal(crowd->changed);
    pthread_mutex_unlock(crowd->lock);
}

static void many_writes_share_commits_and_stay_apart(void **state)
{
    enum { MANY = 900 };
    struct fixture *fixture = *state;
    struct crowd_job *jobs = calloc(MANY, sizeof(*jobs));
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    int ended[3] = {0};
    struct store_stats stats;

    for (int i = 0; i < MANY; i++) {
        jobs[i] = (struct crowd_job){.job = {.writes = true, .run = run_crowd, .done = end_crowd},
                                     .ended = ended,
                                     .lock = &lock,
                                     .changed = &changed};
        /* A third is kept, a third undone, a third has a name that is taken. */
        snprintf(jobs[i].name, sizeof(jobs[i].name),
                 i % 3 == 0   ? "k%d"
                 : i % 3 == 1 ? "u%d"
                              : "same",
                 i);
        store_submit(fixture->store, &jobs[i].job);
    }
    pthread_mutex_lock(&lock);
    while (ended[0] + ended[1] + ended[2] < MANY)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    assert_int_equal(ended[JOB_KEEP + 1], MANY / 3 + 1);
    assert_int_equal(ended[JOB_UNDO + 1], MANY / 3);
    assert_int_equal(ended[JOB_FAILED + 1], MANY / 3 - 1);
    assert_int_equal(count(fixture), MANY / 3 + 1);
    store_stats(fixture->store, &stats);
    assert_int_equal(stats.writes, MANY);
    assert_true(stats.commits < MANY);
    free(jobs);
}

/* Another program has the database to itself: all that is waiting is told so together. */
static void nobody_waits_in_turn_for_another_program(void **state)
{
    enum { MANY = 50 };
    struct fixture *fixture = *state;
    struct crowd_job *jobs = calloc(MANY, sizeof(*jobs));
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    int ended[3] = {0};
    char path[128];
    sqlite3 *other;

    snprintf(path, sizeof(path), "%s/fermata.db", fixture->directory);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    int64_t begun = time_monotonic();
    for (int i = 0; i < MANY; i++) {
        jobs[i] = (struct crowd_job){.job = {.writes = true, .run = run_crowd, .done = end_crowd},
                                     .ended = ended,
                                     .lock = &lock,
                                     .changed = &changed};
        snprintf(jobs[i].name, sizeof(jobs[i].name), "k%d", i);
        store_submit(fixture->store, &jobs[i].job);
    }
    pthread_mutex_lock(&lock);
    while (ended[JOB_FAILED + 1] < MANY)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    assert_in_range(time_monotonic() - begun, 0, 10 * TIME_LIMIT);
    sqlite3_close(other);
    struct error error = {0};
    assert_int_equal(store_run(fixture->store, true, put_one, "after", &error), 0);
    free(jobs);
}

static enum job_result limit_pages(struct txn *txn, void *context)
{
    rows_auto rows = {0};

    (void)context;
    return db_first(txn, &rows, "PRAGMA max_page_count = 120") < 0 ? JOB_FAILED : JOB_KEEP;
}

static enum job_result put_much(struct txn *txn, void *name)
{
    char *value = calloc(1, 2000001);

    memset(value, 'x', 2000000);
    int r = put(txn, name, value);
    free(value);
    return r < 0 ? JOB_FAILED : JOB_KEEP;
}

static void a_full_disk_fails_one_write_and_not_the_next(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    assert_int_equal(store_run(fixture->store, true, limit_pages, NULL, NULL), 0);
    assert_int_equal(store_run(fixture->store, true, put_much, "much", &error), -1);
    assert_int_equal(error.code, ENOSPC);
    assert_int_equal(store_run(fixture->store, true, put_one, "small", NULL), 0);
    assert_int_equal(count(fixture), 1);
}

static enum job_result count_for_ever(struct txn *txn, void *context)
{
    rows_auto rows = {0};

    (void)context;
    if (db_first(txn, &rows,
                 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                 " SELECT COUNT(*) FROM n") < 0)
        return JOB_FAILED;
    return JOB_UNDO;
}

static void a_read_that_takes_too_long_is_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    assert_int_equal(store_run(fixture->store, false, count_for_ever, NULL, &error), -1);
    assert_int_equal(error.code, ETIMEDOUT);
    assert_int_equal(count(fixture), 0);
}

/* The database ends the whole transaction then. */
static enum job_result put_for_ever(struct txn *txn, void *context)
{
    (void)context;
    return db_run(txn, "INSERT INTO variables (id, created, updated, name, value, tags)"
                       " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                       " SELECT i, 0, 0, i, '', '[]' FROM n") < 0
               ? JOB_FAILED
               : JOB_KEEP;
}

static void a_write_that_takes_too_long_is_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    assert_int_equal(store_run(fixture->store, true, count_for_ever, NULL, &error), -1);
    assert_int_equal(error.code, ETIMEDOUT);
    error.code = 0;
    assert_int_equal(store_run(fixture->store, true, put_for_ever, NULL, &error), -1);
    assert_int_equal(error.code, ETIMEDOUT);
    assert_int_equal(store_run(fixture->store, true, put_one, "a", NULL), 0);
    assert_int_equal(count(fixture), 1);
}

static void one_server_has_a_directory(void **state)
{
    struct fixture *fixture = *state;
    struct store *second;
    struct error error;
    const struct store_config config = {
        .directory = fixture->directory, .readers = 1, .short_readers = 1, .publish = note_topic};

    assert_int_equal(store_open(&config, &second, &error), -1);
    assert_int_equal(error.code, EBUSY);
    assert_non_null(strstr(error.message, fixture->directory));
}

/* SQLite goes on without its log there, and without saying so. */
static void a_file_system_without_shared_memory_is_refused(void **state)
{
    struct store *store;
    struct error error;
    char directory[] = "/tmp/fermata-store-XXXXXX";
    const struct store_config config = {
        .directory = mkdtemp(directory), .readers = 1, .short_readers = 1, .publish = note_topic};

    (void)state;
    sqlite3_vfs_register(sqlite3_vfs_find("unix-none"), 1);
    int r = store_open(&config, &store, &error);
    sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1);
    assert_int_equal(r, -1);
    assert_non_null(strstr(error.message, "local disk"));
    remove_directory(directory);
}

static enum job_result claim_future(struct txn *txn, void *context)
{
    (void)context;
    return db_run(txn, "INSERT INTO migrations (number, name, applied) VALUES (9999, 'x', 0)") < 0
               ? JOB_FAILED
               : JOB_KEEP;
}

static void a_newer_database_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    struct store *again;
    struct error error;
    const struct store_config config = {
        .directory = fixture->directory, .readers = 1, .short_readers = 1, .publish = note_topic};

    assert_int_equal(store_run(fixture->store, true, claim_future, NULL, NULL), 0);
    store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(store_open(&config, &again, &error), -1);
    assert_non_null(strstr(error.message, "newer"));
}

static void a_backup_is_a_whole_database(void **state)
{
    struct fixture *fixture = *state;
    struct fixture copy = {.lock = PTHREAD_MUTEX_INITIALIZER};
    char file[128];
    struct error error;

    strcpy(copy.directory, "/tmp/fermata-copy-XXXXXX");
    assert_non_null(mkdtemp(copy.directory));
    snprintf(file, sizeof(file), "%s/fermata.db", copy.directory);
    assert_int_equal(store_run(fixture->store, true, put_one, "a", NULL), 0);
    assert_int_equal(store_backup(fixture->directory, file, &error), 0);
    assert_int_equal(store_run(fixture->store, true, put_one, "later", NULL), 0);
    assert_int_equal(store_backup(fixture->directory, file, &error), -1);
    assert_int_equal(error.code, EEXIST);
    assert_int_equal(store_backup("/tmp/there-is-none", "/tmp/there-is-none-either", &error), -1);
    open_store(&copy);
    assert_int_equal(count(&copy), 1);
    store_close(copy.store);
    remove_directory(copy.directory);
}

static void *back_up(void *context)
{
    struct fixture *fixture = context;
    char file[128];
    struct error error;

    snprintf(file, sizeof(file), "%s/backup", fixture->directory);
    return store_backup(fixture->directory, file, &error) == 0 ? context : NULL;
}

/* Neither takes the other's half for its own. */
static void of_backups_to_one_file_one_is_made(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[4];
    int made = 0;
    char command[128];

    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, back_up, fixture), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *succeeded;
        pthread_join(threads[i], &succeeded);
        made += succeeded != NULL;
    }
    assert_int_equal(made, 1);
    snprintf(command, sizeof(command), "test -z \"$(ls %s | grep partial)\"", fixture->directory);
    assert_int_equal(system(command), 0);
}

static enum job_result nested_queries(struct txn *txn, void *context)
{
    const char *sql = "SELECT name FROM variables WHERE name >= ? ORDER BY name";
    rows_auto outer = {0};
    int pairs = 0;

    (void)context;
    if (put(txn, "a", "1") < 0 || put(txn, "b", "2") < 0)
        return JOB_FAILED;
    if (db_query(txn, &outer, sql, V("")) < 0)
        return JOB_FAILED;
    while (rows_next(&outer) > 0) {
        rows_auto inner = {0};
        if (db_query(txn, &inner, sql, V(rows_text(&outer, 0))) < 0)
            return JOB_FAILED;
        while (rows_next(&inner) > 0)
            pairs++;
    }
    assert_int_equal(pairs, 3);
    return JOB_KEEP;
}

static void a_query_can_run_inside_itself(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(store_run(fixture->store, true, nested_queries, NULL, NULL), 0);
}

static void sql_is_put_together_with_its_values(void **state)
{
    sql_auto sql = {0};
    const struct value values[] = {V(1), V("two"), V(3.0)};

    (void)state;
    sql_add(&sql, "x IN (");
    sql_add_list(&sql, values, 3);
    sql_addf(&sql, ") AND %s = ?", "y");
    sql_bind(&sql, V((const char *)NULL));
    assert_string_equal(buf_string(&sql.text), "x IN (?, ?, ?) AND y = ?");
    assert_int_equal(sql.count, 4);
    assert_int_equal(sql.values[3].type, VALUE_NULL);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

struct snapshots {
    struct job job;
    struct fixture *fixture;
    int64_t prepared, ran;
    atomic_bool ended;
};

/* Somebody else commits after the first look. */
static enum job_result look_and_write(struct txn *txn, struct job *job)
{
    struct snapshots *snapshots = list_item(job, struct snapshots, job);

    if (count_all(txn, &snapshots->prepared) == JOB_FAILED)
        return JOB_FAILED;
    return store_run(snapshots->fixture->store, true, put_one, "later", txn_error(txn)) < 0
               ? JOB_FAILED
               : JOB_KEEP;
}

static enum job_result look_again(struct txn *txn, struct job *job)
{
    return count_all(txn, &list_item(job, struct snapshots, job)->ran);
}

static void note_end(struct job *job, enum job_result result, const struct error *error)
{
    (void)result;
    (void)error;
    list_item(job, struct snapshots, job)->ended = true;
}

/* It may subscribe to topics first, and must then see all that was published before. */
static void what_is_prepared_runs_on_a_newer_snapshot(void **state)
{
    struct fixture *fixture = *state;
    struct snapshots snapshots = {
        .job = {.prepare = look_and_write, .run = look_again, .done = note_end},
        .fixture = fixture,
    };

    store_submit(fixture->store, &snapshots.job);
    while (!snapshots.ended)
        usleep(1000);
    assert_int_equal(snapshots.prepared, 0);
    assert_int_equal(snapshots.ran, 1);
}

static enum job_result fail_silently(struct txn *txn, void *context)
{
    (void)txn;
    (void)context;
    return JOB_FAILED;
}

static void a_failure_without_a_reason_is_one(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    assert_int_equal(store_run(fixture->store, true, fail_silently, NULL, &error), -1);
    assert_int_not_equal(error.code, 0);
}

struct plan {
    const char *sql;
    const char *index; /* or the whole step: with the sort column in it, nothing is left to sort */
};

static enum job_result explain(struct txn *txn, void *context)
{
    const struct plan *plan = context;
    rows_auto rows = {0};
    bool found = false;
    const char *sql = arena_printf(txn_arena(txn), "EXPLAIN QUERY PLAN %s", plan->sql);

    if (db_query_values(txn, &rows, sql, NULL, 0) < 0)
        return JOB_FAILED;
    while (rows_next(&rows) > 0)
        found = found || strstr(rows_text(&rows, 3), plan->index);
    return found ? JOB_UNDO : txn_fail(txn, EINVAL, "%s: not by %s", plan->sql, plan->index);
}

/* With a million runs that wait, nothing may walk through them all. */
static void frequent_queries_use_their_indexes(void **state)
{
    static const struct plan plans[] = {
        {"SELECT id FROM input_requests WHERE state = 'open'"
         " ORDER BY COALESCE(deadline, 9223372036854775807), seq LIMIT 200",
         "input_requests_inbox"},
        {"SELECT id FROM input_requests WHERE state IN ('open', 'checking')"
         " ORDER BY COALESCE(deadline, 9223372036854775807), seq LIMIT 200",
         "input_requests_open"},
        {"SELECT id FROM input_requests WHERE flow_id = 'x' AND state IN ('open', 'checking')"
         " ORDER BY COALESCE(deadline, 9223372036854775807), seq LIMIT 200",
         "input_requests_open_flow"},
        {"SELECT id FROM input_requests WHERE flow_id IN ('x') AND state IN ('open')"
         " ORDER BY COALESCE(deadline, 9223372036854775807), seq LIMIT 200",
         "input_requests_flow"},
        {"SELECT id FROM input_requests WHERE flow_run_id IN ('x') AND state IN ('open')"
         " ORDER BY COALESCE(deadline, 9223372036854775807), seq LIMIT 200",
         "input_requests_run"},
        {"SELECT id FROM input_requests WHERE flow_run_id = 'x' AND state = 'open'"
         " AND keyset IS NOT NULL",
         "input_requests_run"},
        {"SELECT * FROM flow_run_inputs r WHERE r.flow_run_id = 'x' AND r.seq > 7 ORDER BY r.seq",
         "SEARCH r USING INDEX flow_run_inputs_arrival (flow_run_id=? AND seq>?)"},
        {"SELECT deadline FROM input_requests WHERE state = 'open'"
         " AND COALESCE(deadline, 9223372036854775807) <= 7"
         " ORDER BY COALESCE(deadline, 9223372036854775807) LIMIT 1",
         "input_requests_inbox"},
        {"SELECT id FROM flow_runs WHERE state_type IN ('PAUSED') AND state_name IN ('Suspended')"
         " ORDER BY id DESC LIMIT 200",
         "flow_runs_state_name"},
        {"SELECT id FROM flow_runs ORDER BY COALESCE(start_time, expected_start_time) DESC"
         " LIMIT 200",
         "flow_runs_began"},
    };
    struct fixture *fixture = *state;
    struct error error;

    for (size_t i = 0; i < COUNT_OF(plans); i++)
        if (store_run(fixture->store, false, explain, (void *)&plans[i], &error) < 0)
            fail_msg("%s", error.message);
}

static void every_job_says_that_memory_has_run_out(void **state)
{
    struct fixture *fixture = *state;
    struct error error;

    shortages = 0;
    for (int writes = 0; writes < 2; writes++)
        assert_int_equal(store_run(fixture->store, writes, run_short, NULL, &error), 0);
    assert_int_equal(shortages, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_is_kept_is_there_after_opening_again),
        WITH_STORE(topics_are_told_of_what_was_committed_only),
        WITH_STORE(a_failure_says_why),
        WITH_STORE(many_writes_share_commits_and_stay_apart),
        WITH_STORE(nobody_waits_in_turn_for_another_program),
        WITH_STORE(a_full_disk_fails_one_write_and_not_the_next),
        WITH_STORE(a_read_that_takes_too_long_is_stopped),
        WITH_STORE(a_write_that_takes_too_long_is_stopped),
        WITH_STORE(one_server_has_a_directory),
        cmocka_unit_test(a_file_system_without_shared_memory_is_refused),
        WITH_STORE(a_newer_database_is_left_alone),
        WITH_STORE(a_backup_is_a_whole_database),
        WITH_STORE(of_backups_to_one_file_one_is_made),
        WITH_STORE(a_query_can_run_inside_itself),
        WITH_STORE(what_is_prepared_runs_on_a_newer_snapshot),
        WITH_STORE(a_failure_without_a_reason_is_one),
        WITH_STORE(frequent_queries_use_their_indexes),
        WITH_STORE(every_job_says_that_memory_has_run_out),
        cmocka_unit_test(sql_is_put_together_with_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
