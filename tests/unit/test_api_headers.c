#include "tests/unit/unit.h"

#include <stdio.h>

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

static void encodings_are_accepted_or_not(void **state)
{
    static const char *const accepted[] = {
        "gzip",       "deflate, gzip, br", "GZip",         "*",
        " gzip ;q=1", "gzip;q=0.001",      "br;q=0, gzip", "*;q=0, gzip",
        "gzip; q=.5", "gzip;q=0.5, *;q=0", "identity, *",  ", ,gzip",
    };
    static const char *const refused[] = {
        "",        "br",    "gzip;q=0", "gzip; q=0.000", "gzip;q=0, *", "x-gzip",
        "gzipped", "*;q=0", "identity", "*, gzip;q=0.0", "\"gzip\"",    "gzip;q=",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
        if (!encoding_is_accepted(accepted[i], "gzip"))
            fail_msg("not accepted: %s", accepted[i]);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (encoding_is_accepted(refused[i], "gzip"))
            fail_msg("accepted: %s", refused[i]);
}

static void leases_are_read_or_refused(void **state)
{
    static const char id[] = "5c1e7a60-2f4b-4c8e-9d55-0a4f6f1f2b11";
    static const struct {
        const char *before; /* the id */
        int seconds;        /* 0: refused */
    } cases[] = {
        {"45; holder=", 45},   {" 45 ;holder=", 45}, {"1;Holder=", 1},    {"3600; holder=", 3600},
        {"3601; holder=", 0},  {"0; holder=", 0},    {"-1; holder=", 0},  {"; holder=", 0},
        {"45 holder=", 0},     {"45; ", 0},          {"45; holder =", 0}, {"4x; holder=", 0},
        {"45; a; holder=", 0},
    };
    char text[96];
    char holder[ID_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int seconds = 0;
        snprintf(text, sizeof(text), "%s%s", cases[i].before, id);
        bool is_lease = lease_parse(text, 3600, &seconds, holder);
        if (is_lease != (cases[i].seconds > 0) || seconds != cases[i].seconds)
            fail_msg("\"%s\": %d", text, seconds);
        if (is_lease)
            assert_string_equal(holder, id);
    }
    int seconds;
    assert_false(lease_parse("45; holder=me", 3600, &seconds, holder));
    assert_false(lease_parse("", 3600, &seconds, holder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_is_found_among_preferences),
        cmocka_unit_test(entity_tags_are_found_in_lists),
        cmocka_unit_test(encodings_are_accepted_or_not),
        cmocka_unit_test(leases_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
