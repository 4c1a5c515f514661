/* Bodies of requests: every type of field right and wrong, and what is told of it. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <string.h>

#include "server/resource/field.h"
#include "server/resource/overlay.h"
#include "server/resource/problems.h"
#include "json/text.h"

/* ---- bodies ---- */

static const int64_t least = 1, most = 10;
static const char *const colours[] = {"red", "green", "blue", NULL};

static const struct field inner_fields[] = {
    {.name = "city", .type = FIELD_TEXT, .flags = FIELD_REQUIRED},
    {.name = "number", .type = FIELD_INTEGER, .flags = FIELD_NULLABLE},
    FIELDS_END};

static const struct field all_fields[] = {
    {.name = "id", .type = FIELD_ID},
    {.name = "name", .type = FIELD_TEXT, .max_length = 5},
    {.name = "count", .type = FIELD_INTEGER, .minimum = &least, .maximum = &most},
    {.name = "ratio", .type = FIELD_NUMBER, .minimum = &least},
    {.name = "flag", .type = FIELD_BOOLEAN},
    {.name = "time", .type = FIELD_TIME},
    {.name = "colour", .type = FIELD_ENUM, .choices = colours},
    {.name = "any", .type = FIELD_JSON},
    {.name = "map", .type = FIELD_MAP},
    {.name = "tags", .type = FIELD_STRINGS, .max_length = 5},
    {.name = "few", .type = FIELD_STRINGS, .most = 3},
    {.name = "ids", .type = FIELD_IDS},
    {.name = "list", .type = FIELD_LIST},
    {.name = "place", .type = FIELD_OBJECT, .fields = inner_fields},
    {.name = "places", .type = FIELD_OBJECTS, .fields = inner_fields},
    {.name = "open", .type = FIELD_OBJECT, .flags = FIELD_OPEN, .fields = inner_fields},
    {.name = "maybe", .type = FIELD_INTEGER, .flags = FIELD_NULLABLE},
    FIELDS_END};

static const struct body all_body = {.fields = all_fields};

static json_t *parse(const char *text)
{
    struct error error;
    json_t *value = json_parse(text, strlen(text), &error);

    if (!value)
        fail_msg("%s: %s", text, error.message);
    return value;
}

/* What is wrong: "type path: message; …" */
static void check(const struct body *body, const char *text, struct buf *to)
{
    json_auto_t *value = parse(text);
    problems_auto problems;
    size_t i;
    json_t *one;

    problems_init(&problems, "body");
    body_check(body, value, &problems);
    json_auto_t *for_person = problems_for_person(&problems);
    json_array_foreach(for_person, i, one) {
        const json_t *problem = json_array_get(problems.list, i);
        buf_addf(to, "%s%s %s: %s", i ? "; " : "",
                 json_string_value(json_object_get(problem, "type")),
                 json_string_value(json_object_get(one, "path")),
                 json_string_value(json_object_get(one, "message")));
    }
    assert_int_equal(json_array_size(problems.path), 1); /* all steps in were steps out */
}

static void assert_problem(const struct body *body, const char *text, const char *expected)
{
    buf_auto found = BUF_INIT;

    check(body, text, &found);
    if (strcmp(buf_string(&found), expected) != 0)
        fail_msg("%s:\n  expected: %s\n  found:    %s", text, expected, buf_string(&found));
}

static void right_values_of_every_type_pass(void **state)
{
    static const char *const right[] = {
        "{}",
        "{\"id\": \"0190aaaa-0000-7000-8000-000000000001\"}",
        "{\"id\": \"0190AAAA00007000800000000000000A\"}",
        "{\"name\": \"\"}",
        "{\"name\": \"\\u00e4\\u00f6\\u00fc\\u20ac\\ud83d\\ude00\"}", /* five characters */
        "{\"count\": 1}",
        "{\"count\": 10}",
        "{\"count\": 3.0}",
        "{\"ratio\": 1}",
        "{\"ratio\": 1.5}",
        "{\"flag\": false}",
        "{\"time\": \"2026-11-22T10:05:48.526522Z\"}",
        "{\"time\": \"2026-11-22T10:05:48+02:00\"}",
        "{\"time\": \"2026-11-22\"}",
        "{\"colour\": \"blue\"}",
        "{\"any\": null}",
        "{\"any\": [1, {\"a\": 1}]}",
        "{\"map\": {\"x\": [1]}}",
        "{\"tags\": []}",
        "{\"tags\": [\"a\", \"12345\"]}",
        "{\"ids\": [\"0190aaaa-0000-7000-8000-000000000001\"]}",
        "{\"list\": [1, \"a\", null]}",
        "{\"place\": {\"city\": \"Rome\", \"number\": null}}",
        "{\"places\": [{\"city\": \"Rome\"}, {\"city\": \"Oslo\"}]}",
        "{\"open\": {\"city\": \"Rome\", \"unknown\": 1}}",
        "{\"maybe\": null}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(right); i++)
        assert_problem(&all_body, right[i], "");
}

static void wrong_values_of_every_type_are_told(void **state)
{
    static const struct {
        const char *body;
        const char *problem;
    } wrong[] = {
        {"[]", "model_attributes_type : Input should be a valid dictionary or object to extract "
               "fields from"},
        {"null", "model_attributes_type : Input should be a valid dictionary or object to extract "
                 "fields from"},
        {"{\"id\": 1}", "uuid_type id: UUID input should be a string, bytes or UUID object"},
        {"{\"id\": \"x\"}", "uuid_parsing id: Input should be a valid UUID"},
        {"{\"id\": null}", "uuid_type id: UUID input should be a string, bytes or UUID object"},
        {"{\"name\": 1}", "string_type name: Input should be a valid string"},
        {"{\"name\": \"123456\"}", "string_too_long name: String should have at most 5 characters"},
        {"{\"count\": \"1\"}", "int_type count: Input should be a valid integer"},
        {"{\"count\": true}", "int_type count: Input should be a valid integer"},
        {"{\"count\": 1.5}", "int_from_float count: Input should be a valid integer, got a number "
                             "with a fractional part"},
        {"{\"count\": 1e300}", "int_from_float count: Input should be a valid integer, got a "
                               "number with a fractional part"},
        {"{\"count\": 0}", "greater_than_equal count: Input should be greater than or equal to 1"},
        {"{\"count\": 11}", "less_than_equal count: Input should be less than or equal to 10"},
        {"{\"ratio\": \"1\"}", "float_type ratio: Input should be a valid number"},
        {"{\"ratio\": 0.5}",
         "greater_than_equal ratio: Input should be greater than or equal to 1"},
        {"{\"flag\": 1}", "bool_type flag: Input should be a valid boolean"},
        {"{\"time\": 1}", "datetime_type time: Input should be a valid datetime"},
        {"{\"time\": \"yesterday\"}",
         "datetime_from_date_parsing time: Input should be a valid datetime or date"},
        {"{\"time\": \"2026-02-30T00:00:00Z\"}",
         "datetime_from_date_parsing time: Input should be a valid datetime or date"},
        {"{\"colour\": \"Red\"}", "enum colour: Input should be 'red', 'green' or 'blue'"},
        {"{\"colour\": 1}", "enum colour: Input should be 'red', 'green' or 'blue'"},
        {"{\"map\": []}", "dict_type map: Input should be a valid dictionary"},
        {"{\"tags\": \"a\"}", "list_type tags: Input should be a valid list"},
        {"{\"tags\": [\"a\", 1]}", "string_type tags[1]: Input should be a valid string"},
        {"{\"tags\": [\"123456\"]}",
         "string_too_long tags[0]: String should have at most 5 characters"},
        {"{\"ids\": [\"0190aaaa-0000-7000-8000-000000000001\", \"x\"]}",
         "uuid_parsing ids[1]: Input should be a valid UUID"},
        {"{\"list\": {}}", "list_type list: Input should be a valid list"},
        {"{\"place\": {}}", "missing place.city: Field required"},
        {"{\"place\": 1}", "model_attributes_type place: Input should be a valid dictionary or "
                           "object to extract fields from"},
        {"{\"place\": {\"city\": \"Rome\", \"x\": 1}}",
         "extra_forbidden place.x: Extra inputs are not permitted"},
        {"{\"places\": {}}", "list_type places: Input should be a valid list"},
        {"{\"places\": [{\"city\": \"Rome\"}, {\"city\": 1}]}",
         "string_type places[1].city: Input should be a valid string"},
        {"{\"open\": {\"unknown\": 1}}", "missing open.city: Field required"},
        {"{\"maybe\": \"x\"}", "int_type maybe: Input should be a valid integer"},
        {"{\"unknown\": 1}", "extra_forbidden unknown: Extra inputs are not permitted"},
        {"{\"name\": 1, \"flag\": 2}", "string_type name: Input should be a valid string; "
                                       "bool_type flag: Input should be a valid boolean"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_problem(&all_body, wrong[i].body, wrong[i].problem);
}

static void a_problem_names_place_input_and_bounds_for_code(void **state)
{
    json_auto_t *value = parse("{\"places\": [{\"city\": \"x\"}, {\"city\": []}], \"count\": 99}");
    json_auto_t *expected =
        parse("[{\"type\": \"less_than_equal\", \"loc\": [\"body\", \"count\"], \"input\": 99,"
              " \"msg\": \"Input should be less than or equal to 10\", \"ctx\": {\"le\": 10}},"
              " {\"type\": \"string_type\", \"loc\": [\"body\", \"places\", 1, \"city\"],"
              " \"input\": [], \"msg\": \"Input should be a valid string\"}]");
    problems_auto problems;

    (void)state;
    problems_init(&problems, "body");
    body_check(&all_body, value, &problems);
    assert_true(json_equal(problems.list, expected));
}

static void what_may_be_sent_depends_on_what_is_done(void **state)
{
    static const struct field fields[] = {
        {.name = "id", .type = FIELD_ID},
        {.name = "name", .type = FIELD_TEXT, .flags = FIELD_CREATE | FIELD_REQUIRED},
        {.name = "note", .type = FIELD_TEXT, .flags = FIELD_UPDATE},
        FIELDS_END};
    const struct body create = {.fields = fields, .only = FIELD_CREATE};
    const struct body update = {.fields = fields, .only = FIELD_UPDATE};
    const struct body open = {.fields = fields, .only = FIELD_CREATE, .open = true};
    const struct body list = {.fields = fields, .only = FIELD_CREATE, .list = true};

    (void)state;
    assert_problem(&create, "{\"name\": \"a\"}", "");
    assert_problem(&create, "{}", "missing name: Field required");
    assert_problem(&create, "{\"name\": \"a\", \"note\": \"b\"}",
                   "extra_forbidden note: Extra inputs are not permitted");
    assert_problem(&create, "{\"name\": \"a\", \"id\": \"0190aaaa-0000-7000-8000-000000000001\"}",
                   "extra_forbidden id: Extra inputs are not permitted");
    assert_problem(&update, "{\"note\": \"b\"}", "");
    assert_problem(&update, "{\"name\": \"a\"}",
                   "extra_forbidden name: Extra inputs are not permitted");
    assert_problem(&open, "{\"name\": \"a\", \"what\": 1}", "");
    assert_problem(&list, "[{\"name\": \"a\"}, {}]", "missing [1].name: Field required");
    assert_problem(&list, "{}", "list_type : Input should be a valid list");
}

static void what_nobody_knows_may_be_let_through(void **state)
{
    json_auto_t *body = parse("{\"what\": 1, \"name\": 2}");
    problems_auto problems;

    (void)state;
    problems_init(&problems, "body");
    problems.lenient = true;
    body_check(&all_body, body, &problems);
    assert_int_equal(json_array_size(problems.list), 1); /* the name's, which is known */
}

static void add_entries(struct buf *body, const char *name, const char *entry, int count)
{
    buf_clear(body);
    buf_addf(body, "{\"%s\": [%s", name, entry);
    for (int i = 1; i < count; i++)
        buf_addf(body, ",%s", entry);
    buf_add_string(body, "]}");
}

static void lists_are_bounded(void **state)
{
    static const struct {
        const char *name;
        const char *entry;
        int most;
    } lists[] = {{"ids", "\"0190aaaa-0000-7000-8000-000000000001\"", FIELD_IDS_LIMIT},
                 {"tags", "\"x\"", FIELD_STRINGS_LIMIT},
                 {"few", "\"x\"", 3},
                 {"places", "{\"city\":\"x\"}", FIELD_OBJECTS_LIMIT}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        buf_auto body = BUF_INIT;
        buf_auto told = BUF_INIT;
        buf_addf(&told, "too_long %s: List should have at most %d items after validation, not %d",
                 lists[i].name, lists[i].most, lists[i].most + 1);
        add_entries(&body, lists[i].name, lists[i].entry, lists[i].most);
        assert_problem(&all_body, buf_string(&body), "");
        add_entries(&body, lists[i].name, lists[i].entry, lists[i].most + 1);
        assert_problem(&all_body, buf_string(&body), buf_string(&told));
    }
}

static void so_are_bodies_that_say_so(void **state)
{
    static const struct body body = {.fields = inner_fields, .list = true, .most = 2};

    (void)state;
    assert_problem(&body, "[{\"city\":\"x\"},{\"city\":\"y\"}]", "");
    assert_problem(&body, "[{\"city\":\"x\"},{\"city\":\"y\"},{\"city\":\"z\"}]",
                   "too_long : List should have at most 2 items after validation, not 3");
}

static void what_is_wrong_is_bounded(void **state)
{
    json_auto_t *many = json_array();
    json_auto_t *body = json_object();
    problems_auto problems;

    (void)state;
    for (int i = 0; i < 10 * PROBLEMS_LIMIT; i++)
        json_array_append_new(many, json_integer(i));
    json_object_set(body, "tags", many);
    problems_init(&problems, "body");
    body_check(&all_body, body, &problems);
    assert_int_equal(json_array_size(problems.list), PROBLEMS_LIMIT);
}

/* ---- objects over objects ---- */

static void of_equal_keys_the_upper_one_counts(void **state)
{
    static const struct {
        const char *base, *over, *both;
    } cases[] = {
        {"{}", "{}", "{}"},
        {"{\"a\":1}", "{}", "{\"a\":1}"},
        {"{}", "{\"a\":1}", "{\"a\":1}"},
        {"{\"a\":1,\"b\":2}", "{\"b\":3}", "{\"a\":1,\"b\":3}"},
        {"{\"a\":{\"x\":[1,\"},{\"]},\"b\":\"\\\"}\"}", "{\"b\":0}",
         "{\"a\":{\"x\":[1,\"},{\"]},\"b\":0}"},
        {"{\"\\u0061\":1}", "{\"a\":2}", "{\"a\":2}"},
        {"{\"n\":12345678901234567890.10}", "{\"m\":1e400}",
         "{\"n\":12345678901234567890.10,\"m\":1e400}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto both = BUF_INIT;
        json_overlay(&both, cases[i].base, cases[i].over);
        assert_string_equal(buf_string(&both), cases[i].both);
    }
}

static void members_are_left_out_by_their_names(void **state)
{
    json_auto_t *names = json_pack("{s:n,s:n}", "a", "\xc3\xa4");
    buf_auto rest = BUF_INIT;

    (void)state;
    json_without(
        &rest,
        " { \"\\u0061\" : [1, {\"b\": 2}] , \"b\" : \"},\\\"\" , \"\\u00e4\": 1,\"c\":1.50 } ",
        names);
    assert_string_equal(buf_string(&rest), "{\"b\" : \"},\\\"\",\"c\":1.50}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_values_of_every_type_pass),
        cmocka_unit_test(wrong_values_of_every_type_are_told),
        cmocka_unit_test(a_problem_names_place_input_and_bounds_for_code),
        cmocka_unit_test(what_may_be_sent_depends_on_what_is_done),
        cmocka_unit_test(what_nobody_knows_may_be_let_through),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(so_are_bodies_that_say_so),
        cmocka_unit_test(what_is_wrong_is_bounded),
        cmocka_unit_test(of_equal_keys_the_upper_one_counts),
        cmocka_unit_test(members_are_left_out_by_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
