/*
 * When the log is whole (all of it is in the database) the next commit may begin it anew, and until
 * one has, no other checkpoint may begin beside the writer.
 *
 * The linker puts the functions below in the place of the store's and of the C library's
 * (meson.build: --wrap): what a checkpoint finds is said here, and the thread of the passes goes on
 * only when it is let.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/times.h"
#include "server/store/checkpoint.h"

static int log_pages;
static atomic_int passes, restarts;
static atomic_bool thread_is_held;

int __wrap_db_open(const struct store_config *config, bool writes,
                   struct db_connection **ret_connection, struct error *error);
void __wrap_db_close(struct db_connection *connection);
int __wrap_db_log_pages(const struct db_connection *connection);
int __wrap_db_checkpoint(struct db_connection *connection, bool whole,
                         struct db_checkpoint *ret_found, struct error *error);
int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock);

int __wrap_db_open(const struct store_config *config, bool writes,
                   struct db_connection **ret_connection, struct error *error)
{
    (void)config;
    (void)writes;
    (void)error;
    *ret_connection = NULL;
    return 0;
}

void __wrap_db_close(struct db_connection *connection)
{
    (void)connection;
}

int __wrap_db_log_pages(const struct db_connection *connection)
{
    (void)connection;
    return log_pages;
}

/* Nothing is in the way of any: each finds the log whole. */
int __wrap_db_checkpoint(struct db_connection *connection, bool whole,
                         struct db_checkpoint *ret_found, struct error *error)
{
    (void)connection;
    (void)error;
    *ret_found = (struct db_checkpoint){.pages = log_pages, .copied = log_pages, .is_whole = whole};
    atomic_fetch_add(whole ? &restarts : &passes, 1);
    return 0;
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
    int r = __real_pthread_cond_wait(condition, lock);

    pthread_mutex_unlock(lock);
    while (thread_is_held)
        usleep(1000);
    pthread_mutex_lock(lock);
    return r;
}

static void report(void *context, const struct error *error)
{
    (void)context;
    (void)error;
}

static int set_up(void **state)
{
    static const struct store_config config = {.report = report, .time_limit = SECOND};
    static struct snapshots snapshots;
    struct error error;

    snapshots_init(&snapshots);
    passes = restarts = 0;
    thread_is_held = false;
    return checkpoints_start(&config, &snapshots, (struct checkpoints **)state, &error);
}

static int tear_down(void **state)
{
    checkpoints_stop(*state);
    return 0;
}

/* A commit after which the log has so many pages. */
static void commit(struct checkpoints *checkpoints, int pages)
{
    log_pages = pages;
    checkpoints_after_commit(checkpoints, NULL);
}

static void assert_passes(int expected)
{
    for (int i = 0; passes < expected && i < 5000; i++)
        usleep(1000);
    usleep(50000); /* for one more than that */
    assert_int_equal(passes, expected);
}

/* A pass is wanted; before its thread runs, the writer meets the ceiling and moves all itself. */
static void a_pass_that_was_wanted_does_not_follow_a_whole_one(void **state)
{
    usleep(50000); /* until the thread waits */
    thread_is_held = true;
    commit(*state, 600);
    commit(*state, 8000);
    assert_int_equal(restarts, 1);
    thread_is_held = false;
    assert_passes(0);
    commit(*state, 3);
    assert_passes(0);
    commit(*state, 600);
    assert_passes(1);
}

/* It wrote nothing: the next one is still the one that may begin the log anew. */
static void a_commit_that_leaves_the_log_as_it_was_does_not_count(void **state)
{
    commit(*state, 5000);
    assert_passes(1);
    commit(*state, 5000);
    assert_passes(1);
    assert_int_equal(restarts, 0);
    commit(*state, 5001);
    assert_int_equal(restarts, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pass_that_was_wanted_does_not_follow_a_whole_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_commit_that_leaves_the_log_as_it_was_does_not_count,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
