#include <stdbool.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "common/error.h"
#include "server/orchestration/names.h"

#define WORDS 2000

static char words[2][WORDS][RUN_NAME_SIZE];
static size_t counts[2];

/* Remembers a word of a name, once. */
static void see(int which, const char *word)
{
    for (size_t i = 0; i < counts[which]; i++)
        if (strcmp(words[which][i], word) == 0)
            return;
    assert_true(counts[which] < WORDS);
    strcpy(words[which][counts[which]++], word);
}

static void names_are_two_words_of_many(void **state)
{
    char name[200];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        run_name_new(name, sizeof(name));
        size_t length = strlen(name);
        assert_true(length < RUN_NAME_SIZE);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), length);
        char *dash = strchr(name, '-');
        assert_non_null(dash);
        assert_ptr_equal(dash, strrchr(name, '-'));
        *dash = '\0';
        assert_true(strlen(name) > 2 && strlen(dash + 1) > 1);
        see(0, name);
        see(1, dash + 1);
    }
    assert_true(counts[0] >= 300);
    assert_true(counts[1] >= 300);
}

static void a_small_buffer_is_not_overrun(void **state)
{
    char name[8] = "1234567";

    (void)state;
    run_name_new(name, 5);
    assert_int_equal(strlen(name), 4);
    assert_string_equal(name + 5, "67");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_two_words_of_many),
        cmocka_unit_test(a_small_buffer_is_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
