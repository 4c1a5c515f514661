#include "tests/unit/unit.h"

#include "server/api/headers.h"

static void wait_is_found_among_preferences(void **state)
{
    static const struct {
        const char *header;
        int seconds;
    } cases[] = {
        {"wait=5", 5},
        {"wait=0", 0},
        {"  wait=5  ", 5},
        {"Wait = 7", 7},
        {"wait=\"8\"", 8},
        {"respond-async, wait=9", 9},
        {"handling=lenient; strict=\"a, wait=1\",wait=2", 2},
        {"wait=3;foo=bar", 3},
        {"wait=600", 600},
        {"wait=601", 600},
        {"wait=99999999999999999999", 600},
        {"wait=x, wait=4", 4},
        {"wait=1, wait=2", 1},
        {"", -1},
        {",,", -1},
        {"wait", -1},
        {"wait=", -1},
        {"wait=-5", -1},
        {"wait=5x", -1},
        {"wait=\"5", -1},
        {"waiting=5", -1},
        {"note=\"wait=5\"", -1},
        {"note=\"\\\", wait=5\"", -1},
        {"note=\"wait=5", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (prefer_wait(cases[i].header, 600) != cases[i].seconds)
            fail_msg("\"%s\": %d", cases[i].header, prefer_wait(cases[i].header, 600));
}

static void entity_tags_are_found_in_lists(void **state)
{
    static const char *const names[] = {"\"7\"",        "W/\"7\"",         "*",
                                        "\"6\", \"7\"", "\"6\",W/\"7\" ,", " \"7\" "};
    static const char *const others[] = {"",         "7",      "\"77\"",  "\"7",
                                         "\"6\", 7", "\"7\"x", "\"a,*\"", "w/\"7\""};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!none_match_names(names[i], "\"7\""))
            fail_msg("not found in %s", names[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (none_match_names(others[i], "\"7\""))
            fail_msg("found in %s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_is_found_among_preferences),
        cmocka_unit_test(entity_tags_are_found_in_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
