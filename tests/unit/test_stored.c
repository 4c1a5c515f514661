/* Texts that are stored, and models that read their own. */
#include <string.h>

#include "tests/unit/unit.h"

#include "lib/problems.h"
#include "lib/run.h"
#include "lib/stored.h"

struct word {
    const char *text;
    int64_t count;
};
static const struct fm_field word_fields[] = {
    FM_FIELD(struct word, text),
    FM_FIELD(struct word, count),
    FM_END,
};

/* Takes the text as it is. */
static int load_word(struct fm_run *run, const char *text, void *ret_value)
{
    struct word *word = ret_value;

    word->text = fm_format(run, "%s", text);
    return word->text ? 0 : FM_NO_MEMORY;
}

static int save_word(struct fm_run *run, const void *value, const char **ret_text)
{
    (void)run;
    *ret_text = ((const struct word *)value)->text;
    return 0;
}
FM_MODEL(Word, struct word, word_fields, .save = save_word, .load = load_word);

static int nothing(struct fm_run *run)
{
    (void)run;
    return 0;
}
FM_FLOW(nothing);

static void defaults_are_added_to_objects_alone(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "{\"count\":7}"},
        {"{\"count\":1}", "{\"count\":1}"},
        {"[]", "[]"},
        {"\"a\"", "\"a\""},
        {"1", "1"},
        {"no JSON", "no JSON"},
    };
    struct fm_run *run = NULL;
    struct fm_error error;

    (void)state;
    assert_int_equal(run_create(&nothing_flow, NULL, &run, &error), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        problem_list_auto problems = {0};
        struct word word = {.text = NULL};
        assert_int_equal(value_from_stored(run, &Word.model, FM_INITIAL(FM_SET(count, 7)),
                                           cases[i][0], &word, &problems, &error),
                         0);
        assert_non_null(word.text);
        assert_string_equal(word.text, cases[i][1]);
    }
    run_destroy(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_added_to_objects_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
