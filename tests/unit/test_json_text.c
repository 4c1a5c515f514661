#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "json/text.h"

static json_t *parse(const char *text)
{
    struct error error;
    json_t *value = json_parse(text, strlen(text), &error);

    if (!value)
        fail_msg("%s: %s", text, error.message);
    return value;
}

static void values_of_any_type_are_read(void **state)
{
    static const char *const cases[][2] = {
        {"null", "None"},
        {" true ", "True"},
        {"\"x\"", "'x'"},
        {"-1", "-1"},
        {"1.0", "1.0"},
        {"{\"b\":1,\"a\":[2,{}],\"b\":3}", "{'b': 3, 'a': [2, {}]}"},
        {"[9223372036854775807,9223372036854775808,1]",
         "[9223372036854775807, 9.223372036854776e+18, 1]"},
        {"[-12345678901234567890, \"12345678901234567890\"]",
         "[-1.2345678901234567e+19, '12345678901234567890']"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto shown = BUF_INIT;
        json_auto_t *value = parse(cases[i][0]);
        json_text_repr(value, &shown);
        assert_string_equal(buf_string(&shown), cases[i][1]);
    }
}

static void bad_text_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "line 1, column 1: the text ends too early"},
        {"{\n \"a\": 1,\n \"\xc3\xa4\": x}", "line 3, column 8: invalid token near 'x'"},
        {"[NaN]", "line 1, column 5: invalid token near 'NaN'"},
        {"[Infinity]", "invalid token near 'Infinity'"},
        {"[1] 2", "line 1, column 6: there is more text after the value"},
        {"[1e999]", "the number is too large"},
        {"\"a\\u0000b\"", "a NUL character (\\u0000) is not allowed in a string"},
        {"{\"\\u0000\":1}", "a NUL character (\\u0000) is not allowed in a string"},
        {"[12345678901234567890, 12345678901234567890,\n 5, x]", "line 2, column 6: invalid token"},
        {"\"\\ud800\"", "invalid Unicode"},
        {"\"\xff\"", "unable to decode byte 0xff"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error error = {0};
        assert_null(json_parse(cases[i].text, strlen(cases[i].text), &error));
        if (!strstr(error.message, cases[i].message))
            fail_msg("%s: %s", cases[i].text, error.message);
    }
    struct error error;
    assert_null(json_parse(NULL, 0, &error));
    static const struct {
        const char *text;
        size_t length;
    } with_nul[] = {{"\"a\0b\"", 5}, {"[1\0, 2]", 7}, {"[1,\0 2]", 7}, {"[true\0]", 7}, {"1\0", 2}};
    for (size_t i = 0; i < COUNT_OF(with_nul); i++) {
        assert_null(json_parse(with_nul[i].text, with_nul[i].length, &error));
        assert_non_null(strstr(error.message, "a NUL character is not allowed"));
    }
}

static void depth_is_bounded(void **state)
{
    char text[2 * JSON_TEXT_DEPTH + 3] = {0};
    struct error error;

    (void)state;
    memset(text, '[', JSON_TEXT_DEPTH);
    memset(text + JSON_TEXT_DEPTH, ']', JSON_TEXT_DEPTH);
    json_decref(parse(text));
    memset(text, '[', JSON_TEXT_DEPTH + 1);
    memset(text + JSON_TEXT_DEPTH + 1, ']', JSON_TEXT_DEPTH + 1);
    assert_null(json_parse(text, strlen(text), &error));
    assert_string_equal(error.message, "invalid JSON at line 1, column 201: arrays and objects are "
                                       "nested deeper than 200");
    json_decref(parse("\"[[[[[\\\"[[[\""));
}

static void values_are_counted(void **state)
{
    buf_auto text = BUF_INIT;
    struct error error;

    (void)state;
    buf_add_string(&text, "[\",,,[[{{\"");
    for (int i = 0; i < JSON_TEXT_VALUES - 1; i++)
        buf_add_string(&text, ",1");
    buf_add_char(&text, ']');
    json_decref(parse(buf_string(&text)));
    text.data[text.length - 1] = ',';
    buf_add_string(&text, "1]");
    assert_null(json_parse(buf_string(&text), text.length, &error));
    assert_non_null(strstr(error.message, "more than 1000000 values"));
}

static void member_text_is_the_text_that_came(void **state)
{
    static const char text[] = " {\"a\": 0.10 , \"b\":{\"c\":12345678901234567890},\"b\" : "
                               "{\"d\\n\":[1, {\"c\":2}], \"c\":1.50}, \"\\u00e9\\ud83d\\ude00\":"
                               "\"\\u0041]\", \"last\":true}\n";
    static const struct {
        const char *path[4];
        const char *found;
    } cases[] = {
        {{"a"}, "0.10"},
        {{"b", "c"}, "1.50"},
        {{"b", "d\n"}, "[1, {\"c\":2}]"},
        {{"\xc3\xa9\xf0\x9f\x98\x80"}, "\"\\u0041]\""},
        {{"last"}, "true"},
        {{"las"}, NULL},
        {{"lasts"}, NULL},
        {{"a", "b"}, NULL},
        {{"b", "d\n", "c"}, NULL},
    };
    size_t length = 0;

    (void)state;
    json_decref(parse(text));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *found = json_member_text(text, cases[i].path, &length);
        if (!cases[i].found) {
            assert_null(found);
            continue;
        }
        assert_non_null(found);
        assert_int_equal(length, strlen(cases[i].found));
        assert_memory_equal(found, cases[i].found, length);
    }
    assert_ptr_equal(json_member_text(text, (const char *const[]){NULL}, &length), text + 1);
    assert_int_equal(length, strlen(text) - 2);
}

static void entries_are_the_text_that_came(void **state)
{
    static const char text[] = " [ 1.0 ,[2, [\"],\"]],{\"a\":\"\\\"]\"}\n, \"\\\\\" ,null ] ";
    static const char *const found[] = {"1.0", "[2, [\"],\"]]", "{\"a\":\"\\\"]\"}", "\"\\\\\"",
                                        "null"};
    const char *at = text;
    size_t length = 0;

    (void)state;
    json_decref(parse(text));
    for (size_t i = 0; i < COUNT_OF(found); i++) {
        const char *entry = json_next_entry(&at, &length);
        assert_non_null(entry);
        assert_int_equal(length, strlen(found[i]));
        assert_memory_equal(entry, found[i], length);
    }
    assert_null(json_next_entry(&at, &length));
    at = "[ ]";
    assert_null(json_next_entry(&at, &length));
}

static void members_come_one_after_the_other(void **state)
{
    static const char *const found[][2] = {
        {"a", "1"}, {"\xc3\xa4", "[{\"x\":\"}\"}]"}, {"a", "\"\\\"\""}};
    const char *at = " { \"a\" : 1 ,\"\\u00e4\":[{\"x\":\"}\"}], \"a\":\"\\\"\"} ";
    struct json_member member;

    (void)state;
    json_decref(parse(at));
    for (size_t i = 0; i < COUNT_OF(found); i++) {
        assert_true(json_next_member(&at, &member));
        json_auto_t *key = json_member_key(&member);
        assert_string_equal(json_string_value(key), found[i][0]);
        assert_int_equal(member.value_length, strlen(found[i][1]));
        assert_memory_equal(member.value, found[i][1], member.value_length);
    }
    assert_false(json_next_member(&at, &member));
    at = "{ }";
    assert_false(json_next_member(&at, &member));
}

static void equality_is_that_of_json_schema(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } cases[] = {
        {"1", "1.0", true},
        {"0", "-0.0", true},
        {"1", "true", false},
        {"0", "false", false},
        {"9007199254740993", "9007199254740992.0", false},
        {"9223372036854775807", "9223372036854775808", false},
        {"{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", true},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"[1,2]", "[2,1]", false},
        {"\"a\"", "\"a\"", true},
        {"null", "null", true},
        {"[]", "{}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_auto_t *a = parse(cases[i].a);
        json_auto_t *b = parse(cases[i].b);
        if (json_same(a, b) != cases[i].same)
            fail_msg("%s, %s", cases[i].a, cases[i].b);
        if (cases[i].same)
            assert_int_equal(json_hash(a, NULL), json_hash(b, NULL));
    }
}

static void repr_is_that_of_python(void **state)
{
    static const char *const cases[][2] = {
        {"[0.1, 100.0, -0.0, 1e15, 1e16, 1.5e16, 1e22, 0.0001, 0.00012, 0.00001, 1.5e-7, "
         "123456.789]",
         "[0.1, 100.0, -0.0, 1000000000000000.0, 1e+16, 1.5e+16, 1e+22, 0.0001, 0.00012, 1e-05, "
         "1.5e-07, 123456.789]"},
        {"\"it's\"", "\"it's\""},
        {"\"'\\\"\"", "'\\'\"'"},
        {"\"\\\"\"", "'\"'"},
        {"\"\\\\\\n\\r\\t\\u0001\\u007f\"", "'\\\\\\n\\r\\t\\x01\\x7f'"},
        {"\"\\u00e9\\u00a0\\u00ad\\u2028\\u200b\\ud83d\\ude00\\udb40\\udc01\"",
         "'\xc3\xa9\\xa0\\xad\\u2028\\u200b\xf0\x9f\x98\x80\\U000e0001'"},
        {"{\"a'\":{\"b\":[true,false,null]}}", "{\"a'\": {'b': [True, False, None]}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto shown = BUF_INIT;
        json_auto_t *value = parse(cases[i][0]);
        json_text_repr(value, &shown);
        assert_string_equal(buf_string(&shown), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_any_type_are_read),
        cmocka_unit_test(bad_text_is_refused_with_its_place),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(values_are_counted),
        cmocka_unit_test(member_text_is_the_text_that_came),
        cmocka_unit_test(entries_are_the_text_that_came),
        cmocka_unit_test(members_come_one_after_the_other),
        cmocka_unit_test(equality_is_that_of_json_schema),
        cmocka_unit_test(repr_is_that_of_python),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
