#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/times.h"
#include "server/live/lease.h"
#include "server/live/live.h"

struct sleeper {
    struct waiter waiter;
    atomic_int woken;
    atomic_int reason;
};

static void note(struct waiter *waiter, enum wake_reason reason)
{
    struct sleeper *sleeper = list_item(waiter, struct sleeper, waiter);

    sleeper->reason = (int)reason;
    sleeper->woken++;
}

static struct live *make(void)
{
    struct live *live;
    struct error error;

    assert_int_equal(live_create(&live, &error), 0);
    return live;
}

static void watch(struct live *live, struct sleeper *sleeper, const char *topic)
{
    struct error error;

    sleeper->waiter.wake = note;
    assert_int_equal(live_subscribe(live, &sleeper->waiter, topic, &error), 0);
}

static void await(const struct sleeper *sleeper, int woken)
{
    for (int i = 0; sleeper->woken < woken && i < 5000; i++)
        usleep(1000);
    assert_int_equal(sleeper->woken, woken);
}

static void a_topic_wakes_those_who_wait_for_it(void **state)
{
    struct live *live = make();
    struct sleeper a = {0}, b = {0};

    (void)state;
    watch(live, &a, "x");
    watch(live, &a, "y");
    watch(live, &a, "x"); /* twice is once */
    watch(live, &b, "z");
    assert_true(live_park(live, &a.waiter, TIME_NEVER));
    assert_true(live_park(live, &b.waiter, TIME_NEVER));
    live_publish(live, "nobody");
    live_publish(live, "x");
    live_publish(live, "y");
    assert_int_equal(a.woken, 1);
    assert_int_equal(a.reason, WAKE_PUBLISHED);
    assert_int_equal(b.woken, 0);
    live_publish(live, "z");
    assert_int_equal(b.woken, 1);
    live_destroy(live);
}

static void the_last_of_a_topic_that_was_named_twice(void **state)
{
    struct live *live = make();
    struct sleeper a = {0}, b = {0};
    struct live_stats stats;

    (void)state;
    watch(live, &a, "x");
    watch(live, &b, "x");
    watch(live, &a, "x");
    assert_true(live_park(live, &a.waiter, TIME_NEVER));
    assert_true(live_park(live, &b.waiter, TIME_NEVER));
    live_publish(live, "x");
    assert_int_equal(a.woken, 1);
    assert_int_equal(b.woken, 1);
    live_stats(live, &stats);
    assert_int_equal(stats.topics, 0);
    live_destroy(live);
}

/* Of 100000 each one costs the same: to look through those before it would take minutes. */
static void many_topics_of_one_waiter(void **state)
{
    enum { MANY = 100000 };
    struct live *live = make();
    struct sleeper a = {0};
    int64_t begun = time_monotonic();
    char name[32];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "topic %d", i);
        watch(live, &a, name);
    }
    assert_true(live_park(live, &a.waiter, TIME_NEVER));
    live_publish(live, name);
    assert_int_equal(a.woken, 1);
    assert_true(time_monotonic() - begun < 5 * SECOND);
    live_destroy(live);
}

static void nothing_falls_between_subscribing_and_parking(void **state)
{
    struct live *live = make();
    struct sleeper a = {0};

    (void)state;
    watch(live, &a, "x");
    live_publish(live, "x");
    assert_false(live_park(live, &a.waiter, TIME_NEVER));
    assert_int_equal(a.woken, 0);
    live_unsubscribe(live, &a.waiter);
    watch(live, &a, "x");
    assert_true(live_park(live, &a.waiter, TIME_NEVER));
    live_publish(live, "x");
    assert_int_equal(a.woken, 1);
    live_destroy(live);
}

static void the_clock_wakes_in_order(void **state)
{
    enum { MANY = 300 };
    struct live *live = make();
    struct sleeper *sleepers = calloc(MANY, sizeof(*sleepers));
    int64_t now = time_now();

    (void)state;
    for (int i = 0; i < MANY; i++) {
        watch(live, &sleepers[i], i % 2 ? "odd" : "even");
        assert_true(live_park(live, &sleepers[i].waiter, now + (i * 37 % MANY) * 200));
    }
    for (int i = 0; i < MANY; i++) {
        await(&sleepers[i], 1);
        assert_int_equal(sleepers[i].reason, WAKE_TIME);
    }
    free(sleepers);
    live_destroy(live);
}

static void who_is_abandoned_is_taken_out_and_parks_no_more(void **state)
{
    struct live *live = make();
    struct sleeper a = {0};
    struct live_stats stats;

    (void)state;
    watch(live, &a, "x");
    assert_true(live_park(live, &a.waiter, time_now() + HOUR));
    assert_true(live_abandon(live, &a.waiter));
    assert_false(live_abandon(live, &a.waiter));
    live_stats(live, &stats);
    assert_int_equal(stats.parked, 0);
    assert_int_equal(stats.topics, 0);
    watch(live, &a, "x");
    assert_false(live_park(live, &a.waiter, TIME_NEVER));
    live_unsubscribe(live, &a.waiter);
    assert_int_equal(a.woken, 0);
    live_destroy(live);
}

static void the_end_wakes_all_and_nobody_parks_after_it(void **state)
{
    struct live *live = make();
    struct sleeper a = {0}, b = {0};

    (void)state;
    watch(live, &a, "x");
    assert_true(live_park(live, &a.waiter, TIME_NEVER));
    assert_false(live_is_ending(live));
    live_end(live);
    assert_true(live_is_ending(live));
    assert_int_equal(a.reason, WAKE_ENDING);
    watch(live, &b, "x");
    assert_false(live_park(live, &b.waiter, TIME_NEVER));
    live_unsubscribe(live, &b.waiter);
    live_destroy(live);
}

/* Many threads park, publish, abandon at once: each waiter that parked is woken or taken out
 * exactly once (under ThreadSanitizer this also shows that the lock holds). */
struct worker {
    struct live *live;
    unsigned seed;
    int parked;
    int ended;
};

static void *work(void *context)
{
    struct worker *worker = context;

    for (int i = 0; i < 2000; i++) {
        struct sleeper *sleeper = calloc(1, sizeof(*sleeper));
        char topic[16];
        struct error error;
        snprintf(topic, sizeof(topic), "t%d", rand_r(&worker->seed) % 5);
        sleeper->waiter.wake = note;
        if (live_subscribe(worker->live, &sleeper->waiter, topic, &error) < 0)
            abort();
        if (live_park(worker->live, &sleeper->waiter, time_now() + rand_r(&worker->seed) % 2000)) {
            worker->parked++;
            if (i % 3 == 0)
                live_publish(worker->live, topic);
            bool taken = i % 2 && live_abandon(worker->live, &sleeper->waiter);
            for (int k = 0; !taken && !sleeper->woken && k < 5000; k++)
                usleep(1000);
            worker->ended += taken + sleeper->woken;
        } else {
            live_unsubscribe(worker->live, &sleeper->waiter);
        }
        free(sleeper);
    }
    return NULL;
}

static void threads_do_not_lose_anybody(void **state)
{
    enum { THREADS = 4 };
    struct live *live = make();
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.live = live, .seed = i + 1};
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].ended, workers[i].parked);
    }
    live_destroy(live);
}

static void leases_end_by_themselves(void **state)
{
    struct leases *leases;
    struct error error;
    char name[16];
    int64_t now = time_now();

    (void)state;
    assert_int_equal(leases_create(false, &leases, &error), 0);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "run-%d", i);
        leases_set(leases, name, i % 3 ? now + HOUR : now - SECOND);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "run-%d", i);
        assert_int_equal(leases_hold(leases, name, time_now()), i % 3 != 0);
    }
    leases_set(leases, "run-1", 0);
    assert_false(leases_hold(leases, "run-1", time_now()));
    leases_set(leases, "run-0", now + HOUR);
    assert_true(leases_hold(leases, "run-0", time_now()));
    assert_false(leases_hold(leases, "nobody", time_now()));
    leases_destroy(leases);
}

/* The ends come in order, whatever was renewed or dropped in between. */
static void leases_are_told_as_they_end(void **state)
{
    struct leases *leases;
    struct error error;
    char name[16];
    int64_t now = time_now();

    (void)state;
    assert_int_equal(leases_create(true, &leases, &error), 0);
    assert_true(leases_next(leases) == TIME_NEVER);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "run-%d", i * 7 % 1000);
        assert_int_equal(leases_set(leases, name, now - HOUR + i * 7 % 1000), 0);
    }
    for (int i = 0; i < 1000; i += 2) { /* every second comes back */
        snprintf(name, sizeof(name), "run-%d", i);
        assert_int_equal(leases_set(leases, name, now + HOUR - i), 0);
    }
    for (int i = 1; i < 1000; i += 2) {
        assert_true(leases_next(leases) == now - HOUR + i + 1);
        assert_true(leases_first_ended(leases, now, name, sizeof(name)));
        assert_int_equal(atoi(name + strlen("run-")), i);
        leases_drop_ended(leases, name, now);
    }
    assert_false(leases_first_ended(leases, now, name, sizeof(name)));
    assert_true(leases_next(leases) == now + HOUR - 998 + 1);
    leases_drop_ended(leases, "run-998", now); /* it was renewed */
    assert_true(leases_hold(leases, "run-998", time_now()));
    leases_destroy(leases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_wakes_those_who_wait_for_it),
        cmocka_unit_test(the_last_of_a_topic_that_was_named_twice),
        cmocka_unit_test(many_topics_of_one_waiter),
        cmocka_unit_test(nothing_falls_between_subscribing_and_parking),
        cmocka_unit_test(the_clock_wakes_in_order),
        cmocka_unit_test(who_is_abandoned_is_taken_out_and_parks_no_more),
        cmocka_unit_test(the_end_wakes_all_and_nobody_parks_after_it),
        cmocka_unit_test(threads_do_not_lose_anybody),
        cmocka_unit_test(leases_end_by_themselves),
        cmocka_unit_test(leases_are_told_as_they_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
