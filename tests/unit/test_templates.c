#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "common/times.h"
#include "server/templates/template.h"
#include "tests/unit/template_cases.h"
#include "tests/unit/template_expressions.h"
#include "json/text.h"

#define FAILED "Failed to render template due to the following error: "

static json_t *names;

static int load_names(void **state)
{
    (void)state;
    names = json_parse(template_names, strlen(template_names), NULL);
    return names ? 0 : -1;
}

static int free_names(void **state)
{
    (void)state;
    json_decref(names);
    return 0;
}

/* What becomes of the template: its text, or the message of its error. */
static int render(const char *template, struct buf *to)
{
    struct template_budget budget = TEMPLATE_BUDGET;
    struct error error;

    buf_clear(to);
    if (template_render(template, strlen(template), names, &budget, to, &error) == 0)
        return 0;
    assert_int_equal(error.code, EINVAL);
    buf_clear(to);
    buf_add_string(to, error.message);
    return -1;
}

static void expect(const char *template, int result, const char *expected)
{
    buf_auto text = BUF_INIT;

    if (render(template, &text) != result || strcmp(buf_string(&text), expected) != 0)
        fail_msg("%s\n gives   %s\n and not %s", template, buf_string(&text), expected);
}

static void expressions_have_pythons_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(template_expressions); i++) {
        buf_auto template = BUF_INIT;
        buf_addf(&template, "{{ %s }}", template_expressions[i].template);
        expect(buf_string(&template), 0, template_expressions[i].expected);
    }
}

static void failures_are_told_as_python_tells_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(template_failures); i++) {
        buf_auto template = BUF_INIT, message = BUF_INIT;
        buf_addf(&template, "{{ %s }}", template_failures[i].template);
        buf_addf(&message, FAILED "%s", template_failures[i].expected);
        expect(buf_string(&template), -1, buf_string(&message));
    }
}

static void texts_keep_what_is_between(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(template_texts); i++)
        expect(template_texts[i].template, 0, template_texts[i].expected);
    for (size_t i = 0; i < COUNT_OF(template_errors); i++)
        expect(template_errors[i].template, -1, template_errors[i].expected);
}

static void what_is_left_out_is_named(void **state)
{
    static const struct template_case cases[] = {
        {"{% for i in x %}{{ i }}{% endfor %}",
         "statements such as {% for %} are not supported, only {{ expressions }}"},
        {"a {%- set x = 1 %}",
         "statements such as {% set %} are not supported, only {{ expressions }}"},
        {"{{ range(3) }}", "calls such as range(…) are not supported, only filters"},
        {"{{ name.upper() }}", "calls such as upper(…) are not supported, only filters"},
        {"{{ name.upper }}", "methods such as .upper are not supported, only filters"},
        {"{{ {}.items }}", "methods such as .items are not supported, only filters"},
        {"{{ '%s' % 1 }}", "formatting strings with % is not supported"},
        {"{{ 9223372036854775808 }}", "the integer 9223372036854775808 has more than 64 bits"},
        {"{{ 9223372036854775807 + 1 }}",
         FAILED "OverflowError('integers beyond 64 bits are not supported')"},
        {"{{ -(-9223372036854775807 - 1) }}",
         FAILED "OverflowError('integers beyond 64 bits are not supported')"},
        {"{{ 1 | zork }}", FAILED "TemplateAssertionError(\"No filter named 'zork'.\")"},
        {"{{ 1 is zork }}", FAILED "TemplateAssertionError(\"No test named 'zork'.\")"},
        {"{{ 1 | default(zork=1) }}",
         FAILED "TypeError(\"the filter 'default' takes no such argument\")"},
        {"{{ 'a\\x00b' }}", "a string has the character \\x00, which is not supported"},
        {"{{ '\\ud800' }}", "a string has the character \\xd800, which is not supported"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(cases[i].template, -1, cases[i].expected);
}

/* `before`, then `unit` `count` times, then `after`. */
static void repeat(struct buf *to, const char *before, const char *unit, int count,
                   const char *after)
{
    buf_clear(to);
    buf_add_string(to, before);
    for (int i = 0; i < count; i++)
        buf_add_string(to, unit);
    buf_add_string(to, after);
}

static void greed_comes_to_its_end(void **state)
{
    static const char *const templates[] = {
        "{{ 'x' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ [1] * 9223372036854775807 }}",
        "{{ [[[[[[[[[1] * 99] * 99] * 99] * 99] * 99] * 99] * 99] * 99] * 99 }}",
        "{{ ((['x' * 100000]) * 100000) | sort }}",
        "{{ [[1] * 1100] * 1100 == [[1] * 1100] * 1100 }}",
        "{{ ('a' * 1000000) | replace('', 'bbbbbbbbbbbbbbbbbbbb') }}",
        "{{ ('<' * 4000000) | e }}",
        "{{ 1 | round(-9999999999) | string * 99999999 }}",
        "{{ [1] | tojson(99) * 99999999 }}",
        "{{ ('ab' * 500000) | list | join('xxxxxxxxxxxxxxxxxxx') }}",
    };
    buf_auto text = BUF_INIT;
    int64_t start = time_monotonic();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(templates); i++)
        if (render(templates[i], &text) == 0)
            fail_msg("%s gives %zu bytes", templates[i], text.length);
    assert_true(time_monotonic() - start < 60 * SECOND);
}

static void depth_comes_to_its_end(void **state)
{
    static const struct {
        const char *before, *unit, *after;
        const char *message;
    } cases[] = {
        {"{{ ", "(", "", "more than 64 brackets inside one another"},
        {"{{ ", "[", "", "more than 64 brackets inside one another"},
        {"{{ ", "{1:", "", "more than 64 brackets inside one another"},
        {"{{ ", "-", "1 }}", "an expression has more than 200 levels"},
        {"{{ ", "not ", "1 }}", "an expression has more than 200 levels"},
        {"{{ 1", "+1", " }}", "an expression has more than 200 levels"},
        {"{{ 1", " or 1", " }}", "an expression has more than 200 levels"},
        {"{{ a", ".b", " }}", "an expression has more than 200 levels"},
        {"{{ a", "[0]", " }}", "an expression has more than 200 levels"},
        {"{{ a", "|d", " }}", "an expression has more than 200 levels"},
        {"{{ ", "1 if 1 else ", "1 }}", "an expression has more than 200 levels"},
        {"{{ 1", " if 1", " }}", "an expression has more than 200 levels"},
        {"{{ 1", "<1", " }}", "more than 200 comparisons in a chain"},
    };
    buf_auto template = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        repeat(&template, cases[i].before, cases[i].unit, 20000, cases[i].after);
        expect(buf_string(&template), -1, cases[i].message);
    }
    repeat(&template, "{{ 1", "~1", 10000, " }}");
    buf_auto text = BUF_INIT;
    assert_int_equal(render(buf_string(&template), &text), 0);
    assert_int_equal(text.length, 10001);
    repeat(&template, "", "{{ 1 }}", 10000, "");
    assert_int_equal(render(buf_string(&template), &text), 0);
    assert_int_equal(text.length, 10000);
    repeat(&template, "", "x", TEMPLATE_MAX + 1, "");
    assert_int_equal(render(buf_string(&template), &text), -1);
}

static void a_budget_is_shared(void **state)
{
    struct template_budget budget = TEMPLATE_BUDGET;
    const char *template = "{{ 'x' * 1000000 }}";
    buf_auto text = BUF_INIT;
    struct error error;
    int rendered = 0;

    (void)state;
    while (template_render(template, strlen(template), NULL, &budget, &text, &error) == 0)
        rendered++;
    assert_true(rendered > 0 && rendered < 10);
    assert_string_equal(error.message, "the template needs too much memory");
}

/* Any bytes at all: whatever comes of it, it comes to an end. */
static void noise_does_no_harm(void **state)
{
    static const char *const pieces[] = {
        "{{", "}}",    "{#",   "#}",    "{%",   "-",     "'",    "\"",    "\\", "(",    ")",
        "[",  "]",     "{",    "}",     "|",    ".",     ",",    ":",     "1",  "0x",   "1e",
        "_",  "a",     " if ", "é",     " is ", " not ", " in ", "*",     "/",  "\xff", "xs",
        "d",  "|join", "~",    "|sort", "\n",   "=",     "==",   "users", "0.", "\\u",  "|replace"};
    buf_auto template = BUF_INIT, text = BUF_INIT;
    unsigned seed = 4711;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        buf_clear(&template);
        buf_add_string(&template, i % 2 ? "{{ " : "");
        for (int k = rand_r(&seed) % 20; k >= 0; k--)
            buf_add_string(&template, pieces[(size_t)rand_r(&seed) % COUNT_OF(pieces)]);
        buf_add_string(&template, i % 4 == 1 ? " }}" : "");
        render(buf_string(&template), &text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_have_pythons_values),
        cmocka_unit_test(failures_are_told_as_python_tells_them),
        cmocka_unit_test(texts_keep_what_is_between),
        cmocka_unit_test(what_is_left_out_is_named),
        cmocka_unit_test(greed_comes_to_its_end),
        cmocka_unit_test(depth_comes_to_its_end),
        cmocka_unit_test(a_budget_is_shared),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, load_names, free_names);
}
