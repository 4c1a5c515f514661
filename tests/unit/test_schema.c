/* The validator beyond the official suite: what it says, what it refuses, where it stops. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "json/schema.h"
#include "json/text.h"

static json_t *parse(const char *text)
{
    struct error error;
    json_t *value = json_parse(text, strlen(text), &error);

    if (!value)
        fail_msg("%s: %s", text, error.message);
    return value;
}

static struct schema *compile(const char *text, const struct schema_options *options)
{
    struct schema *schema = NULL;
    struct error error;

    if (schema_compile_text(text, strlen(text), options, &schema, &error) < 0)
        fail_msg("%s: %s", text, error.message);
    return schema;
}

/* As Prefect validates: the schema, the value, its refusal, and what a form says beside the fields.
 */
static const struct {
    const char *schema;
    const char *instance;
    const char *reason;
    const char *fields;
} refusals[] = {
    // clang-format off
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{\"name\":\"x\",\"age\":\"forty\"}", "Validation failed for field 'age'. Failure reason: 'forty' is not of type 'integer'", "age must be a whole number"},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{\"name\":\"x\"}", "Validation failed. Failure reason: 'age' is a required property", "age is required"},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{}", "Validation failed. Failure reason: 'name' is a required property", "name is required; age is required"},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{\"name\":\"x\",\"age\":1,\"shoe\":2}", "Validation failed. Failure reason: Additional properties are not allowed ('shoe' was unexpected)", "shoe is not expected here"},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{\"name\":1,\"age\":\"x\"}", "Validation failed for field 'name'. Failure reason: 1 is not of type 'string'", "name must be text; age must be a whole number"},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{\"name\":\"x\",\"age\":-1}", "Validation failed for field 'age'. Failure reason: -1 is less than the minimum of 0", "age must be at least 0"},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{\"name\":\"x\",\"age\":40.5}", "Validation failed for field 'age'. Failure reason: 40.5 is not of type 'integer'", "age must be a whole number"},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{\"name\":\"x\",\"age\":40.0}", "", ""},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "{\"name\":\"x\",\"age\":true}", "Validation failed for field 'age'. Failure reason: True is not of type 'integer'", "age must be a whole number"},
{"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"name\",\"age\"],\"additionalProperties\":false}", "[]", "Validation failed. Failure reason: [] is not of type 'object'", "must be a group of fields"},
{"{\"type\":\"object\",\"properties\":{\"o\":{\"type\":\"object\",\"properties\":{\"p\":{\"type\":\"array\",\"items\":{\"enum\":[\"p\",\"q\"]}}},\"required\":[\"p\"]}},\"required\":[\"o\"]}", "{\"o\":{\"p\":[\"x\"]}}", "Validation failed for field 'o.p[0]'. Failure reason: 'x' is not one of ['p', 'q']", "o.p[0] must be one of p, q"},
{"{\"type\":\"object\",\"properties\":{\"size\":{\"enum\":[\"small\",\"medium\",\"large\"],\"type\":\"string\"}},\"required\":[\"size\"]}", "{\"size\":3}", "Validation failed for field 'size'. Failure reason: 3 is not one of ['small', 'medium', 'large']", "size must be one of small, medium, large"},
{"{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"maximum\":3}},\"required\":[\"n\"]}", "{\"n\":5}", "Validation failed for field 'n'. Failure reason: 5 is greater than the maximum of 3", "n must be at most 3"},
{"{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"maximum\":3}},\"required\":[]}", "{\"n\":\"x\"}", "Validation failed for field 'n'. Failure reason: 'x' is not valid under any of the given schemas", "n must be a whole number"},
{"{\"type\":\"object\",\"properties\":{\"s\":{\"type\":\"string\",\"minLength\":1}},\"required\":[\"s\"]}", "{\"s\":\"\"}", "Validation failed for field 's'. Failure reason: '' should be non-empty", "s must not be empty"},
{"{\"type\":\"object\",\"properties\":{\"s\":{\"type\":\"string\",\"minLength\":3,\"maxLength\":4}},\"required\":[\"s\"]}", "{\"s\":\"ab\"}", "Validation failed for field 's'. Failure reason: 'ab' is too short", "s must have at least 3 characters"},
{"{\"type\":\"object\",\"properties\":{\"s\":{\"type\":\"string\",\"minLength\":3,\"maxLength\":4}},\"required\":[\"s\"]}", "{\"s\":\"it's é\\n\"}", "Validation failed for field 's'. Failure reason: \"it's é\\n\" is too long", "s must have at most 4 characters"},
{"{\"type\":\"object\",\"properties\":{\"s\":{\"maxLength\":0}},\"required\":[\"s\"]}", "{\"s\":\"x\"}", "Validation failed for field 's'. Failure reason: 'x' is expected to be empty", "s must be empty"},
{"{\"type\":\"object\",\"properties\":{\"s\":{\"type\":\"string\",\"pattern\":\"^[A-Z]{2}$\",\"examples\":[\"NL\"]}},\"required\":[\"s\"]}", "{\"s\":\"x\"}", "Validation failed for field 's'. Failure reason: 'x' does not match '^[A-Z]{2}$'", "s does not have the expected form, such as NL"},
{"{\"type\":\"object\",\"properties\":{\"n\":{\"exclusiveMinimum\":0.5}},\"required\":[\"n\"]}", "{\"n\":0.5}", "Validation failed for field 'n'. Failure reason: 0.5 is less than or equal to the minimum of 0.5", "n must be greater than 0.5"},
{"{\"type\":\"object\",\"properties\":{\"n\":{\"exclusiveMaximum\":2}},\"required\":[\"n\"]}", "{\"n\":2.0}", "Validation failed for field 'n'. Failure reason: 2.0 is greater than or equal to the maximum of 2", "n must be less than 2"},
{"{\"type\":\"object\",\"properties\":{\"n\":{\"multipleOf\":0.5}},\"required\":[\"n\"]}", "{\"n\":0.7}", "Validation failed for field 'n'. Failure reason: 0.7 is not a multiple of 0.5", "n must be a multiple of 0.5"},
{"{\"type\":\"object\",\"properties\":{\"n\":{\"multipleOf\":5}},\"required\":[\"n\"]}", "{\"n\":7}", "Validation failed for field 'n'. Failure reason: 7 is not a multiple of 5", "n must be a multiple of 5"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"minItems\":1}},\"required\":[\"l\"]}", "{\"l\":[]}", "Validation failed for field 'l'. Failure reason: [] should be non-empty", "l must have at least 1 entry"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"minItems\":2}},\"required\":[\"l\"]}", "{\"l\":[1]}", "Validation failed for field 'l'. Failure reason: [1] is too short", "l must have at least 2 entries"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"maxItems\":1}},\"required\":[\"l\"]}", "{\"l\":[1,null]}", "Validation failed for field 'l'. Failure reason: [1, None] is too long", "l must have at most 1 entry"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"uniqueItems\":true}},\"required\":[\"l\"]}", "{\"l\":[1,1.0]}", "Validation failed for field 'l'. Failure reason: [1, 1.0] has non-unique elements", "l must not have the same entry twice: 1"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"prefixItems\":[{\"type\":\"integer\"}],\"items\":false}},\"required\":[\"l\"]}", "{\"l\":[1,\"a\"]}", "Validation failed for field 'l'. Failure reason: Expected at most 1 item but found 1 extra: 'a'", "l must have at most 1 entry"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"prefixItems\":[true,true],\"items\":false}},\"required\":[\"l\"]}", "{\"l\":[1,2,3,[4]]}", "Validation failed for field 'l'. Failure reason: Expected at most 2 items but found 2 extra: [3, [4]]", "l must have at most 2 entries"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"contains\":{\"type\":\"integer\"}}},\"required\":[\"l\"]}", "{\"l\":[\"a\"]}", "Validation failed for field 'l'. Failure reason: ['a'] does not contain items matching the given schema", "l must have at least 1 entry of the right kind"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"contains\":{\"type\":\"integer\"},\"minContains\":2}},\"required\":[\"l\"]}", "{\"l\":[1]}", "Validation failed for field 'l'. Failure reason: Too few items match the given schema (expected at least 2 but only 1 matched)", "l must have at least 2 entries of the right kind"},
{"{\"type\":\"object\",\"properties\":{\"l\":{\"contains\":{\"type\":\"integer\"},\"maxContains\":1}},\"required\":[\"l\"]}", "{\"l\":[1,2]}", "Validation failed for field 'l'. Failure reason: Too many items match the given schema (expected at most 1)", "l must have at most 1 entry of one kind"},
{"{\"minProperties\":1}", "{}", "Validation failed. Failure reason: {} should be non-empty", "must have at least 1 field"},
{"{\"minProperties\":2}", "{\"a\":1}", "Validation failed. Failure reason: {'a': 1} does not have enough properties", "must have at least 2 fields"},
{"{\"maxProperties\":0}", "{\"a\":1}", "Validation failed. Failure reason: {'a': 1} is expected to be empty", "must be empty"},
{"{\"maxProperties\":1}", "{\"a\":1,\"b\":{\"c\":[true]}}", "Validation failed. Failure reason: {'a': 1, 'b': {'c': [True]}} has too many properties", "must have at most 1 field"},
{"{\"propertyNames\":{\"pattern\":\"^[a-z]+$\"}}", "{\"A\":1}", "Validation failed. Failure reason: 'A' does not match '^[a-z]+$'", "A is not a name that is allowed here"},
{"{\"dependentRequired\":{\"card\":[\"name\"]}}", "{\"card\":1}", "Validation failed. Failure reason: 'name' is a dependency of 'card'", "name is required when card is given"},
{"{\"patternProperties\":{\"^a\":true,\"b$\":true},\"additionalProperties\":false}", "{\"c\":1,\"a\":2,\"d\":3}", "Validation failed. Failure reason: 'c', 'd' do not match any of the regexes: '^a', 'b$'", "c is not expected here; d is not expected here"},
{"{\"allOf\":[{\"properties\":{\"a\":false}}]}", "{\"a\":1}", "Validation failed. Failure reason: False schema does not allow 1", "a is not expected here"},
{"{\"const\":{\"a\":[null]}}", "{\"a\":[0]}", "Validation failed. Failure reason: {'a': [None]} was expected", "must be {\"a\":[null]}"},
{"{\"not\":{\"type\":\"string\"}}", "\"x\"", "Validation failed. Failure reason: 'x' should not be valid under {'type': 'string'}", "must not have this value"},
{"{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":2}}", "\"x\"", "Validation failed. Failure reason: 'x' is too short", "must have at least 2 characters"},
{"{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "3", "Validation failed. Failure reason: 3 is valid under each of {'minimum': 2}, {'type': 'integer'}", "fits several of the possible kinds"},
{"{\"allOf\":[{\"type\":\"integer\"}]}", "\"x\"", "Validation failed. Failure reason: 'x' is not of type 'integer'", "must be a whole number"},
{"{\"properties\":{\"a\":{}},\"unevaluatedProperties\":false}", "{\"a\":1,\"c\":2,\"b\":3}", "Validation failed. Failure reason: Unevaluated properties are not allowed ('b', 'c' were unexpected)", "b is not expected here; c is not expected here"},
{"{\"properties\":{\"a\":{}},\"unevaluatedProperties\":{\"type\":\"string\"}}", "{\"c\":2}", "Validation failed. Failure reason: Unevaluated properties are not valid under the given schema ('c' was unevaluated and invalid)", "c is not expected here"},
{"{\"prefixItems\":[{}],\"unevaluatedItems\":false}", "[1,\"b\"]", "Validation failed. Failure reason: Unevaluated items are not allowed ('b' was unexpected)", "has 1 entry too many"},
{"{\"enum\":[1,\"b\",null,true]}", "2.5", "Validation failed. Failure reason: 2.5 is not one of [1, 'b', None, True]", "must be one of 1, b, empty, true"},
{"{\"type\":[\"integer\",\"null\"]}", "\"x\"", "Validation failed. Failure reason: 'x' is not of type 'integer', 'null'", "must be a whole number"},
{"{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\"},{\"type\":\"null\"}]}", "[]", "Validation failed. Failure reason: [] is not valid under any of the given schemas", "must be text or a whole number"},
{"{\"$defs\":{\"A\":{\"type\":\"object\",\"properties\":{\"street\":{\"type\":\"string\",\"minLength\":1},\"zip\":{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}},\"required\":[\"street\",\"zip\"]}},\"type\":\"object\",\"properties\":{\"home\":{\"anyOf\":[{\"$ref\":\"#/$defs/A\"},{\"type\":\"null\"}],\"default\":null},\"work\":{\"anyOf\":[{\"$ref\":\"#/$defs/A\"},{\"type\":\"string\"}]}},\"required\":[\"work\"]}", "{\"home\":{\"street\":\"\",\"zip\":\"x\"},\"work\":\"y\"}", "Validation failed for field 'home.street'. Failure reason: '' should be non-empty", "home.street must not be empty; home.zip does not have the expected form"},
{"{\"$defs\":{\"A\":{\"type\":\"object\",\"properties\":{\"street\":{\"type\":\"string\",\"minLength\":1},\"zip\":{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}},\"required\":[\"street\",\"zip\"]}},\"type\":\"object\",\"properties\":{\"home\":{\"anyOf\":[{\"$ref\":\"#/$defs/A\"},{\"type\":\"null\"}],\"default\":null},\"work\":{\"anyOf\":[{\"$ref\":\"#/$defs/A\"},{\"type\":\"string\"}]}},\"required\":[\"work\"]}", "{\"home\":null,\"work\":{\"street\":\"s\"}}", "Validation failed for field 'work'. Failure reason: 'zip' is a required property", "work.zip is required"},
{"{\"$defs\":{\"A\":{\"type\":\"object\",\"properties\":{\"street\":{\"type\":\"string\",\"minLength\":1},\"zip\":{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}},\"required\":[\"street\",\"zip\"]}},\"type\":\"object\",\"properties\":{\"home\":{\"anyOf\":[{\"$ref\":\"#/$defs/A\"},{\"type\":\"null\"}],\"default\":null},\"work\":{\"anyOf\":[{\"$ref\":\"#/$defs/A\"},{\"type\":\"string\"}]}},\"required\":[\"work\"]}", "{\"home\":5,\"work\":5}", "Validation failed for field 'work'. Failure reason: 5 is not valid under any of the given schemas", "home must be a group of fields; work must be text or a group of fields"},
{"{\"type\":\"object\",\"properties\":{\"pet\":{\"oneOf\":[{\"type\":\"object\",\"properties\":{\"kind\":{\"const\":\"cat\",\"type\":\"string\"},\"lives\":{\"type\":\"integer\"}},\"required\":[\"kind\",\"lives\"]},{\"type\":\"object\",\"properties\":{\"kind\":{\"const\":\"dog\",\"type\":\"string\"},\"name\":{\"type\":\"string\"}},\"required\":[\"kind\",\"name\"]}]}},\"required\":[\"pet\"]}", "{\"pet\":{\"kind\":\"dog\",\"name\":5}}", "Validation failed for field 'pet.kind'. Failure reason: 'cat' was expected", "pet.name must be text"},
{"{\"type\":\"object\",\"properties\":{\"pet\":{\"oneOf\":[{\"type\":\"object\",\"properties\":{\"kind\":{\"const\":\"cat\",\"type\":\"string\"},\"lives\":{\"type\":\"integer\"}},\"required\":[\"kind\",\"lives\"]},{\"type\":\"object\",\"properties\":{\"kind\":{\"const\":\"dog\",\"type\":\"string\"},\"name\":{\"type\":\"string\"}},\"required\":[\"kind\",\"name\"]}]}},\"required\":[\"pet\"]}", "{\"pet\":{\"kind\":\"cow\"}}", "Validation failed for field 'pet'. Failure reason: {'kind': 'cow'} is not valid under any of the given schemas", "pet.kind must be one of cat, dog"},
{"{\"type\":\"object\",\"properties\":{\"a b\":{\"type\":\"integer\"},\"it's\":{\"type\":\"integer\"},\"_x\":{\"type\":\"integer\"}},\"required\":[\"a b\"]}", "{\"a b\":\"x\"}", "Validation failed for field \"$['a b']\". Failure reason: 'x' is not of type 'integer'", "['a b'] must be a whole number"},
{"{\"type\":\"object\",\"properties\":{\"it's\":{\"type\":\"object\",\"properties\":{\"l\":{\"items\":{\"type\":\"integer\"}}},\"required\":[\"l\"]}},\"required\":[\"it's\"]}", "{\"it's\":{\"l\":[1,\"x\"]}}", "Validation failed for field \"$['it\\\\'s'].l[1]\". Failure reason: 'x' is not of type 'integer'", "['it\\'s'].l[1] must be a whole number"},
{"{\"items\":{\"type\":\"integer\"}}", "[1,\"x\",\"y\"]", "Validation failed for field '$[2]'. Failure reason: 'y' is not of type 'integer'", "[1] must be a whole number; [2] must be a whole number"},
{"{\"unevaluatedProperties\":false,\"maxProperties\":0}", "{\"a\":1}", "Validation failed. Failure reason: Unevaluated properties are not allowed ('a' was unexpected)", "a is not expected here; must be empty"},
    // clang-format on
};

static void list_fields(const struct schema_errors *errors, struct buf *to)
{
    for (size_t i = 0; i < errors->field_count; i++) {
        const struct schema_field_error *field = &errors->fields[i];
        buf_addf(to, "%s%s%s%s", i > 0 ? "; " : "", field->path_text, *field->path_text ? " " : "",
                 field->message);
    }
}

static void refusals_are_worded_as_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        json_auto_t *written = parse(refusals[i].schema);
        json_auto_t *instance = parse(refusals[i].instance);
        schema_errors_auto errors = {0};
        buf_auto reason = BUF_INIT;
        buf_auto fields = BUF_INIT;
        struct schema *schema;
        struct error error;
        json_auto_t *json = schema_preprocess(written, &error);
        assert_non_null(json);
        assert_int_equal(schema_compile(json, NULL, &schema, &error), 0);
        int found = schema_validate(schema, instance, &errors, &error);
        assert_int_equal(found, errors.count);
        assert_int_equal(schema_validate(schema, instance, NULL, &error), errors.count > 0);
        schema_prefect_reason(&errors, &reason);
        list_fields(&errors, &fields);
        assert_string_equal(buf_string(&reason), refusals[i].reason);
        assert_string_equal(buf_string(&fields), refusals[i].fields);
        schema_free(schema);
    }
}

static void each_error_has_its_path(void **state)
{
    struct schema *schema =
        compile("{\"properties\":{\"o\":{\"required\":[\"a\"],\"properties\":{\"l\":"
                "{\"items\":{\"type\":\"integer\"}}}}}}",
                NULL);
    json_auto_t *instance = parse("{\"o\":{\"l\":[1,\"x\",2,\"y\"]}}");
    schema_errors_auto errors = {0};
    static const char *const expected[] = {"o 'a' is a required property",
                                           "o.l[1] 'x' is not of type 'integer'",
                                           "o.l[3] 'y' is not of type 'integer'"};
    struct error error;
    size_t i = 0;

    (void)state;
    assert_int_equal(schema_validate(schema, instance, &errors, &error), 3);
    for (const struct schema_error *e = errors.first; e; e = e->next) {
        buf_auto text = BUF_INIT;
        schema_path_text(e->path, &text);
        buf_add_char(&text, ' ');
        schema_error_message(e, &text);
        assert_string_equal(buf_string(&text), expected[i++]);
    }
    assert_string_equal(errors.first->keyword, "required");
    assert_string_equal(errors.first->next->path->up->key, "l");
    assert_int_equal(errors.first->next->path->index, 1);
    schema_free(schema);
}

static void bad_schemas_are_refused_with_their_place(void **state)
{
    static const char *const cases[][2] = {
        {"5", "#: a schema must be an object, true or false"},
        {"{\"properties\":{\"a\":{\"type\":\"strin\"}}}", "#/properties/a: \"strin\" is no type"},
        {"{\"type\":[]}", "#: \"type\" must be a type or an array of at least one"},
        {"{\"type\":[\"null\",\"null\"]}",
         "#: \"type\" must be a type or an array of types, each only once"},
        {"{\"items\":{\"minimum\":\"3\"}}", "#/items: \"minimum\" must be a number"},
        {"{\"multipleOf\":0}", "#: \"multipleOf\" must be a number greater than 0"},
        {"{\"maxLength\":-1}", "#: \"maxLength\" must be a whole number of 0 or more"},
        {"{\"minItems\":1.5}", "#: \"minItems\" must be a whole number of 0 or more"},
        {"{\"required\":[\"a\",\"a\"]}",
         "#: \"required\" must be an array of strings, each only once"},
        {"{\"allOf\":[{},{\"uniqueItems\":1}]}",
         "#/allOf/1: \"uniqueItems\" must be true or false"},
        {"{\"anyOf\":[]}", "#: \"anyOf\" must be an array with at least one schema"},
        {"{\"properties\":{\"a/b~\":{\"enum\":1}}}",
         "#/properties/a~1b~0: \"enum\" must be an array"},
        {"{\"properties\":[]}", "#: \"properties\" must be an object of schemas"},
        {"{\"items\":[{}]}", "#/items: a schema must be an object, true or false"},
        {"{\"pattern\":\"(\"}", "#: \"(\" is no regular expression: missing"},
        {"{\"pattern\":\"a\\\\Z\"}",
         "#: \"a\\Z\" is no regular expression: \\Z is no escape sequence"},
        {"{\"pattern\":\"(*UTF)a\"}",
         "#: \"(*UTF)a\" is no regular expression: there is nothing to "
         "repeat before an asterisk"},
        {"{\"patternProperties\":{\"[\":{}}}",
         "#/patternProperties: \"[\" is no regular expression: "
         "missing"},
        {"{\"properties\":{\"a\":{\"$ref\":\"#/$defs/x\"}}}",
         "#/properties/a: \"$ref\" #/$defs/x leads nowhere"},
        {"{\"$ref\":\"#x\"}", "#: \"$ref\" #x leads nowhere"},
        {"{\"$ref\":\"#/enum/0\",\"enum\":[5]}", "#: \"$ref\" #/enum/0 leads to what is no schema"},
        {"{\"$ref\":\"https://example.com/s\"}",
         "#: \"$ref\" https://example.com/s leads to a document that is not known here"},
        {"{\"$id\":\"#x\"}", "#: \"$id\" must be a URI without a fragment"},
        {"{\"$anchor\":\"1\"}", "#: \"$anchor\" must be a name that begins with a letter"},
        {"{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":\"x\"}}}",
         "#/$defs/b: the anchor \"x\" is there twice"},
        {"{\"title\":1}", "#: \"title\" must be a string"},
        {"{", "invalid JSON at line 1, column 2: the text ends too early"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct schema *schema = NULL;
        struct error error = {0};
        if (schema_compile_text(cases[i][0], strlen(cases[i][0]), NULL, &schema, &error) == 0)
            fail_msg("%s is taken", cases[i][0]);
        assert_null(schema);
        if (strncmp(error.message, cases[i][1], strlen(cases[i][1])) != 0)
            fail_msg("%s: %s", cases[i][0], error.message);
    }
}

static void preprocessing_is_that_of_prefect(void **state)
{
    static const char *const cases[][2] = {
        {"{\"properties\":{\"a\":{\"type\":\"string\",\"title\":\"A\"},\"b\":{\"type\":\"string\"},"
         "\"c\":{\"type\":\"string\",\"default\":\"\"},\"d\":{\"type\":\"null\"},\"e\":true},"
         "\"required\":[\"b\"]}",
         "{\"properties\":{\"a\":{\"title\":\"A\",\"anyOf\":[{\"type\":\"string\"},{\"type\":"
         "\"null\"}]},"
         "\"b\":{\"type\":\"string\"},\"c\":{\"type\":\"string\",\"default\":\"\"},"
         "\"d\":{\"type\":\"null\"},\"e\":true},\"required\":[\"b\"]}"},
        {"{\"properties\":{\"o\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":[\"integer\"]"
         "}}}},"
         "\"required\":[\"o\"]}",
         "{\"properties\":{\"o\":{\"type\":\"object\",\"properties\":{\"x\":{\"anyOf\":[{\"type\":"
         "[\"integer\"]},{\"type\":\"null\"}]}}}},\"required\":[\"o\"]}"},
        {"{\"properties\":{\"t\":{\"items\":[{\"type\":\"integer\"}]}}}",
         "{\"properties\":{\"t\":{\"prefixItems\":[{\"type\":\"integer\"}]}}}"},
        {"{\"definitions\":{\"d\":{\"properties\":{\"a\":{\"type\":\"string\"}}}},"
         "\"$defs\":{\"d\":{\"properties\":{\"a\":{\"type\":\"string\"}}}}}",
         "{\"definitions\":{\"d\":{\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"string\"},{"
         "\"type\":"
         "\"null\"}]}}}},\"$defs\":{\"d\":{\"properties\":{\"a\":{\"type\":\"string\"}}}}}"},
        {"{\"definitions\":{\"B\":{\"title\":\"B\",\"block_type_slug\":\"b\"}}}",
         "{\"definitions\":{\"B\":{\"oneOf\":[{\"title\":\"B\",\"block_type_slug\":\"b\"},{"
         "\"type\":"
         "\"object\",\"properties\":{\"$ref\":{\"oneOf\":[{\"type\":\"string\",\"format\":\"uuid\"}"
         ","
         "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},\"minProperties\":1}]"
         "}},"
         "\"required\":[\"$ref\"]}]}}}"},
        {"{\"type\":\"string\"}", "{\"type\":\"string\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error error;
        json_auto_t *before = parse(cases[i][0]);
        json_auto_t *after = schema_preprocess(before, &error);
        char *text = json_dumps(after, JSON_COMPACT);
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
}

static void formats_are_checked_when_asked_for(void **state)
{
    static const struct {
        const char *format;
        const char *good;
        const char *bad;
    } cases[] = {
        {"base64", "aGVsbG8=", "aGVsbG8"},
        {"date", "2024-02-29", "2023-02-29"},
        {"time", "23:59:60Z", "12:00:60Z"},
        {"date-time", "2026-11-22t10:05:48.5+01:00", "2026-11-22 10:05:48Z"},
        {"duration", "P1Y2M3DT4H5M6S", "PT"},
        {"email", "\\\"a b\\\"@example.com", "a..b@example.com"},
        {"hostname", "xn--bcher-kva.example", "-a.example"},
        {"ipv4", "192.168.0.1", "192.168.0.01"},
        {"ipv6", "::ffff:1.2.3.4", "1::2::3"},
        {"uri", "https://a:b@[::1]:80/x?y#z", "/relative"},
        {"uri-reference", "../a?b#c", "a b"},
        {"uuid", "2EB8AA08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08aa9811eab4aa73b441d16380"},
        {"regex", "^(?<year>\\\\d{4})$", "a\\\\Z"},
        {"json-pointer", "/a~0~1", "/~2"},
        {"relative-json-pointer", "1/a", "01"},
    };
    struct schema_options options = {.check_format = true};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto schema_text = BUF_INIT;
        buf_auto good_text = BUF_INIT;
        buf_auto bad_text = BUF_INIT;
        struct error error;
        buf_addf(&schema_text, "{\"format\":\"%s\"}", cases[i].format);
        buf_addf(&good_text, "\"%s\"", cases[i].good);
        buf_addf(&bad_text, "\"%s\"", cases[i].bad);
        struct schema *checks = compile(buf_string(&schema_text), &options);
        struct schema *annotates = compile(buf_string(&schema_text), NULL);
        json_auto_t *good = parse(buf_string(&good_text));
        json_auto_t *bad = parse(buf_string(&bad_text));
        schema_errors_auto errors = {0};
        if (schema_validate(checks, good, NULL, &error) != 0)
            fail_msg("%s: %s", cases[i].format, cases[i].good);
        if (schema_validate(checks, bad, &errors, &error) != 1)
            fail_msg("%s: %s", cases[i].format, cases[i].bad);
        assert_ptr_equal(strstr(errors.fields[0].message, "must be "), errors.fields[0].message);
        assert_int_equal(schema_validate(annotates, bad, NULL, &error), 0);
        schema_free(checks);
        schema_free(annotates);
    }
}

/* A schema and a value that would need too much: the answer is this error, in bounded time. */
static void assert_stops(const char *schema_text, const json_t *instance, const char *message)
{
    struct schema *schema = compile(schema_text, NULL);
    schema_errors_auto errors = {0};
    struct error error = {0};

    assert_int_equal(schema_validate(schema, instance, &errors, &error), -1);
    if (!strstr(error.message, message))
        fail_msg("%s: %s", schema_text, error.message);
    assert_null(errors.first);
    schema_free(schema);
}

static void endless_and_exploding_schemas_stop(void **state)
{
    json_auto_t *one = json_integer(1);
    json_auto_t *object = parse("{\"a\":1}");
    buf_auto bomb = BUF_INIT;

    (void)state;
    assert_stops("{\"$ref\":\"#\"}", one, "refers to itself without end");
    assert_stops(
        "{\"allOf\":[{\"$ref\":\"#/$defs/a\"}],\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#\"}]}}}",
        one, "refers to itself without end");
    assert_stops("{\"$dynamicAnchor\":\"x\",\"not\":{\"$dynamicRef\":\"#x\"}}", one,
                 "refers to itself without end");
    buf_add_string(&bomb, "{\"not\":{\"$ref\":\"#/$defs/d0\"},\"$defs\":{");
    for (int i = 0; i < 40; i++)
        buf_addf(&bomb,
                 "\"d%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]},", i,
                 i + 1, i + 1);
    buf_add_string(&bomb, "\"d40\":{\"type\":\"string\"}}}");
    assert_stops(buf_string(&bomb), object, "the schema needs more than 5000000 steps");
}

static void deep_values_and_schemas_are_refused(void **state)
{
    struct schema *schema = compile("{\"items\":{\"$ref\":\"#\"}}", NULL);
    struct schema *none = NULL;
    struct error error;
    json_t *deep = json_array();
    json_t *deep_schema = json_object();

    (void)state;
    for (int i = 0; i < JSON_TEXT_DEPTH - 1; i++) {
        deep = json_pack("[o]", deep);
        deep_schema = json_pack("{s:o}", "not", deep_schema);
    }
    assert_int_equal(schema_validate(schema, deep, NULL, &error), 0);
    assert_int_equal(schema_compile(deep_schema, NULL, &none, &error), 0);
    schema_free(none);
    deep = json_pack("[o]", deep);
    deep_schema = json_pack("{s:o}", "not", deep_schema);
    assert_int_equal(schema_validate(schema, deep, NULL, &error), -1);
    assert_string_equal(error.message, "the value is nested deeper than 200");
    assert_int_equal(schema_compile(deep_schema, NULL, &none, &error), -1);
    assert_null(schema_preprocess(deep_schema, &error));
    assert_string_equal(error.message, "#: the schema is nested deeper than 200");
    json_decref(deep);
    json_decref(deep_schema);
    schema_free(schema);
}

/* Long names above many references, and many names: what is kept of each is bounded. */
static void large_schemas_are_compiled_quickly(void **state)
{
    struct schema *schema = NULL;
    buf_auto text = BUF_INIT;
    struct error error;

    (void)state;
    buf_add_string(&text, "{\"properties\":{\"");
    for (int i = 0; i < 100000; i++)
        buf_add_string(&text, "\xc3\xa4");
    buf_add_string(&text, "\":{\"allOf\":[{\"$ref\":\"#\"}");
    for (int i = 0; i < 50000; i++)
        buf_add_string(&text, ",{\"$ref\":\"#\"}");
    size_t length = text.length;
    buf_add_string(&text, "]}}}");
    assert_int_equal(schema_compile_text(text.data, text.length, NULL, &schema, &error), 0);
    schema_free(schema);
    text.length = length;
    buf_add_string(&text, ",5]}}}");
    assert_int_equal(schema_compile_text(text.data, text.length, NULL, &schema, &error), -1);
    assert_non_null(strstr(error.message, "\xc3\xa4.../allOf/50001: a schema must be"));
    buf_clear(&text);
    buf_add_string(&text, "{\"$defs\":{\"a\":{}");
    for (int i = 0; i < SCHEMA_RESOURCES; i++)
        buf_addf(&text, ",\"a%d\":{\"$id\":\"a%d\"}", i, i);
    buf_add_string(&text, "}}");
    assert_int_equal(schema_compile_text(text.data, text.length, NULL, &schema, &error), -1);
    assert_string_equal(error.message, "#/$defs/a999: more than 1000 schemas have an \"$id\"");
    buf_clear(&text);
    buf_addf(&text, "{\"$id\":\"http://%01001d\"}", 0);
    assert_int_equal(schema_compile_text(text.data, text.length, NULL, &schema, &error), -1);
    assert_string_equal(error.message, "#: \"$id\" is longer than 1000 bytes");
    buf_clear(&text);
    buf_add_string(&text, "{\"allOf\":[true");
    for (int i = 0; i < SCHEMA_NODES; i++)
        buf_add_string(&text, ",true");
    buf_add_string(&text, "]}");
    assert_int_equal(schema_compile_text(text.data, text.length, NULL, &schema, &error), -1);
    assert_string_equal(error.message, "#/allOf/99999: the schema has more than 100000 parts");
    buf_clear(&text);
    buf_add_string(&text, "{\"allOf\":[true");
    for (int i = 0; i < 5000; i++)
        buf_add_string(&text, ",{\"pattern\":\"(abc){1000}\"}");
    buf_add_string(&text, "]}");
    assert_int_equal(schema_compile_text(text.data, text.length, NULL, &schema, &error), -1);
    assert_non_null(strstr(error.message, ": the patterns of the schema are too large together"));
}

static void patterns_have_a_step_limit(void **state)
{
    static const char *const patterns[] = {"^(a+)+$", "(a|aa)+$", "^(a|a)*$", "(.*a){20}"};
    char text[50001] = {0};

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 2] = '!';
    json_auto_t *long_text = json_string(text);
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        buf_auto schema = BUF_INIT;
        buf_addf(&schema, "{\"pattern\":\"%s\"}", patterns[i]);
        assert_stops(buf_string(&schema), long_text, "takes too long to be searched for");
    }
}

static void large_arrays_are_compared_quickly(void **state)
{
    struct schema *schema =
        compile("{\"uniqueItems\":true,\"items\":{\"anyOf\":[{\"type\":\"integer\"},"
                "{\"properties\":{\"n\":{\"type\":\"integer\"}}}]}}",
                NULL);
    schema_errors_auto errors = {0};
    json_auto_t *array = json_array();
    struct error error;

    (void)state;
    for (int i = 0; i < 100000; i++)
        json_array_append_new(array, json_pack("{s:i}", "n", i));
    assert_int_equal(schema_validate(schema, array, NULL, &error), 0);
    json_array_append_new(array, parse("{\"n\":77.0}"));
    assert_int_equal(schema_validate(schema, array, &errors, &error), 1);
    assert_string_equal(errors.first->keyword, "uniqueItems");
    schema_free(schema);
}

static void too_many_errors_are_one_error(void **state)
{
    json_auto_t *array = json_array();

    (void)state;
    for (int i = 0; i < SCHEMA_ERRORS; i++)
        json_array_append_new(array, json_string("x"));
    struct schema *schema = compile("{\"items\":{\"type\":\"integer\"}}", NULL);
    schema_errors_auto errors = {0};
    struct error error;
    assert_int_equal(schema_validate(schema, array, &errors, &error), SCHEMA_ERRORS);
    assert_int_equal(errors.field_count, SCHEMA_FIELDS);
    schema_free(schema);
    json_array_append_new(array, json_string("x"));
    assert_stops("{\"items\":{\"type\":\"integer\"}}", array,
                 "the value has more than 10000 errors");
}

static void multiples_are_those_of_the_decimals(void **state)
{
    static const struct {
        const char *of;
        const char *number;
        bool multiple;
    } cases[] = {
        {"0.01", "19.99", true},
        {"0.01", "19.995", false},
        {"0.1", "0.3", true},
        {"3", "9007199254740993", true},
        {"2", "9007199254740993", false},
        {"1e-7", "1e300", true},
        {"1e300", "1", false},
        {"7", "0", true},
        {"0.5", "-1.5", true},
        {"2.5", "1e2", true},
        {"1e3", "12000", true},
        {"1e3", "12500", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto text = BUF_INIT;
        struct error error;
        buf_addf(&text, "{\"multipleOf\":%s}", cases[i].of);
        struct schema *schema = compile(buf_string(&text), NULL);
        json_auto_t *number = parse(cases[i].number);
        if ((schema_validate(schema, number, NULL, &error) == 0) != cases[i].multiple)
            fail_msg("%s of %s", cases[i].number, cases[i].of);
        schema_free(schema);
    }
}

static void documents_refer_to_one_another(void **state)
{
    struct schema_registry *registry = schema_registry_new();
    struct schema_options options = {.registry = registry};
    json_auto_t *address =
        parse("{\"$id\":\"https://example.com/a/address\",\"required\":[\"zip\"],"
              "\"properties\":{\"zip\":{\"$ref\":\"zip#code\"}}}");
    json_auto_t *zip = parse("{\"$anchor\":\"code\",\"type\":\"string\"}");
    json_auto_t *good = parse("{\"home\":{\"zip\":\"1\"}}");
    json_auto_t *bad = parse("{\"home\":{\"zip\":1}}");
    struct error error;

    (void)state;
    assert_int_equal(
        schema_registry_add(registry, "https://example.com/a/address", address, &error), 0);
    assert_int_equal(schema_registry_add(registry, "https://example.com/a/zip", zip, &error), 0);
    struct schema *schema =
        compile("{\"$id\":\"https://example.com/b/person\",\"properties\":{\"home\":"
                "{\"$ref\":\"../a/./address\"}}}",
                &options);
    schema_registry_free(registry);
    assert_int_equal(schema_validate(schema, good, NULL, &error), 0);
    assert_int_equal(schema_validate(schema, bad, NULL, &error), 1);
    schema_free(schema);
}

static void the_metaschema_is_built_in(void **state)
{
    struct schema *schema =
        compile("{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}", NULL);
    json_auto_t *good = parse("{\"properties\":{\"a\":{\"type\":\"integer\"}}}");
    json_auto_t *bad = parse("{\"properties\":{\"a\":{\"type\":\"integr\"}}}");
    struct error error;

    (void)state;
    assert_int_equal(schema_validate(schema, good, NULL, &error), 0);
    assert_int_equal(schema_validate(schema, bad, NULL, &error), 1);
    schema_free(schema);
}

static void *validate_often(void *argument)
{
    json_auto_t *instance = parse("{\"s\":\"abc-\\u00e9\",\"l\":[1,2,\"x\"]}");
    struct error error;

    for (int i = 0; i < 200; i++) {
        schema_errors_auto errors = {0};
        buf_auto reason = BUF_INIT;
        if (schema_validate(argument, instance, &errors, &error) != 2)
            return argument;
        schema_prefect_reason(&errors, &reason);
        if (!strstr(buf_string(&reason), "'abc-\xc3\xa9' does not match"))
            return argument;
    }
    return NULL;
}

static void several_threads_use_one_schema(void **state)
{
    struct schema *schema =
        compile("{\"properties\":{\"s\":{\"pattern\":\"^[a-z]+$\"},\"l\":{\"items\":{\"anyOf\":"
                "[{\"type\":\"integer\"},{\"$ref\":\"#/$defs/"
                "e\"}]}}},\"$defs\":{\"e\":{\"enum\":[\"y\"]}}}",
                NULL);
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, validate_often, schema), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_worded_as_known),
        cmocka_unit_test(each_error_has_its_path),
        cmocka_unit_test(bad_schemas_are_refused_with_their_place),
        cmocka_unit_test(preprocessing_is_that_of_prefect),
        cmocka_unit_test(formats_are_checked_when_asked_for),
        cmocka_unit_test(endless_and_exploding_schemas_stop),
        cmocka_unit_test(deep_values_and_schemas_are_refused),
        cmocka_unit_test(large_schemas_are_compiled_quickly),
        cmocka_unit_test(patterns_have_a_step_limit),
        cmocka_unit_test(large_arrays_are_compared_quickly),
        cmocka_unit_test(too_many_errors_are_one_error),
        cmocka_unit_test(multiples_are_those_of_the_decimals),
        cmocka_unit_test(documents_refer_to_one_another),
        cmocka_unit_test(the_metaschema_is_built_in),
        cmocka_unit_test(several_threads_use_one_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
