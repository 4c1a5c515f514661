/* The filters and tests by name; see filters.h. */
#include "server/templates/filters.h"

#include <string.h>

static const struct filter filters[] = {
    {"abs", {NULL}, filter_abs},
    {"capitalize", {NULL}, filter_capitalize},
    {"count", {NULL}, filter_length},
    {"d", {"default_value", "boolean"}, filter_default},
    {"default", {"default_value", "boolean"}, filter_default},
    {"e", {NULL}, filter_escape},
    {"escape", {NULL}, filter_escape},
    {"first", {NULL}, filter_first},
    {"float", {"default"}, filter_float},
    {"int", {"default", "base"}, filter_int},
    {"items", {NULL}, filter_items},
    {"join", {"d", "attribute"}, filter_join},
    {"last", {NULL}, filter_last},
    {"length", {NULL}, filter_length},
    {"list", {NULL}, filter_list},
    {"lower", {NULL}, filter_lower},
    {"max", {"case_sensitive", "attribute"}, filter_max},
    {"min", {"case_sensitive", "attribute"}, filter_min},
    {"replace", {"old", "new", "count"}, filter_replace},
    {"reverse", {NULL}, filter_reverse},
    {"round", {"precision", "method"}, filter_round},
    {"safe", {NULL}, filter_safe},
    {"sort", {"reverse", "case_sensitive", "attribute"}, filter_sort},
    {"string", {NULL}, filter_string},
    {"sum", {"attribute", "start"}, filter_sum},
    {"title", {NULL}, filter_title},
    {"tojson", {"indent"}, filter_tojson},
    {"trim", {"chars"}, filter_trim},
    {"unique", {"case_sensitive", "attribute"}, filter_unique},
    {"upper", {NULL}, filter_upper},
};

const struct filter *filter_find(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        if (strlen(filters[i].name) == length && memcmp(filters[i].name, name, length) == 0)
            return &filters[i];
    return NULL;
}

#define TEST(name)                                                                                 \
    static int test_##name(struct render *render, const struct value *value,                       \
                           const struct value *argument)
#define TEST_IF(name, condition)                                                                   \
    TEST(name)                                                                                     \
    {                                                                                              \
        (void)render;                                                                              \
        (void)argument;                                                                            \
        return (condition);                                                                        \
    }
#define TEST_COMPARE(name, how)                                                                    \
    TEST(name)                                                                                     \
    {                                                                                              \
        return compare_values(render, how, value, argument);                                       \
    }

TEST_IF(defined, value->type != VALUE_UNDEFINED)
TEST_IF(undefined, value->type == VALUE_UNDEFINED)
TEST_IF(none, value->type == VALUE_NONE)
TEST_IF(boolean, value->type == VALUE_BOOL)
TEST_IF(is_true, value->type == VALUE_BOOL && value->integer == 1)
TEST_IF(is_false, value->type == VALUE_BOOL && value->integer == 0)
TEST_IF(integer, value->type == VALUE_INTEGER)
TEST_IF(float, value->type == VALUE_REAL)
TEST_IF(number, value_is_number(value))
TEST_IF(string, value->type == VALUE_STRING)
TEST_IF(mapping, value->type == VALUE_DICT)
TEST_IF(sequence, value->type >= VALUE_STRING || value->type == VALUE_UNDEFINED)
TEST_IF(iterable, value->type >= VALUE_STRING || value->type == VALUE_UNDEFINED)
TEST_COMPARE(eq, COMPARE_EQ)
TEST_COMPARE(ne, COMPARE_NE)
TEST_COMPARE(lt, COMPARE_LT)
TEST_COMPARE(le, COMPARE_LE)
TEST_COMPARE(gt, COMPARE_GT)
TEST_COMPARE(ge, COMPARE_GE)
TEST_COMPARE(in, COMPARE_IN)

/* Whether the rest of the division by `by` is `rest`. */
static int has_rest(struct render *render, const struct value *value, const struct value *by,
                    int64_t wanted)
{
    const struct value *rest = operate(render, TOKEN_MOD, value, by);
    const struct value *integer = rest ? value_integer(render, wanted) : NULL;

    return integer ? value_same(render, rest, integer) : -1;
}

TEST(even)
{
    const struct value *two = value_integer(render, 2);

    (void)argument;
    return two ? has_rest(render, value, two, 0) : -1;
}

TEST(odd)
{
    const struct value *two = value_integer(render, 2);

    (void)argument;
    return two ? has_rest(render, value, two, 1) : -1;
}

TEST(divisibleby)
{
    return has_rest(render, value, argument, 0);
}

static const struct test tests[] = {
    {"boolean", false, test_boolean},
    {"defined", false, test_defined},
    {"divisibleby", true, test_divisibleby},
    {"eq", true, test_eq},
    {"equalto", true, test_eq},
    {"even", false, test_even},
    {"false", false, test_is_false},
    {"float", false, test_float},
    {"ge", true, test_ge},
    {"greaterthan", true, test_gt},
    {"gt", true, test_gt},
    {"in", true, test_in},
    {"integer", false, test_integer},
    {"iterable", false, test_iterable},
    {"le", true, test_le},
    {"lessthan", true, test_lt},
    {"lt", true, test_lt},
    {"mapping", false, test_mapping},
    {"ne", true, test_ne},
    {"none", false, test_none},
    {"number", false, test_number},
    {"odd", false, test_odd},
    {"sequence", false, test_sequence},
    {"string", false, test_string},
    {"true", false, test_is_true},
    {"undefined", false, test_undefined},
};

const struct test *test_find(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        if (strlen(tests[i].name) == length && memcmp(tests[i].name, name, length) == 0)
            return &tests[i];
    return NULL;
}
