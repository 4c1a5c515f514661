/* Who writes, and who waits for whom in the store. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/times.h"
#include "server/store/queue.h"
#include "server/store/snapshots.h"

#define SHORT (SECOND / 50)

/* ---- the turn ---- */

static void put(struct queue *queue, struct job *job)
{
    struct list alone;

    list_init(&alone);
    list_append(&alone, &job->node);
    queue_put(queue, &alone);
}

static void one_has_the_turn_and_only_while_nobody_waits(void **state)
{
    struct queue queue = {0};
    struct job job = {0};
    struct list taken;

    (void)state;
    queue_init(&queue);
    list_init(&taken);
    assert_true(queue_try_turn(&queue));
    assert_false(queue_try_turn(&queue));
    queue_end_turn(&queue);
    put(&queue, &job);
    assert_false(queue_try_turn(&queue)); /* who waits comes first */
    queue_begin_turn(&queue, &taken, 10);
    assert_ptr_equal(taken.next, &job.node);
    assert_true(queue_is_empty(&queue));
    assert_false(queue_try_turn(&queue));
    queue_end_turn(&queue);
    queue_close(&queue);
    assert_null(queue_take(&queue));
}

struct taker {
    struct queue queue;
    atomic_int took;
};

static void *take_turns(void *context)
{
    struct taker *taker = context;

    for (;;) {
        struct list jobs;
        list_init(&jobs);
        queue_begin_turn(&taker->queue, &jobs, 10);
        if (list_is_empty(&jobs))
            return NULL;
        list_for_each(node, &jobs)
            taker->took++;
        queue_end_turn(&taker->queue);
    }
}

static void the_end_of_a_turn_wakes_the_next(void **state)
{
    struct taker taker = {0};
    struct job job = {0};
    pthread_t thread;

    (void)state;
    queue_init(&taker.queue);
    assert_true(queue_try_turn(&taker.queue));
    assert_int_equal(pthread_create(&thread, NULL, take_turns, &taker), 0);
    put(&taker.queue, &job);
    usleep(SHORT);
    assert_int_equal(taker.took, 0);
    queue_end_turn(&taker.queue);
    while (!taker.took)
        usleep(1000);
    queue_close(&taker.queue);
    pthread_join(thread, NULL);
}

/* ---- who writes ---- */

struct write {
    struct job job;
    pthread_t prepared, written;
    atomic_bool ended;
};

static enum job_result note_preparer(struct txn *txn, struct job *job)
{
    (void)txn;
    list_item(job, struct write, job)->prepared = pthread_self();
    return JOB_KEEP;
}

static enum job_result note_writer(struct txn *txn, struct job *job)
{
    (void)txn;
    list_item(job, struct write, job)->written = pthread_self();
    return JOB_KEEP;
}

static void note_end(struct job *job, enum job_result result, const struct error *error)
{
    (void)error;
    assert_int_equal(result, JOB_KEEP);
    list_item(job, struct write, job)->ended = true;
}

static void who_is_alone_waits_for_no_other_thread(void **state)
{
    char directory[] = "/tmp/fermata-turns-XXXXXX";
    char command[64];
    const struct store_config config = {
        .directory = mkdtemp(directory), .readers = 3, .short_readers = 2};
    struct write write = {
        .job = {.writes = true, .prepare = note_preparer, .run = note_writer, .done = note_end}};
    struct store *store;
    struct error error;

    (void)state;
    if (store_open(&config, &store, &error) < 0)
        fail_msg("%s", error.message);
    store_submit(store, &write.job);
    while (!write.ended)
        usleep(1000);
    assert_true(pthread_equal(write.prepared, write.written));
    store_close(store);
    snprintf(command, sizeof(command), "rm -r '%s'", directory);
    assert_int_equal(system(command), 0);
}

struct read {
    struct job job;
    atomic_bool *may_end;
    atomic_bool begun, ended;
};

static enum job_result read_long(struct txn *txn, struct job *job)
{
    struct read *read = list_item(job, struct read, job);

    (void)txn;
    for (read->begun = true; !*read->may_end;)
        usleep(1000);
    return JOB_UNDO;
}

static void note_read(struct job *job, enum job_result result, const struct error *error)
{
    (void)result;
    (void)error;
    list_item(job, struct read, job)->ended = true;
}

/* More of them than there are threads for them. */
static void no_write_waits_for_long_reads(void **state)
{
    char directory[] = "/tmp/fermata-turns-XXXXXX";
    char command[64];
    const struct store_config config = {
        .directory = mkdtemp(directory), .readers = 2, .short_readers = 1};
    atomic_bool may_end = false;
    struct read reads[4];
    struct write write = {
        .job = {.writes = true, .prepare = note_preparer, .run = note_writer, .done = note_end}};
    struct store *store;
    struct error error;

    (void)state;
    if (store_open(&config, &store, &error) < 0)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < COUNT_OF(reads); i++) {
        reads[i] = (struct read){.job = {.reads_long = true, .run = read_long, .done = note_read},
                                 .may_end = &may_end};
        store_submit(store, &reads[i].job);
    }
    while (!reads[0].begun || !reads[1].begun)
        usleep(1000);
    store_submit(store, &write.job);
    for (int i = 0; !write.ended && i < 5000; i++)
        usleep(1000);
    assert_true(write.ended);
    assert_false(reads[0].ended || reads[1].ended || reads[2].begun);
    may_end = true;
    store_close(store);
    assert_true(reads[3].ended);
    snprintf(command, sizeof(command), "rm -r '%s'", directory);
    assert_int_equal(system(command), 0);
}

/* ---- snapshots ---- */

static void only_what_is_older_is_waited_for(void **state)
{
    struct snapshots snapshots = {0};

    (void)state;
    snapshots_init(&snapshots);
    assert_true(snapshots_wait(&snapshots, time_monotonic()));
    unsigned old = snapshots_begin(&snapshots);
    assert_false(snapshots_wait(&snapshots, time_monotonic() + SHORT));
    unsigned young = snapshots_begin(&snapshots);
    snapshots_end(&snapshots, old);
    assert_false(snapshots_wait(&snapshots, time_monotonic() + SHORT));
    snapshots_end(&snapshots, young);
    assert_true(snapshots_wait(&snapshots, time_monotonic() + SHORT));
}

struct ending {
    struct snapshots *snapshots;
    unsigned old, young;
};

static void *end_old(void *context)
{
    struct ending *ending = context;

    ending->young = snapshots_begin(ending->snapshots);
    while (ending->young == ending->old) { /* nobody waits yet */
        snapshots_end(ending->snapshots, ending->young);
        usleep(1000);
        ending->young = snapshots_begin(ending->snapshots);
    }
    snapshots_end(ending->snapshots, ending->old);
    return NULL;
}

static void the_last_that_ends_wakes_who_waits(void **state)
{
    struct snapshots snapshots = {0};
    struct ending ending = {.snapshots = &snapshots};
    pthread_t thread;

    (void)state;
    snapshots_init(&snapshots);
    ending.old = snapshots_begin(&snapshots);
    assert_int_equal(pthread_create(&thread, NULL, end_old, &ending), 0);
    assert_true(snapshots_wait(&snapshots, time_monotonic() + 60 * SECOND));
    pthread_join(thread, NULL);
    assert_int_not_equal(ending.young, ending.old);
    assert_int_equal(snapshots.open[ending.young % 2], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_has_the_turn_and_only_while_nobody_waits),
        cmocka_unit_test(the_end_of_a_turn_wakes_the_next),
        cmocka_unit_test(who_is_alone_waits_for_no_other_thread),
        cmocka_unit_test(no_write_waits_for_long_reads),
        cmocka_unit_test(only_what_is_older_is_waited_for),
        cmocka_unit_test(the_last_that_ends_wakes_who_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
