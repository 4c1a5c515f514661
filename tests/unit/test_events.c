/* On which topics whoever follows events waits. */
#include <string.h>

#include "common/arena.h"
#include "server/orchestration/event_filter.h"
#include "tests/unit/unit.h"

/* The topics of a filter, each with a space behind. */
static const char *topics_of(struct arena *arena, const char *filter)
{
    json_auto_t *parsed = json_loads(filter, 0, NULL);
    const char *all = "";

    assert_non_null(parsed);
    for (const char *const *topic = event_filter_topics(parsed, arena); *topic; topic++)
        all = arena_printf(arena, "%s%s ", all, *topic);
    return all;
}

static void the_topics_of_a_filter_are_the_narrowest(void **state)
{
    static const struct {
        const char *filter;
        const char *topics;
    } cases[] = {
        {"{}", "events "},
        {"{\"event\": null, \"resource\": null}", "events "},
        {"{\"event\": {\"prefix\": [\"a\"]}}", "events "},
        {"{\"event\": {\"name\": []}}", "events "},
        {"{\"event\": {\"name\": [\"a\", \"b\"]}}", "events:name:a events:name:b "},
        {"{\"resource\": {\"id\": [\"x\"]}}", "events:resource:x "},
        {"{\"related\": {\"id\": [\"x\"]}}", "events:resource:x "},
        {"{\"any_resource\": {\"id\": [\"x\", \"y\"]}}", "events:resource:x events:resource:y "},
        {"{\"any_resource\": [{\"id\": [\"x\"]}]}", "events "},
        {"{\"event\": {\"name\": [\"a\"]}, \"resource\": {\"id\": [\"x\"]}}", "events:name:a "},
        {"{\"event\": {\"prefix\": [\"a\"]}, \"any_resource\": {\"id\": [\"x\"]}}",
         "events:resource:x "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        arena_auto arena = {0};
        assert_string_equal(topics_of(&arena, cases[i].filter), cases[i].topics);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_topics_of_a_filter_are_the_narrowest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
