/* A model with every kind of type inside every other: random values read back as they were. */
#include "tests/unit/models.h"

#include "common/base64.h"

#define ROUNDS 300

struct pair {
    const char *name;
    struct fm_time when;
};
static const struct fm_field pair_fields[] = {
    FM_FIELD(struct pair, name),
    FM_FIELD(struct pair, when),
    FM_END,
};
FM_MODEL(Pair, struct pair, pair_fields);

typedef FM_LIST(struct pair) pairs;
typedef FM_MAP(pairs) pairs_by_name;

struct one {
    enum { NUMBER, TEXT, TUPLES, BOTH, PAIR } which;
    union {
        int64_t number;
        const char *text;
        pairs_by_name tuples;
        struct pair both;
        struct pair pair;
    };
};
static const struct fm_field one_arms[] = {
    FM_FIELD(struct one, number),
    FM_FIELD(struct one, text),
    FM_FIELD_OF(struct one, tuples, FM_MAP_OF(FM_LIST_OF(FM_TUPLE(&Pair)))),
    FM_FIELD_OF(struct one, both, FM_TUPLE(&Pair)),
    FM_FIELD_OF(struct one, pair, FM_STRUCT(&Pair)),
    FM_END,
};
FM_ARMS(One, struct one, one_arms);

typedef FM_MAP(struct one) ones_by_name;

struct all {
    struct fm_time time;
    struct fm_bytes bytes;
    fm_string_map texts;
    fm_integer_map numbers;
    fm_number_map reals;
    fm_boolean_map truths;
    fm_string_set words;
    fm_integer_set counts;
    struct pair pair;
    FM_LIST(struct one) ones;
    ones_by_name named;
    struct one *perhaps;
    struct fm_date *date;
    struct fm_time *clock;
    struct fm_datetime *moment;
    struct fm_uuid *id;
    struct fm_bytes *data;
    int *small;
    long long *large;
    int64_t grade;
};
static const struct fm_field all_fields[] = {
    FM_FIELD(struct all, time, .default_value = FM_VALUE("13:45")),
    FM_FIELD(struct all, bytes, .default_value = FM_VALUE("aGk="), .max_length = 400),
    FM_FIELD(struct all, texts, .default_value = FM_JSON("{\"a\": \"b\"}")),
    FM_FIELD(struct all, numbers, .default_value = FM_JSON("{}")),
    FM_FIELD(struct all, reals, .default_value = FM_JSON("{}")),
    FM_FIELD(struct all, truths, .default_value = FM_JSON("{}")),
    FM_FIELD(struct all, words, .default_value = FM_JSON("[\"x\"]")),
    FM_FIELD(struct all, counts, .default_value = FM_JSON("[]")),
    FM_FIELD_OF(struct all, pair, FM_TUPLE(&Pair), .default_value = FM_JSON("[\"p\", \"01:02\"]")),
    FM_FIELD_OF(struct all, ones, FM_LIST_OF(FM_UNION(&One)), .default_value = FM_JSON("[1]")),
    FM_FIELD_OF(struct all, named, FM_MAP_OF(FM_UNION(&One)), .default_value = FM_JSON("{}")),
    FM_FIELD_OF(struct all, perhaps, FM_OPTIONAL_OF(FM_UNION(&One)), .optional = true),
    FM_FIELD(struct all, date, .optional = true),
    FM_FIELD(struct all, clock, .optional = true),
    FM_FIELD(struct all, moment, .optional = true),
    FM_FIELD(struct all, id, .optional = true),
    FM_FIELD(struct all, data, .optional = true),
    FM_FIELD(struct all, small, .optional = true),
    FM_FIELD(struct all, large, .optional = true),
    FM_FIELD(struct all, grade, .default_value = FM_VALUE(2),
             .numbered_choices = FM_NUMBERED_CHOICES(1, 2, -3)),
    FM_END,
};
FM_MODEL(All, struct all, all_fields);

/* ---- defaults and choices -------------------------------------------------------------------- */

static void what_is_left_out_has_its_default(void **state)
{
    struct all all;

    (void)state;
    assert_string_equal(decode(&All.model, "{}", &all), "");
    assert_int_equal(all.time.hour * 100 + all.time.minute, 1345);
    assert_int_equal(all.bytes.length, 2);
    assert_string_equal(all.texts.items[0].value, "b");
    assert_string_equal(all.words.items[0], "x");
    assert_int_equal(all.pair.when.minute, 2);
    assert_int_equal(all.ones.items[0].which, NUMBER);
    assert_null(all.perhaps);
    assert_null(all.date);
    assert_null(all.moment);
    assert_null(all.data);
    assert_null(all.small);
    assert_int_equal(all.grade, 2);
}

static void whole_numbers_have_choices(void **state)
{
    struct all all;

    (void)state;
    assert_string_equal(decode(&All.model, "{\"grade\":-3.0}", &all), "");
    assert_int_equal(all.grade, -3);
    assert_string_equal(decode(&All.model, "{\"grade\":4}", &all),
                        "grade: must be one of 1, 2, -3");
}

static void problems_deep_inside_have_their_path(void **state)
{
    struct all all;

    (void)state;
    assert_string_equal(
        decode(&All.model, "{\"named\":{\"a b\":{\"x\":[[\"n\",7]]}},\"pair\":[1,\"1:2\"]}", &all),
        "pair[0]: must be a text; pair[1]: must be a time of day such as 13:45; named.a b: must be "
        "one of number (must be a whole number), text (must be a text), tuples (x[0][1]: must be a "
        "time of day such as 13:45), both (must be a list of 2: name, when), pair (x: is not a "
        "field of Pair)");
    assert_string_equal(decode(&All.model, "{\"bytes\":\"aGVsbG8\",\"id\":\"1\",\"data\":1}", &all),
                        "bytes: must be base64, such as aGVsbG8=; id: must be a UUID; data: must "
                        "be base64, such as aGVsbG8=");
}

/* ---- what is no text, or too much ------------------------------------------------------------ */

static void hostile_text_is_refused(void **state)
{
    static const char *const wrong[] = {"{\"texts\":{\"\xff\":\"a\"}}", "{\"words\":[\"\xc3\"]}",
                                        "{\"texts\":{\"a\\u0000\":\"\"}}", "{\"time\":", ""};
    struct all all;
    buf_auto json = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const char *told = decode(&All.model, wrong[i], &all);
        assert_int_equal(strncmp(told, "the input is no JSON: ", 22), 0);
    }
    for (int i = 0; i < 100000; i++)
        buf_add_char(&json, '[');
    assert_non_null(strstr(decode(&All.model, buf_string(&json), &all), "no JSON"));

    buf_clear(&json);
    buf_add_string(&json, "{\"ones\":[");
    for (int i = 0; i < 50000; i++)
        buf_addf(&json, "%s%s", i ? "," : "", i % 2 ? "\"x\"" : "{\"a\":[[1]]}");
    buf_add_string(&json, "]}");
    const char *message = decode(&All.model, buf_string(&json), &all);
    assert_ptr_equal(strstr(message, "ones[0]: must be one of number ("), message);
    assert_int_equal(strlen(message), FM_MESSAGE_SIZE - 1);
}

/* ---- random values --------------------------------------------------------------------------- */

static uint64_t seed = 1;

static unsigned below(unsigned limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % limit;
}

static void add_text(struct buf *json)
{
    static const char *const parts[] = {
        "a", "\\\"", "\\\\",          "\xc3\xa9", "\\n", "\\u00ff", "\xf0\x9f\x8e\xbc",
        "}", ",",    "\\ud83c\\udfbc"};

    buf_add_char(json, '"');
    for (unsigned i = below(6); i > 0; i--)
        buf_add_string(json, parts[below(COUNT_OF(parts))]);
    buf_add_char(json, '"');
}

static void add_unique_text(struct buf *json)
{
    static int count;

    add_text(json);
    json->length--;
    buf_addf(json, "%d\"", count++);
}

static void add_integer(struct buf *json)
{
    static const char *const edges[] = {"0", "9223372036854775807", "-9223372036854775808", "-1"};

    if (below(3) == 0)
        buf_add_string(json, edges[below(COUNT_OF(edges))]);
    else
        buf_addf(json, "%d", (int)below(2000) - 1000);
}

static void add_unique_integer(struct buf *json)
{
    static int count;

    buf_addf(json, "%d", count++);
}

static void add_small(struct buf *json)
{
    buf_addf(json, "%d", (int)below(200) - 100);
}

static void add_real(struct buf *json)
{
    buf_addf(json, "%.17g", ((double)below(100000) - 50000) / 7 + 0.01);
}

static void add_truth(struct buf *json)
{
    buf_add_string(json, below(2) ? "true" : "false");
}

static void add_grade(struct buf *json)
{
    static const char *const grades[] = {"1", "2", "-3"};

    buf_add_string(json, grades[below(3)]);
}

static void add_clock(struct buf *json)
{
    buf_addf(json, "\"%02u:%02u:%02u", below(24), below(60), below(60));
    if (below(2))
        buf_addf(json, ".%06u", below(999999) + 1);
    buf_add_char(json, '"');
}

static void add_date(struct buf *json)
{
    buf_addf(json, "\"%04u-%02u-%02u\"", below(9999) + 1, below(12) + 1, below(28) + 1);
}

static void add_moment(struct buf *json)
{
    buf_addf(json, "\"%04u-%02u-%02uT%02u:%02u:%02u.%06uZ\"", below(9999) + 1, below(12) + 1,
             below(28) + 1, below(24), below(60), below(60), below(1000000));
}

static void add_id(struct buf *json)
{
    char id[FM_ID_SIZE];

    fm_new_id(id);
    buf_addf(json, "\"%s\"", id);
}

static void add_bytes(struct buf *json)
{
    uint8_t bytes[64];
    size_t length = below(sizeof(bytes));

    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)below(256);
    buf_add_char(json, '"');
    base64_encode(bytes, length, json);
    buf_add_char(json, '"');
}

typedef void add_function(struct buf *json);

static void add_pair(struct buf *json)
{
    buf_add_char(json, '[');
    add_text(json);
    buf_add_char(json, ',');
    add_clock(json);
    buf_add_char(json, ']');
}

static void add_pair_object(struct buf *json)
{
    buf_add_string(json, "{\"name\":");
    add_text(json);
    buf_add_string(json, ",\"when\":");
    add_clock(json);
    buf_add_char(json, '}');
}

static void add_list(struct buf *json, add_function *add)
{
    buf_add_char(json, '[');
    for (unsigned i = 0, count = below(5); i < count; i++) {
        buf_add_string(json, i ? "," : "");
        add(json);
    }
    buf_add_char(json, ']');
}

static void add_map(struct buf *json, add_function *add)
{
    buf_add_char(json, '{');
    for (unsigned i = 0, count = below(5); i < count; i++) {
        buf_add_string(json, i ? "," : "");
        add_unique_text(json);
        buf_add_char(json, ':');
        add(json);
    }
    buf_add_char(json, '}');
}

static void add_pairs(struct buf *json)
{
    add_list(json, add_pair);
}

static void add_pairs_by_name(struct buf *json)
{
    add_map(json, add_pairs);
}

static void add_one(struct buf *json)
{
    static add_function *const arms[] = {add_integer, add_text, add_pairs_by_name, add_pair,
                                         add_pair_object};

    arms[below(COUNT_OF(arms))](json);
}

static void add_ones(struct buf *json)
{
    add_list(json, add_one);
}

static void add_ones_by_name(struct buf *json)
{
    add_map(json, add_one);
}

static void add_texts(struct buf *json)
{
    add_map(json, add_text);
}

static void add_numbers(struct buf *json)
{
    add_map(json, add_integer);
}

static void add_reals(struct buf *json)
{
    add_map(json, add_real);
}

static void add_truths(struct buf *json)
{
    add_map(json, add_truth);
}

static void add_words(struct buf *json)
{
    add_list(json, add_unique_text);
}

static void add_counts(struct buf *json)
{
    add_list(json, add_unique_integer);
}

static void add_all(struct buf *json)
{
    static const struct {
        const char *name;
        add_function *add;
        bool nullable;
    } members[] = {
        {"time", add_clock, false},         {"bytes", add_bytes, false},
        {"texts", add_texts, false},        {"numbers", add_numbers, false},
        {"reals", add_reals, false},        {"truths", add_truths, false},
        {"words", add_words, false},        {"counts", add_counts, false},
        {"pair", add_pair, false},          {"ones", add_ones, false},
        {"named", add_ones_by_name, false}, {"perhaps", add_one, true},
        {"date", add_date, true},           {"clock", add_clock, true},
        {"moment", add_moment, true},       {"id", add_id, true},
        {"data", add_bytes, true},          {"small", add_small, true},
        {"large", add_integer, true},       {"grade", add_grade, false},
    };

    buf_add_char(json, '{');
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        buf_addf(json, "%s\"%s\":", i ? "," : "", members[i].name);
        if (members[i].nullable && below(2))
            buf_add_string(json, "null");
        else
            members[i].add(json);
    }
    buf_add_char(json, '}');
}

/* Replaces, removes or doubles a byte: what comes of it need not be JSON, or is of wrong types. */
static void damage(struct buf *json)
{
    static const char bytes[] = "\"[]{},:0-1ntf\\\xff.";
    size_t at = below((unsigned)json->length);

    json->data[at] = bytes[below(sizeof(bytes) - 1)];
    if (below(2)) {
        memmove(json->data + at, json->data + at + 1, json->length - at);
        json->length--;
    }
}

static void assert_same_written(const struct all *all, const char *json)
{
    struct fm_error error = {.message = ""};
    buf_auto text = BUF_INIT;

    if (model_encode(&All.model, all, &text, &error) < 0)
        fail_msg("%s: %s", json, error.message);
    assert_same_json(buf_string(&text), json);
}

static void random_values_read_back(void **state)
{
    struct all all;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        buf_auto json = BUF_INIT;
        buf_auto again = BUF_INIT;
        struct fm_error error;
        add_all(&json);
        const char *message = decode(&All.model, buf_string(&json), &all);
        if (*message)
            fail_msg("%s: %s", buf_string(&json), message);
        assert_same_written(&all, buf_string(&json));
        damage(&json);
        if (*decode(&All.model, buf_string(&json), &all))
            continue;
        /* Still a value of the model: it is written as one that reads back as the same. */
        assert_int_equal(model_encode(&All.model, &all, &again, &error), 0);
        assert_string_equal(decode(&All.model, buf_string(&again), &all), "");
        assert_same_written(&all, buf_string(&again));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(whole_numbers_have_choices),
        cmocka_unit_test(problems_deep_inside_have_their_path),
        cmocka_unit_test(hostile_text_is_refused),
        cmocka_unit_test(random_values_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
