#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "server/templates/hydrate.h"
#include "server/templates/json_problem.h"
#include "json/text.h"

#define KIND  "\"__prefect_kind\":"
#define JSON  "{" KIND "\"json\""
#define JINJA "{" KIND "\"jinja\""
#define VAR   "{" KIND "\"workspace_variable\""

static int variable(void *user, const char *name, struct buf *to, struct error *error)
{
    static const char *const variables[][2] = {
        {"map", "{\"a\":1}"}, {"name", "\"Ada\""}, {"five", "5"}, {"other", "\"name\""}};

    ++*(int *)user;
    if (strcmp(name, "broken") == 0)
        return error_set(error, EIO, "the store is gone");
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        if (strcmp(name, variables[i][0]) == 0) {
            buf_add_string(to, variables[i][1]);
            return 1;
        }
    }
    return 0;
}

static json_t *read(const char *text)
{
    struct error error;
    json_t *value = json_parse(text, strlen(text), &error);

    if (!value)
        fail_msg("%s: %s", text, error.message);
    return value;
}

static void values_are_put_in_their_places(void **state)
{
    static const struct {
        const char *value, *hydrated;
    } cases[] = {
        {"{\"a\":[1,{\"b\":null}]}", "{\"a\":[1,{\"b\":null}]}"},
        {"{\"a\":{" KIND "\"none\",\"value\":3}}", "{\"a\":3}"},
        {"{" KIND "\"none\",\"value\":" JSON ",\"value\":\"[1]\"}}", "[1]"},
        {"{\"a\":" JSON ",\"value\":\"{\\\"x\\\":[1,2]}\"}}", "{\"a\":{\"x\":[1,2]}}"},
        {"{\"a\":" JSON ",\"value\":7}}", "{\"a\":7}"},
        {"{\"a\":" JSON ",\"value\":[\"1\"]}}", "{\"a\":[\"1\"]}"},
        {"{\"a\":" JSON "},\"b\":1}", "{\"b\":1}"},
        {"[1," JSON "},2," VAR "}]", "[1,2]"},
        {JSON "}", "{}"},
        {"{\"a\":" JSON ",\"value\":" JSON "}}}", "{}"},
        {"{\"a\":" JINJA ",\"template\":\"{{ 1 + 1 }}\"}}", "{\"a\":\"2\"}"},
        {"{\"a\":" JINJA ",\"template\":\"plain {# c #}\"}}", "{\"a\":\"plain {# c #}\"}"},
        {"{\"a\":" JINJA ",\"template\":\"Hello {{ who }}!\"}}", "{\"a\":\"Hello Bob!\"}"},
        {"{\"a\":" JINJA ",\"template\":\"{{ missing.x }}\"}}", "{\"a\":\"\"}"},
        {"{\"a\":" JINJA ",\"template\":[\"x\"]}}", "{\"a\":[\"x\"]}"},
        {"{\"a\":" VAR ",\"variable_name\":\"map\"}}", "{\"a\":{\"a\":1}}"},
        {"{\"a\":" VAR ",\"variable_name\":" VAR ",\"variable_name\":\"other\"}}}",
         "{\"a\":\"Ada\"}"},
        {"{\"a\":" JSON ",\"value\":" JINJA ",\"template\":\"[{{ 2 * 3 }}]\"}}}", "{\"a\":[6]}"},
        {"{\"a\":" JINJA ",\"template\":" JSON ",\"value\":\"\\\"{{ 2 }}\\\"\"}}}",
         "{\"a\":\"2\"}"},
        {"{\"a\":" JSON ",\"value\":{\"b\":" JSON ",\"value\":\"1\"}}}}", "{\"a\":{\"b\":1}}"},
        /* What comes of it is not looked at again. */
        {"{\"a\":" JSON ",\"value\":\"{\\\"__prefect_kind\\\":\\\"json\\\"}\"}}",
         "{\"a\":" JSON "}}"},
        {"{\"a\":{" KIND "\"zork\",\"value\":" JSON "}}}", "{\"a\":" JSON "}}"},
        {"{\"a\":{" KIND "\"zork\"}}", "{\"a\":null}"},
        {"{\"a\":{" KIND "null,\"value\":2},\"b\":{" KIND "5}}", "{\"a\":2,\"b\":null}"},
    };
    json_auto_t *names = read("{\"who\":\"Bob\"}");
    int asked = 0;
    struct hydration with = {.variable = variable, .user = &asked, .names = names};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_auto_t *value = read(cases[i].value);
        json_auto_t *expected = read(cases[i].hydrated);
        struct error error;
        buf_auto path = BUF_INIT;
        json_auto_t *hydrated = hydrate(value, &with, &path, &error);
        if (!hydrated)
            fail_msg("%s: %s", cases[i].value, error.message);
        if (!json_equal(hydrated, expected))
            fail_msg("%s is not %s", cases[i].value, cases[i].hydrated);
    }
    assert_int_equal(asked, 3);
}

static void errors_have_the_known_words_and_a_path(void **state)
{
    static const struct {
        const char *value, *message, *path;
    } cases[] = {
        {"{" KIND "\"none\"}", "Missing 'value' key in __prefect object", ""},
        {"{\"a\":" JINJA "}}", "Missing 'template' key in __prefect object", "a"},
        {"{\"b\":{\"c\":[0,{\"d\":" JSON ",\"value\":\"x\"}}]}}",
         "Invalid JSON: Expecting value: line 1 column 1 (char 0)", "b.c[1].d"},
        {"{\"a\":1,\"b\":" JINJA ",\"template\":\"{{\"}}",
         "Invalid jinja: unexpected 'end of template'", "b"},
        {"{\"a\":" JINJA ",\"template\":\"{{ 1/0 }}\"}}",
         "Invalid jinja: Failed to render template due to the following error: "
         "ZeroDivisionError('division by zero')",
         "a"},
        {"{\"a\":" JINJA ",\"template\":5}}", "Invalid jinja: the template is not a string", "a"},
        {"{\"a\":" VAR ",\"variable_name\":\"zork\"}}", "Variable 'zork' not found in workspace.",
         "a"},
        {"{\"a\":" VAR ",\"variable_name\":null}}", "Variable 'None' not found in workspace.", "a"},
        {"{\"a\":{" KIND "[]}}", "'__prefect_kind' must be the name of a kind", "a"},
        {"{\"a\":" JSON ",\"value\":" VAR ",\"variable_name\":\"no\"}}}",
         "Variable 'no' not found in workspace.", "a"},
    };
    int asked = 0;
    struct hydration with = {.variable = variable, .user = &asked};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_auto_t *value = read(cases[i].value);
        struct error error;
        buf_auto path = BUF_INIT;
        assert_null(hydrate(value, &with, &path, &error));
        assert_int_equal(error.code, EINVAL);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(buf_string(&path), cases[i].path);
        assert_null(hydrate(value, &with, NULL, &error));
    }
    json_auto_t *value = read("{\"a\":" VAR ",\"variable_name\":\"broken\"}}");
    struct error error;
    assert_null(hydrate(value, &with, NULL, &error));
    assert_int_equal(error.code, EIO);
    assert_string_equal(error.message, "the store is gone");
}

static void json_problems_are_told_as_python_tells_them(void **state)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"", "Expecting value: line 1 column 1 (char 0)"},
        {"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"},
        {"[1,]", "Expecting value: line 1 column 4 (char 3)"},
        {"{\"a\":1,}",
         "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)"},
        {"{\"a\" 1}", "Expecting ':' delimiter: line 1 column 6 (char 5)"},
        {"{\"a\":1", "Expecting ',' delimiter: line 1 column 7 (char 6)"},
        {"[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"},
        {"1 2", "Extra data: line 1 column 3 (char 2)"},
        {"01", "Extra data: line 1 column 2 (char 1)"},
        {"1.", "Extra data: line 1 column 2 (char 1)"},
        {"1e+", "Extra data: line 1 column 2 (char 1)"},
        {"-", "Expecting value: line 1 column 1 (char 0)"},
        {"nul", "Expecting value: line 1 column 1 (char 0)"},
        {"NaN", "Expecting value: line 1 column 1 (char 0)"},
        {"\"a\nb\"", "Invalid control character at: line 1 column 3 (char 2)"},
        {"\"abc", "Unterminated string starting at: line 1 column 1 (char 0)"},
        {"\"abc\\", "Unterminated string starting at: line 1 column 1 (char 0)"},
        {"\"\\x\"", "Invalid \\escape: line 1 column 2 (char 1)"},
        {"\"\\u12\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)"},
        {"\xef\xbb\xbf\x31",
         "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"},
        {"\n\n [\"é\",\n x]", "Expecting value: line 4 column 2 (char 10)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto problem = BUF_INIT;
        assert_true(json_problem(cases[i].text, strlen(cases[i].text), &problem));
        assert_string_equal(buf_string(&problem), cases[i].problem);
    }
    buf_auto none = BUF_INIT;
    assert_false(json_problem(" {\"a\": [1.5e3, true]} ", 22, &none));
}

static void depth_and_size_are_bounded(void **state)
{
    int asked = 0;
    struct hydration with = {.variable = variable, .user = &asked};
    struct error error;
    json_t *deep = json_integer(1);
    buf_auto text = BUF_INIT;

    (void)state;
    for (int i = 0; i < 1000; i++)
        deep = json_pack("{s:s,s:o}", "__prefect_kind", "none", "value", deep);
    assert_null(hydrate(deep, &with, NULL, &error));
    assert_int_equal(error.code, EINVAL);
    json_decref(deep);

    /* Shallow to read, deep once it is put in its place. */
    for (int i = 0; i < 150; i++)
        buf_add_string(&text, "[");
    for (int i = 0; i < 150; i++)
        buf_add_string(&text, "]");
    json_auto_t *inner =
        json_pack("{s:s,s:s}", "__prefect_kind", "json", "value", buf_string(&text));
    for (int i = 0; i < 100; i++)
        inner = json_pack("[o]", inner);
    assert_null(hydrate(inner, &with, NULL, &error));
    assert_int_equal(error.code, EINVAL);

    /* Many templates share one budget. */
    json_auto_t *many = json_array();
    for (int i = 0; i < 100; i++)
        json_array_append_new(many, json_pack("{s:s,s:s}", "__prefect_kind", "jinja", "template",
                                              "{{ 'x' * 500000 }}"));
    assert_null(hydrate(many, &with, NULL, &error));
    assert_string_equal(error.message, "Invalid jinja: the template needs too much memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_put_in_their_places),
        cmocka_unit_test(errors_have_the_known_words_and_a_path),
        cmocka_unit_test(json_problems_are_told_as_python_tells_them),
        cmocka_unit_test(depth_and_size_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
