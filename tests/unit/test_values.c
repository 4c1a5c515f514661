#include <string.h>

#include "tests/unit/unit.h"

#include "lib/run.h"
#include "lib/values.h"

struct point {
    int64_t x;
    const char *name;
};
static const struct fm_field point_fields[] = {
    FM_FIELD(struct point, x, .minimum = FM_VALUE(0)),
    FM_FIELD(struct point, name),
    FM_END,
};
FM_MODEL(Point, struct point, point_fields);

static int flow(struct fm_run *run)
{
    (void)run;
    return 0;
}
FM_FLOW(flow);

static int start(void **state)
{
    struct fm_run *run = NULL;
    struct fm_error error;

    int r = run_create(&flow_flow, NULL, &run, &error);
    *state = run;
    return r;
}

static int stop(void **state)
{
    run_destroy(*state);
    return 0;
}

static void assert_encoded(const struct fm_model *model, const void *value, const char *expected)
{
    buf_auto json = BUF_INIT;
    struct fm_error error;

    assert_int_equal(value_encode(model, value, &json, &error), 0);
    assert_string_equal(buf_string(&json), expected);
}

static void built_in_types_are_bare(void **state)
{
    const char *text = "a \"b\"";
    const char *items[] = {"x", "y"};
    const fm_strings list = {.items = items, .count = 2};
    int64_t integer = INT64_MIN;
    double number = 0.1;
    bool truth = true;

    (void)state;
    assert_encoded(&FM_STRING->model, &text, "\"a \\\"b\\\"\"");
    assert_encoded(&FM_INTEGER->model, &integer, "-9223372036854775808");
    assert_encoded(&FM_NUMBER->model, &number, "0.1");
    assert_encoded(&FM_BOOLEAN->model, &truth, "true");
    assert_encoded(&FM_STRINGS->model, &list, "[\"x\",\"y\"]");
    assert_encoded(&FM_NOTHING->model, NULL, "null");
    assert_encoded(&Point.model, &(struct point){.x = 1, .name = "p"}, "{\"x\":1,\"name\":\"p\"}");
}

static void what_was_encoded_is_decoded(void **state)
{
    struct fm_run *run = *state;
    struct fm_error error;
    const char *text = NULL;
    struct point point = {.x = 5};
    int untouched = 7;

    assert_int_equal(value_decode(run, &FM_STRING->model, "\"z\"", 3, &text, &error), 0);
    assert_string_equal(text, "z");
    assert_int_equal(
        value_decode(run, &Point.model, "{\"x\":2,\"name\":\"q\"}", 18, &point, &error), 0);
    assert_true(point.x == 2 && strcmp(point.name, "q") == 0);
    assert_int_equal(value_decode(run, &FM_NOTHING->model, "null", 4, &untouched, &error), 0);
    assert_int_equal(untouched, 7);
}

static void what_does_not_fit_leaves_the_value(void **state)
{
    static const char *const wrong[] = {"{\"x\":-1,\"name\":\"\"}", "{}", "null", "5", "{", ""};
    struct fm_run *run = *state;
    struct point point = {.x = 5};
    int64_t integer = 6;
    struct fm_error error;

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        int r = value_decode(run, &Point.model, wrong[i], strlen(wrong[i]), &point, &error);
        assert_int_equal(r, FM_INVALID);
        assert_int_equal(point.x, 5);
    }
    assert_int_equal(value_decode(run, &FM_INTEGER->model, "\"6\"", 3, &integer, &error),
                     FM_INVALID);
    assert_int_equal(integer, 6);
    assert_string_equal(error.message, "must be a whole number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_types_are_bare),
        cmocka_unit_test_setup_teardown(what_was_encoded_is_decoded, start, stop),
        cmocka_unit_test_setup_teardown(what_does_not_fit_leaves_the_value, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
