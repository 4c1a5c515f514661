/* The short notation of fields, and answers for a shell. */
#include <stdlib.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/notation.h"
#include "tests/unit/unit.h"
#include "json/schema.h"
#include "json/text.h"

static void assert_json(const json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_COMPACT);

    assert_string_equal(text, expected);
    free(text);
}

/* The property that a field's text becomes, and whether it is required. */
static void assert_field(const char *text, const char *name, const char *property, bool required)
{
    json_auto_t *schema = notation_begin("Form");
    struct error error;
    struct schema *compiled;

    assert_int_equal(notation_add(schema, text, &error), 0);
    assert_json(json_object_get(json_object_get(schema, "properties"), name), property);
    assert_int_equal(json_array_size(json_object_get(schema, "required")), required);
    assert_int_equal(schema_compile(schema, NULL, &compiled, &error), 0);
    schema_free(compiled);
}

static void fields(void **state)
{
    (void)state;
    assert_field("name", "name", "{\"title\":\"Name\",\"type\":\"string\"}", true);
    assert_field("first_name: text", "first_name", "{\"title\":\"First Name\",\"type\":\"string\"}",
                 true);
    assert_field("note?", "note", "{\"title\":\"Note\",\"type\":\"string\"}", false);
    assert_field("env: staging|production", "env",
                 "{\"title\":\"Env\",\"enum\":[\"staging\",\"production\"],\"type\":\"string\"}",
                 true);
    assert_field("env: my staging | production = production # where it goes", "env",
                 "{\"title\":\"Env\",\"enum\":[\"my staging\",\"production\"],\"type\":\"string\","
                 "\"default\":\"production\",\"description\":\"where it goes\"}",
                 false);
    assert_field("replicas: integer >= 1 = 3", "replicas",
                 "{\"title\":\"Replicas\",\"type\":\"integer\",\"minimum\":1,\"default\":3}",
                 false);
    assert_field("n: integer>=1<=20", "n",
                 "{\"title\":\"N\",\"type\":\"integer\",\"minimum\":1,\"maximum\":20}", true);
    assert_field("share: number > 0 < 1.5", "share",
                 "{\"title\":\"Share\",\"type\":\"number\",\"exclusiveMinimum\":0,"
                 "\"exclusiveMaximum\":1.5}",
                 true);
    assert_field("when: datetime", "when",
                 "{\"title\":\"When\",\"type\":\"string\",\"format\":\"date-time\"}", true);
    assert_field("day: date = 2026-12-24", "day",
                 "{\"title\":\"Day\",\"type\":\"string\",\"format\":\"date\",\"default\":"
                 "\"2026-12-24\"}",
                 false);
    assert_field("at: time = 09:30", "at",
                 "{\"title\":\"At\",\"type\":\"string\",\"format\":\"time\",\"default\":\"09:30\"}",
                 false);
    assert_field("tags: list of text <= 5 = [\"a\"] # some", "tags",
                 "{\"title\":\"Tags\",\"items\":{\"type\":\"string\"},\"type\":\"array\","
                 "\"maxItems\":5,\"default\":[\"a\"],\"description\":\"some\"}",
                 false);
    assert_field("color: text = \"#fff = white\"", "color",
                 "{\"title\":\"Color\",\"type\":\"string\",\"default\":\"#fff = white\"}", false);
    assert_field("tell:boolean=true", "tell",
                 "{\"title\":\"Tell\",\"type\":\"boolean\",\"default\":true}", false);
}

static void assert_refused(const char *text, const char *why)
{
    json_auto_t *schema = notation_begin("Form");
    json_auto_t *before = json_deep_copy(schema);
    struct error error;

    assert_int_equal(notation_add(schema, text, &error), -1);
    if (!strstr(error.message, why))
        fail_msg("'%s' is not in '%s'", why, error.message);
    assert_true(json_equal(schema, before));
}

static void refusals(void **state)
{
    (void)state;
    assert_refused("", "no name that a shell can use");
    assert_refused("1st", "no name that a shell can use");
    assert_refused("a b: text", "is not understood");
    assert_refused("$(x): text", "no name that a shell can use");
    assert_refused("a: strng", "'strng' is no type");
    assert_refused("a:", "is no type");
    assert_refused("a: list of things", "'things' is no type");
    assert_refused("a: x||y", "one of the choices is empty");
    assert_refused("a: integer >= x", "no number behind '>='");
    assert_refused("a: integer >= nan", "no number behind '>='");
    assert_refused("a: boolean >= 1", "a boolean has no bound with '>='");
    assert_refused("a: text < 5", "a text has no bound with '<'");
    assert_refused("a: text <= 38.5", "the length of a text is a whole number");
    assert_refused("a: list of text >= -1", "the length of a list is a whole number");
    assert_refused("a: integer = three", "the default 'three' is no integer");
    assert_refused("a: integer = 1.5", "must be a whole number");
    assert_refused("a: integer >= 1 = 0", "the default '0' must be at least 1");
    assert_refused("a: x|y = z", "the default 'z'");
    assert_refused("a: date = tomorrow", "the default 'tomorrow'");
    assert_refused("a: text = \"open", "is no JSON");
    assert_refused("a: text = \"x\" y", "'y' is not understood");
    assert_refused("a: text \xff", "no UTF-8");
}

static void names_are_there_once(void **state)
{
    json_auto_t *schema = notation_begin("Form");
    struct error error;

    (void)state;
    assert_int_equal(notation_add(schema, "a", &error), 0);
    assert_int_equal(notation_add(schema, "a: integer", &error), -1);
    assert_non_null(strstr(error.message, "twice"));
}

static void exports(void **state)
{
    static const char schema_text[] = "{\"properties\":{\"text\":{},\"n\":{},\"list\":{},\"no\":{},"
                                      "\"gone\":{},\"yes\":{}}}";
    static const char answer_text[] =
        "{\"PATH\":\"/evil\",\"text\":\"it's $(rm -rf /)\\n`x`\\\\ \\\"q\\\"\",\"n\":1.5,"
        "\"list\":[\"a'b\",1],\"no\":null,\"yes\":true}";
    json_auto_t *schema = json_parse(schema_text, strlen(schema_text), NULL);
    json_auto_t *answer = json_parse(answer_text, strlen(answer_text), NULL);
    buf_auto text = BUF_INIT;
    struct error error;

    (void)state;
    assert_int_equal(answer_check_names(schema, &error), 0);
    answer_add_export(&text, schema, answer);
    assert_string_equal(buf_string(&text), "text='it'\\''s $(rm -rf /)\n`x`\\ \"q\"'\n"
                                           "n='1.5'\n"
                                           "list='[\"a'\\''b\", 1]'\n"
                                           "no=''\n"
                                           "gone=''\n"
                                           "yes='true'\n");
    json_object_set_new(json_object_get(schema, "properties"), "a-b", json_object());
    assert_int_equal(answer_check_names(schema, &error), -1);
    assert_non_null(strstr(error.message, "'a-b'"));
}

static void json_is_harmless(void **state)
{
    json_auto_t *value = json_pack("{s:s}", "k\x1b",
                                   "a\xc2\x9b"
                                   "b\x7f\xe2\x80\xae é\n");
    buf_auto text = BUF_INIT;

    (void)state;
    answer_add_json(&text, value);
    assert_string_equal(buf_string(&text), "{\"k\\u001b\": \"a\\u009bb\\u007f\\u202e é\\n\"}");
    json_auto_t *again = json_parse(text.data, text.length, NULL);
    assert_true(json_equal(value, again));
}

static void defaults_complete_an_answer(void **state)
{
    json_auto_t *schema = notation_begin("Form");
    json_auto_t *answer = json_pack("{s:i}", "a", 1);
    struct error error;

    (void)state;
    assert_int_equal(notation_add(schema, "a: integer = 7", &error), 0);
    assert_int_equal(notation_add(schema, "b: integer = 8", &error), 0);
    assert_int_equal(notation_add(schema, "c?", &error), 0);
    assert_int_equal(answer_complete(schema, answer, &error), 0);
    assert_json(answer, "{\"a\":1,\"b\":8}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(refusals),
        cmocka_unit_test(names_are_there_once),
        cmocka_unit_test(exports),
        cmocka_unit_test(json_is_harmless),
        cmocka_unit_test(defaults_complete_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
