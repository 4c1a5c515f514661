#include <string.h>

#include "common/error.h"
#include "server/store/pattern.h"
#include "tests/unit/unit.h"

static void wildcards_match_what_they_say(void **state)
{
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"*", "", true},
        {"**", "abc", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"*\xc3\xa9", "\xc3\xa9\xc3\xa9", true},
        {"abc", "abc", true},
        {"abc", "abd", false},
        {"ABC", "abc", false},
        {"a*c", "abbc", true},
        {"a*c", "abcb", false},
        {"a*b*c", "axbxbxc", true},
        {"a*b*c", "axcxb", false},
        {"*ab", "aab", true},
        {"*ab", "aabb", false},
        {"prefect.flow-run.*", "prefect.flow-run.1", true},
        {"prefect.flow-run.*", "prefect.flow-runner.1", false},
        {"[a]", "a", false},
        {"[a]", "[a]", true},
        {"%_\\", "%_\\", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (pattern_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
            fail_msg("%s, %s", cases[i].pattern, cases[i].text);
}

/* With a way back to each of its stars this would not end. */
static void no_pattern_takes_for_ever(void **state)
{
    char pattern[401];
    static char text[100001];

    (void)state;
    for (size_t i = 0; i < sizeof(pattern) - 1; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[sizeof(pattern) - 1] = '\0';
    memset(text, 'a', sizeof(text) - 1);
    assert_true(pattern_matches(pattern, text));
    pattern[sizeof(pattern) - 2] = 'b';
    assert_false(pattern_matches(pattern, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wildcards_match_what_they_say),
        cmocka_unit_test(no_pattern_takes_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
