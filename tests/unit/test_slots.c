/* What decays of slots, and how long to wait for one. */
#include "tests/unit/unit.h"

#include "common/times.h"
#include "server/orchestration/slots.h"

#define NOW ((int64_t)1800000000 * SECOND)

static struct slot_limit rate(double decay, int64_t taken)
{
    return (struct slot_limit){
        .active = true, .most = 10, .taken = taken, .decay = decay, .occupancy = 2, .counted = NOW};
}

static void slots_come_back_one_by_one(void **state)
{
    struct slot_limit limit = rate(0.5, 3);

    (void)state;
    slot_limit_decay(&limit, NOW + 2 * SECOND - 1);
    assert_int_equal(limit.taken, 3);
    slot_limit_decay(&limit, NOW + 2 * SECOND);
    assert_int_equal(limit.taken, 2);
    slot_limit_decay(&limit, NOW + 60 * SECOND);
    assert_int_equal(limit.taken, 0);
    assert_int_equal(limit.counted, NOW + 60 * SECOND);
}

/* Who looks often must not keep slots from coming back. */
static void looking_costs_no_time(void **state)
{
    struct slot_limit limit = rate(1, 10);

    (void)state;
    for (int i = 1; i <= 90; i++)
        slot_limit_decay(&limit, NOW + i * SECOND / 10);
    assert_int_equal(limit.taken, 1);
}

static void what_does_not_decay_stays(void **state)
{
    struct slot_limit limit = rate(0, 3);

    (void)state;
    limit.denied = 5;
    slot_limit_decay(&limit, NOW + 4 * SECOND);
    assert_int_equal(limit.taken, 3);
    assert_int_equal(limit.denied, 3);
    slot_limit_decay(&limit, NOW + DAY);
    assert_int_equal(limit.taken, 3);
    assert_int_equal(limit.denied, 0);
}

static void a_clock_that_goes_back_changes_nothing(void **state)
{
    struct slot_limit limit = rate(1, 3);

    (void)state;
    slot_limit_decay(&limit, NOW - DAY);
    assert_int_equal(limit.taken, 3);
}

static void the_largest_numbers_are_numbers(void **state)
{
    struct slot_limit limit = rate(1e308, SLOTS_LIMIT);

    (void)state;
    slot_limit_decay(&limit, INT64_MAX);
    assert_int_equal(limit.taken, 0);
    limit = rate(1e-308, SLOTS_LIMIT);
    slot_limit_decay(&limit, INT64_MAX);
    assert_int_equal(limit.taken, SLOTS_LIMIT);
}

static void only_what_stands_in_the_way_is_waited_for(void **state)
{
    struct slot_limit two[] = {rate(0, 10), rate(0, 0)};
    const struct slot_limits limits = {.limits = two, .count = 2};

    (void)state;
    two[1].denied = 1000;
    assert_false(slot_limits_have_room(&limits, 1));
    for (int i = 0; i < 100; i++) {
        double seconds = slot_limits_wait(&limits, 1);
        assert_true(seconds > 0.05 && seconds < 0.3); /* 2 s, for one of 10 slots */
    }
    two[0].active = false;
    assert_true(slot_limits_have_room(&limits, 1));
}

static void nobody_waits_for_ever(void **state)
{
    struct slot_limit slow = rate(1e-308, 10);
    const struct slot_limits limits = {.limits = &slow, .count = 1};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(slot_limits_wait(&limits, SLOTS_LIMIT) <= 2 * RATE_SECONDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_come_back_one_by_one),
        cmocka_unit_test(looking_costs_no_time),
        cmocka_unit_test(what_does_not_decay_stays),
        cmocka_unit_test(a_clock_that_goes_back_changes_nothing),
        cmocka_unit_test(the_largest_numbers_are_numbers),
        cmocka_unit_test(only_what_stands_in_the_way_is_waited_for),
        cmocka_unit_test(nobody_waits_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
