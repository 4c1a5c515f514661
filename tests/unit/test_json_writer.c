#include <math.h>

#include "tests/unit/unit.h"

#include "json/writer.h"

static void commas_and_nesting(void **state)
{
    buf_auto text = BUF_INIT;
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_key(&writer, "a");
    json_add_integer(&writer, 1);
    json_key(&writer, "b");
    json_begin_array(&writer);
    json_add_string(&writer, "x\"\n\x01");
    json_add_null(&writer);
    json_begin_object(&writer);
    json_end_object(&writer);
    json_end_array(&writer);
    json_key(&writer, "c");
    json_add_text(&writer, "[1.50]");
    json_end_object(&writer);
    assert_string_equal(buf_string(&text),
                        "{\"a\":1,\"b\":[\"x\\\"\\n\\u0001\",null,{}],\"c\":[1.50]}");
}

static void numbers_are_short_and_exact(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},          {1, "1.0"},    {1.0 / 3, "0.3333333333333333"},
                 {1e300, "1e+300"},     {NAN, "null"}, {INFINITY, "null"},
                 {-0.07873, "-0.07873"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto text = BUF_INIT;
        struct json_writer writer;
        json_writer_init(&writer, &text);
        json_add_number(&writer, cases[i].value);
        assert_string_equal(buf_string(&text), cases[i].text);
    }
}

static void values_are_written_compactly(void **state)
{
    json_auto_t *value = json_pack("{s:[i, s, n], s:{}}", "a", 1, "x", "b");
    buf_auto text = BUF_INIT;
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, &text);
    json_begin_array(&writer);
    json_add_value(&writer, value);
    json_add_value(&writer, json_object_get(value, "b"));
    json_add_value(&writer, NULL);
    json_end_array(&writer);
    assert_string_equal(buf_string(&text), "[{\"a\":[1,\"x\",null],\"b\":{}},{},null]");
}

/* Its characters are no UTF-8, which jansson cannot write: a buffer that has failed says so. */
static void a_value_that_cannot_be_written_fails(void **state)
{
    json_auto_t *value = json_string_nocheck("\xff");
    buf_auto text = BUF_INIT;
    struct json_writer writer;

    (void)state;
    json_writer_init(&writer, &text);
    json_add_value(&writer, value);
    assert_true(text.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_nesting),
        cmocka_unit_test(numbers_are_short_and_exact),
        cmocka_unit_test(values_are_written_compactly),
        cmocka_unit_test(a_value_that_cannot_be_written_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
