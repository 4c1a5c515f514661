/* Each kind of type: its schema as pydantic gives it, what it takes, what it says of the rest. */
#include <stdlib.h>

#include "tests/unit/models.h"

/* ---- built-in bare values -------------------------------------------------------------------- */

static void built_in_types_are_those_of_the_stock_client(void **state)
{
    static const struct {
        const struct fm_model *model;
        const char *name; /* of the class that the stock client makes for an annotation */
        const char *schema;
    } cases[] = {
        {&FM_STRING->model, "str", "{\"type\":\"string\"}"},
        {&FM_INTEGER->model, "int", "{\"type\":\"integer\"}"},
        {&FM_NUMBER->model, "float", "{\"type\":\"number\"}"},
        {&FM_BOOLEAN->model, "bool", "{\"type\":\"boolean\"}"},
        {&FM_DATE->model, "date", "{\"type\":\"string\",\"format\":\"date\"}"},
        {&FM_TIME->model, "time", "{\"type\":\"string\",\"format\":\"time\"}"},
        {&FM_DATETIME->model, "datetime", "{\"type\":\"string\",\"format\":\"date-time\"}"},
        {&FM_UUID->model, "uuid", "{\"type\":\"string\",\"format\":\"uuid\"}"},
        /* Base64Bytes; the encoding is ours, for those who know JSON Schema's own word for it */
        {&FM_BYTES->model, "annotated",
         "{\"type\":\"string\",\"format\":\"base64\",\"contentEncoding\":\"base64\"}"},
        {&FM_STRINGS->model, "list", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"},
        {&FM_BOOLEANS->model, "list", "{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}}"},
        {&FM_STRING_SET->model, "set",
         "{\"type\":\"array\",\"uniqueItems\":true,\"items\":{\"type\":\"string\"}}"},
        {&FM_INTEGER_SET->model, "set",
         "{\"type\":\"array\",\"uniqueItems\":true,\"items\":{\"type\":\"integer\"}}"},
        {&FM_STRING_MAP->model, "dict",
         "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}"},
        {&FM_INTEGER_MAP->model, "dict",
         "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}"},
        {&FM_NUMBER_MAP->model, "dict",
         "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}"},
        {&FM_BOOLEAN_MAP->model, "dict",
         "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"boolean\"}}"},
        {&FM_ANY->model, "any", "{}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto name = BUF_INIT;
        buf_addf(&name, "%sAutomaticRunInput", cases[i].name);
        assert_string_equal(cases[i].model->name, buf_string(&name));
        assert_true(cases[i].model->bare);
        assert_value_schema(cases[i].model, cases[i].schema);
    }
}

/* ---- times and bytes ------------------------------------------------------------------------- */

static void times_are_read_and_written(void **state)
{
    static const char *const wrong[] = {"\"13\"",  "\"24:00\"",       "\"13:45Z\"", "1345",
                                        "\"1:2\"", "\"13:45+01:00\"", "null"};
    static const struct fm_time impossible[] = {{24, 0, 0, 0}, {-1, 0, 0, 0},      {1, 60, 0, 0},
                                                {1, 1, 60, 0}, {1, 1, 1, 1000000}, {1, 1, 1, -1}};
    struct fm_error error;
    struct fm_time time;

    (void)state;
    assert_string_equal(read_bare(&FM_TIME->model, "\"13:45:01.25\"", &time), "");
    assert_int_equal(time.hour * 10000 + time.minute * 100 + time.second, 134501);
    assert_int_equal(time.microsecond, 250000);
    assert_becomes(&FM_TIME->model, "\"13:45\"", "\"13:45:00\"");
    assert_becomes(&FM_TIME->model, "\"00:00:59.000001\"", "\"00:00:59.000001\"");
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_refused(&FM_TIME->model, wrong[i], "must be a time of day such as 13:45");
    for (size_t i = 0; i < COUNT_OF(impossible); i++) {
        buf_auto text = BUF_INIT;
        assert_int_equal(model_encode(&FM_TIME->model, &impossible[i], &text, &error), FM_INVALID);
        assert_non_null(strstr(error.message, "is no time of day"));
    }
}

static void bytes_are_base64(void **state)
{
    static const char *const wrong[] = {"\"aGk\"", "\"a-_=\"", "\"====\"", "12", "[104]", "null"};
    const struct fm_bytes nothing = {.data = NULL, .length = 0};
    struct fm_bytes bytes;

    (void)state;
    assert_string_equal(read_bare(&FM_BYTES->model, "\"AP9oaQ==\"", &bytes), "");
    assert_int_equal(bytes.length, 4);
    assert_memory_equal(bytes.data, "\0\xffhi", 4);
    assert_written(&FM_BYTES->model, &bytes, "\"AP9oaQ==\"");
    assert_written(&FM_BYTES->model, &nothing, "\"\"");
    assert_becomes(&FM_BYTES->model, "\"\"", "\"\"");
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_refused(&FM_BYTES->model, wrong[i], "must be base64, such as aGVsbG8=");
}

/* ---- maps ------------------------------------------------------------------------------------ */

struct size {
    int64_t width;
    bool deep;
    char padding[3];
};
static const struct fm_field size_fields[] = {
    FM_FIELD(struct size, width, .minimum = FM_VALUE(0)),
    FM_FIELD(struct size, deep, .default_value = FM_VALUE(false)),
    FM_END,
};
FM_MODEL(Size, struct size, size_fields);

typedef FM_MAP(struct size) size_map;
typedef FM_MAP(bool *) maybe_map;
typedef FM_MAP(fm_string_map) map_map;
typedef FM_MAP(struct fm_json) any_map;
FM_VALUE_MODEL(Sizes, size_map, "dict", FM_MAP_OF(FM_STRUCT(&Size)));
FM_VALUE_MODEL(Maybes, maybe_map, "dict", FM_MAP_OF(FM_OPTIONAL_OF(&fm_type_boolean)));
FM_VALUE_MODEL(Maps, map_map, "dict", FM_MAP_OF(&fm_type_string_map));
FM_VALUE_MODEL(Anys, any_map, "dict", FM_MAP_OF(&fm_type_json));
FM_VALUE_MODEL(Grades, fm_integer_map, "dict", &fm_type_integer_map, .min_length = 1,
               .max_length = 2, .numbered_choices = FM_NUMBERED_CHOICES(1, 2, 3));

static void maps_have_their_values_in_order(void **state)
{
    fm_boolean_map truths;
    size_map sizes;

    (void)state;
    assert_string_equal(read_bare(&FM_BOOLEAN_MAP->model, "{\"b\":true,\"a\":false}", &truths), "");
    assert_int_equal(truths.count, 2);
    assert_string_equal(truths.items[0].key, "b");
    assert_true(truths.items[0].value);
    assert_string_equal(truths.items[1].key, "a");
    assert_false(truths.items[1].value);

    assert_string_equal(
        read_bare(&Sizes.model, "{\"x\":{\"width\":1},\"y\":{\"width\":2,\"deep\":true}}", &sizes),
        "");
    assert_int_equal(sizes.items[0].value.width, 1);
    assert_int_equal(sizes.items[1].value.width, 2);
    assert_true(sizes.items[1].value.deep);
    assert_becomes(&Maybes.model, "{\"a\":null,\"b\":true}", "{\"a\":null,\"b\":true}");
    assert_becomes(&Maps.model, "{\"\":{},\"a\\\"\":{\"b\":\"c\"}}",
                   "{\"\":{},\"a\\\"\":{\"b\":\"c\"}}");
    assert_becomes(&Anys.model, "{\"a\":[1,{}],\"b\":null}", "{\"a\":[1,{}],\"b\":null}");
    assert_becomes(&FM_NUMBER_MAP->model, "{}", "{}");
    assert_value_schema(&Anys.model, "{\"type\":\"object\",\"additionalProperties\":true}");
    assert_value_schema(&Sizes.model, "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":"
                                      "\"#/$defs/Size\"}}");
}

static void what_is_wrong_in_a_map_has_its_key(void **state)
{
    struct fm_error error;
    buf_auto text = BUF_INIT;
    fm_integer_map map = {.count = 2};

    (void)state;
    assert_refused(&FM_NUMBER_MAP->model, "{\"apple\":\"x\",\"b\":1}", "apple: must be a number");
    assert_refused(&Sizes.model, "{\"a\":{\"width\":-1},\"b\":{}}",
                   "a.width: must be at least 0; b.width: is required");
    assert_refused(&FM_STRING_MAP->model, "[]", "must be an object");
    assert_value_schema(&Grades.model,
                        "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\","
                        "\"enum\":[1,2,3]},\"minProperties\":1,\"maxProperties\":2}");
    assert_refused(&Grades.model, "{}", "must not be empty");
    assert_refused(&Grades.model, "{\"a\":1,\"b\":2,\"c\":4}",
                   "must have at most 2 items; c: must be one of 1, 2, 3");
    for (int i = 0; i < 1000; i++)
        buf_add_string(&text, "\xc3\xa9");
    buf_auto json = BUF_INIT;
    buf_addf(&json, "{\"%s\":null}", buf_string(&text));
    assert_refused(
        &FM_NUMBER_MAP->model, buf_string(&json),
        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
        "...: must be a number");

    map.items = calloc(2, sizeof(*map.items));
    map.items[0].key = map.items[1].key = "a";
    buf_clear(&text);
    assert_int_equal(model_encode_bare(&FM_INTEGER_MAP->model, &map, &text, &error), FM_INVALID);
    assert_string_equal(error.message, "the key 'a' is there twice");
    map.items[1].key = "\xff";
    buf_clear(&text);
    assert_int_equal(model_encode_bare(&FM_INTEGER_MAP->model, &map, &text, &error), FM_INVALID);
    assert_string_equal(error.message, "a key is no UTF-8");
    map.items[1].key = NULL;
    buf_clear(&text);
    assert_int_equal(model_encode_bare(&FM_INTEGER_MAP->model, &map, &text, &error), FM_INVALID);
    assert_string_equal(error.message, "a key is missing");
    free(map.items);
}

/* ---- sets ------------------------------------------------------------------------------------ */

typedef FM_LIST(struct fm_time) times;
FM_VALUE_MODEL(Hours, times, "set", FM_SET_OF(&fm_type_time), .max_length = 3);
FM_VALUE_MODEL(Colors, fm_string_set, "set", &fm_type_string_set, .min_length = 1,
               .choices = FM_CHOICES("red", "green"));

static void sets_have_each_item_once(void **state)
{
    const char *twice[] = {"a", "b", "a"};
    const fm_string_set wrong = {.items = twice, .count = 3};

    (void)state;
    assert_becomes(&FM_STRING_SET->model, "[\"b\",\"a\"]", "[\"b\",\"a\"]");
    assert_becomes(&FM_INTEGER_SET->model, "[]", "[]");
    assert_refused(&FM_INTEGER_SET->model, "[1,2,1.0,2]",
                   "[2]: must not be there twice: 1; [3]: must not be there twice: 2");
    assert_refused(&FM_STRING_SET->model, "[\"a\",\"\\u0061\"]",
                   "[1]: must not be there twice: \"a\"");
    assert_refused(&Hours.model, "[\"13:45\",\"13:45:00\"]",
                   "[1]: must not be there twice: \"13:45:00\"");
    assert_refused(&Hours.model, "[\"13:45\",\"x\"]", "[1]: must be a time of day such as 13:45");
    assert_refused(&Hours.model, "{}", "must be a list");
    assert_refused(&Colors.model, "[]", "must not be empty");
    assert_refused(&Colors.model, "[\"blue\"]", "[0]: must be one of red, green");
    assert_value_schema(&Colors.model,
                        "{\"type\":\"array\",\"uniqueItems\":true,\"minItems\":1,\"items\":{"
                        "\"type\":\"string\",\"enum\":[\"red\",\"green\"]}}");
    assert_written(&FM_STRING_SET->model, &wrong, "\"a\" is in the set twice");
}

/* ---- tuples ---------------------------------------------------------------------------------- */

struct pair {
    const char *name;
    double price;
};
static const struct fm_field pair_fields[] = {
    FM_FIELD(struct pair, name, .min_length = 1),
    FM_FIELD(struct pair, price),
    FM_END,
};
static void check_pair(const void *value, struct fm_problems *problems)
{
    const struct pair *pair = value;

    if (pair->price < 0)
        fm_problem(problems, "[1]", "must not be %g", pair->price);
}
FM_MODEL(Pair, struct pair, pair_fields, .check = check_pair);

typedef FM_LIST(struct pair) pair_list;
FM_VALUE_MODEL(Pairs, pair_list, "list", FM_LIST_OF(FM_TUPLE(&Pair)));

struct place {
    double x, y;
    double *height;
    struct pair label;
};
static const struct fm_field place_fields[] = {
    FM_FIELD(struct place, x, .title = "East", .minimum = FM_VALUE(-180)),
    FM_FIELD(struct place, y, .description = "North"),
    FM_FIELD(struct place, height, .optional = true),
    FM_FIELD_OF(struct place, label, FM_TUPLE(&Pair), .default_value = FM_JSON("[\"?\",0]")),
    FM_END,
};
FM_MODEL(Place, struct place, place_fields);
FM_VALUE_MODEL(Somewhere, struct place, "tuple", FM_TUPLE(&Place));

static void tuples_have_their_positions(void **state)
{
    pair_list pairs;
    struct place place;

    (void)state;
    assert_string_equal(Pairs.model.name, "listAutomaticRunInput");
    assert_schema(&Pairs.model, NULL,
                  "{\"additionalProperties\":false,\"properties\":{\"value\":{\"items\":{"
                  "\"maxItems\":2,\"minItems\":2,\"prefixItems\":[{\"type\":\"string\","
                  "\"minLength\":1},{\"type\":\"number\"}],\"type\":\"array\"},\"title\":\"Value\","
                  "\"type\":\"array\"}},\"required\":[\"value\"],\"title\":"
                  "\"listAutomaticRunInput\",\"type\":\"object\"}");
    assert_string_equal(read_bare(&Pairs.model, "[[\"a\",1],[\"b\",2.5]]", &pairs), "");
    assert_int_equal(pairs.count, 2);
    assert_string_equal(pairs.items[1].name, "b");
    assert_true(pairs.items[1].price == 2.5);
    assert_written(&Pairs.model, &pairs, "[[\"a\",1.0],[\"b\",2.5]]");

    assert_string_equal(read_bare(&Somewhere.model, "[1,2]", &place), "");
    assert_null(place.height);
    assert_string_equal(place.label.name, "?");
    assert_becomes(&Somewhere.model, "[1,2,null,[\"b\",2]]", "[1.0,2.0,null,[\"b\",2.0]]");
    assert_value_schema(
        &Somewhere.model,
        "{\"type\":\"array\",\"minItems\":2,\"maxItems\":4,\"prefixItems\":[{\"type\":\"number\","
        "\"title\":\"East\",\"minimum\":-180},{\"type\":\"number\",\"description\":\"North\"},"
        "{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"null\"}]},{\"type\":\"array\",\"minItems\":"
        "2,"
        "\"maxItems\":2,\"prefixItems\":[{\"type\":\"string\",\"minLength\":1},{\"type\":"
        "\"number\"}]}]}");
}

static void what_is_wrong_in_a_tuple_has_its_position(void **state)
{
    (void)state;
    assert_refused(&Pairs.model, "[[\"a\",1],[\"b\",\"c\"]]", "[1][1]: must be a number");
    assert_refused(&Pairs.model, "[[\"a\"],{},[\"\",1,2],[\"\",1],[\"x\",-1]]",
                   "[0]: must be a list of 2: name, price; [1]: must be a list of 2: name, price; "
                   "[2]: must be a list of 2: name, price; [3][0]: must not be empty; "
                   "[4][1]: must not be -1");
    assert_refused(&Somewhere.model, "[1]", "must be a list of 2 to 4: x, y, height, label");
    assert_refused(&Somewhere.model, "[-200,2,\"x\",[1,2]]",
                   "[0]: must be at least -180; [2]: must be a number; [3][0]: must be a text");
}

/* ---- checks inside --------------------------------------------------------------------------- */

struct shirt {
    const char *color;
};
static const struct fm_field shirt_fields[] = {FM_FIELD(struct shirt, color), FM_END};
static void check_shirt(const void *value, struct fm_problems *problems)
{
    const struct shirt *shirt = value;

    if (strcmp(shirt->color, "green") == 0)
        fm_problem(problems, "color", "is out of stock");
    if (!*shirt->color)
        fm_problem(problems, NULL, "has no colour");
}
FM_MODEL(Shirt, struct shirt, shirt_fields, .check = check_shirt);

struct order {
    FM_LIST(struct shirt) shirts;
};
static const struct fm_field order_fields[] = {
    FM_FIELD_OF(struct order, shirts, FM_LIST_OF(FM_STRUCT(&Shirt))),
    FM_END,
};
FM_MODEL(Order, struct order, order_fields);

static void what_a_check_says_has_the_path_to_its_struct(void **state)
{
    struct order order;

    (void)state;
    assert_string_equal(decode(&Order.model,
                               "{\"shirts\":[{\"color\":\"red\"},{\"color\":\"green\"},{\"color\":"
                               "\"\"}]}",
                               &order),
                        "shirts[1].color: is out of stock; shirts[2]: has no colour");
}

/* ---- depth ----------------------------------------------------------------------------------- */

#define DEEPER(type_)  FM_LIST_OF(FM_MAP_OF(type_))
#define DEEPEST(type_) DEEPER(DEEPER(DEEPER(DEEPER(DEEPER(DEEPER(type_))))))

FM_VALUE_MODEL(Deep, fm_strings, "list", DEEPER(DEEPER(FM_OPTIONAL_OF(&fm_type_string))));
FM_VALUE_MODEL(TooDeep, fm_strings, "list", DEEPEST(&fm_type_string));

static void schemas_have_a_depth(void **state)
{
    struct fm_error error;
    buf_auto schema = BUF_INIT;

    (void)state;
    assert_int_equal(model_schema(&Deep.model, NULL, &schema, &error), 0);
    buf_clear(&schema);
    assert_int_equal(model_schema(&TooDeep.model, NULL, &schema, &error), FM_INVALID);
    assert_string_equal(error.message, "types are nested deeper than 12 in 'value': a struct "
                                       "between them helps");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_types_are_those_of_the_stock_client),
        cmocka_unit_test(times_are_read_and_written),
        cmocka_unit_test(bytes_are_base64),
        cmocka_unit_test(maps_have_their_values_in_order),
        cmocka_unit_test(what_is_wrong_in_a_map_has_its_key),
        cmocka_unit_test(sets_have_each_item_once),
        cmocka_unit_test(tuples_have_their_positions),
        cmocka_unit_test(what_is_wrong_in_a_tuple_has_its_position),
        cmocka_unit_test(what_a_check_says_has_the_path_to_its_struct),
        cmocka_unit_test(schemas_have_a_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
