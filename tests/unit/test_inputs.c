/* Keys of inputs: what they are made of, and which are questions. */
#include <string.h>

#include "tests/unit/unit.h"

#include "lib/inputs.h"

#define ID "01a21b35-5426-72f3-b836-c01a3b6cc473"

static void a_question_has_the_key_of_its_answer(void **state)
{
    static const char *const questions[][2] = {
        {"strautomaticruninput-auto-ask-" ID, "answer-" ID},
        {"words-ask-" ID "-colour2", "answer-" ID "-colour2"},
        {"a-ask-b-ask-" ID, "answer-" ID},
        {"-ask-" ID, "answer-" ID},
    };
    char key[ANSWER_KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        assert_true(input_answer_key(questions[i][0], key));
        assert_string_equal(key, questions[i][1]);
    }
}

static void other_keys_are_no_questions(void **state)
{
    static const char *const keys[] = {
        "",
        "-ask-",
        "words-" ID,
        "words-ask-",
        "words-ask-x",
        "words-ask-" ID "x",
        "words-ask-" ID "-",
        "words-ask-" ID "-a-b",
        "words-ask-" ID "-A",
        "words-ask-" ID ".a",
        "words-ask-" ID "/../x",
        "words-ask-{01a21b35-5426-72f3-b836-c01a3b6c}",
    };
    char key[ANSWER_KEY_SIZE];
    char long_key[600];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (input_answer_key(keys[i], key))
            fail_msg("'%s' is taken for a question", keys[i]);
    }
    memset(long_key, 'a', sizeof(long_key));
    memcpy(long_key, "w-ask-" ID "-", strlen("w-ask-" ID "-"));
    long_key[sizeof(long_key) - 1] = '\0';
    assert_false(input_answer_key(long_key, key));
}

static void prefixes_are_plain(void **state)
{
    static const struct {
        const char *name, *sent_as, *own, *prefix; /* NULL: refused */
    } cases[] = {
        {"Shirt_Order", NULL, NULL, "shirt-order-auto"},
        {"Point", "PointRunInput", NULL, "pointruninput-auto"},
        {"Point", NULL, "words", "words"},
        {"Point", NULL, "", NULL},
        {"Point", NULL, "Words", NULL},
        {"Point", NULL, "a_b", NULL},
        {"Point", NULL, "words-ask", NULL},
        {"no name", NULL, NULL, NULL},
    };
    char prefix[INPUT_PREFIX_SIZE];
    char long_own[INPUT_PREFIX_SIZE + 1];
    struct fm_error error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct fm_model model = {.name = cases[i].name, .sent_as = cases[i].sent_as};
        int r = input_prefix(&model, cases[i].own, prefix, &error);
        assert_int_equal(r, cases[i].prefix ? 0 : FM_INVALID);
        if (cases[i].prefix)
            assert_string_equal(prefix, cases[i].prefix);
        else
            assert_non_null(strstr(error.message, "cannot begin a key"));
    }
    memset(long_own, 'a', sizeof(long_own));
    long_own[INPUT_PREFIX_SIZE] = '\0';
    const struct fm_model model = {.name = "Point"};
    assert_int_equal(input_prefix(&model, long_own, prefix, &error), FM_INVALID);
    long_own[INPUT_PREFIX_SIZE - 1] = '\0';
    assert_int_equal(input_prefix(&model, long_own, prefix, &error), 0);
}

static void a_sender_is_a_run_or_nobody(void **state)
{
    char id[ID_SIZE];

    (void)state;
    assert_true(input_sender_id("prefect.flow-run." ID, id));
    assert_string_equal(id, ID);
    assert_false(input_sender_id(NULL, id));
    assert_false(input_sender_id(ID, id));
    assert_false(input_sender_id("prefect.flow-run.", id));
    assert_false(input_sender_id("prefect.flow-run.../../x", id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_has_the_key_of_its_answer),
        cmocka_unit_test(other_keys_are_no_questions),
        cmocka_unit_test(prefixes_are_plain),
        cmocka_unit_test(a_sender_is_a_run_or_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
