/* Flows for the end-to-end tests: flows NAME runs one, flows serve serves those with a deployment.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fermata.h>

#include "expect.h"

/* ---- logging and ends ------------------------------------------------------------------------ */

#define LINES 5000

static int chatty(struct fm_run *run)
{
    for (int i = 0; i < LINES; i++)
        fm_debug(run, "line %d", i);
    fm_log(run, FM_ERROR, "no UTF-8: \xff.");
    return 0;
}
FM_FLOW(chatty);

static int failing(struct fm_run *run)
{
    return fm_fail(run, "nothing is right in '%s'", fm_flow_name(run));
}
FM_FLOW(failing);

static int tries;

static int second_try(struct fm_run *run)
{
    return ++tries < 2 ? fm_fail(run, "not yet") : 0;
}
FM_FLOW(second_try, .retries = 1);

/* ---- pauses ---------------------------------------------------------------------------------- */

static int approval(struct fm_run *run)
{
    EXPECT_FAILURE(fm_pause(run, FM_NOTHING, NULL, .key = "Approval?"), FM_INVALID, "lower-case");
    int r = fm_pause(run, FM_NOTHING, NULL, .key = "approval");

    if (r == 0)
        fm_info(run, "approved");
    return r;
}
FM_FLOW(approval);

static int impatient(struct fm_run *run)
{
    const char *name;
    int r = fm_pause(run, FM_STRING, &name, .timeout = 1);

    fm_info(run, "code %d", r);
    return r;
}
FM_FLOW(impatient);

/* ---- variables ------------------------------------------------------------------------------- */

struct place {
    const char *town;
    int64_t number;
};
static const struct fm_field place_fields[] = {
    FM_FIELD(struct place, town),
    FM_FIELD(struct place, number, .minimum = FM_VALUE(1)),
    FM_END,
};
FM_MODEL(Place, struct place, place_fields);

static int variables(struct fm_run *run)
{
    const char *name = fm_format(run, "v-%s", fm_run_id(run));
    fm_strings list = {.count = 0};
    const char *text = "the default";
    int64_t number;

    EXPECT(fm_variable_get(run, name, FM_STRING, &text) == 0);
    EXPECT(strcmp(text, "the default") == 0);
    for (int i = 0; i < 100; i++)
        EXPECT(fm_append(run, &list, fm_format(run, "%d", i)) == 0);
    EXPECT(fm_variable_set(run, name, FM_STRINGS, &list) == 0);
    EXPECT(fm_variable_set(run, name, FM_INTEGER, 7) == FM_CONFLICT);
    list.count = 0;
    EXPECT(fm_variable_get(run, name, FM_STRINGS, &list) == 1);
    EXPECT(list.count == 100 && strcmp(list.items[99], "99") == 0);
    EXPECT(fm_variable_replace(run, name, FM_STRING, "a \"b\"") == 0);
    EXPECT(fm_variable_get(run, name, FM_STRING, &text) == 1 && strcmp(text, "a \"b\"") == 0);
    EXPECT(fm_variable_get(run, name, FM_INTEGER, &number) == FM_INVALID);
    EXPECT(fm_variable_unset(run, name) == 1);
    EXPECT(fm_variable_unset(run, name) == 0);
    EXPECT(fm_variable_replace(run, name, FM_INTEGER, INT64_MAX) == 0);
    EXPECT(fm_variable_get(run, name, FM_INTEGER, &number) == 1 && number == INT64_MAX);
    EXPECT(fm_variable_unset(run, name) == 1);
    return 0;
}
FM_FLOW(variables);

static int variables_of_any_kind(struct fm_run *run)
{
    const char *name = fm_format(run, "w-%s", fm_run_id(run));
    const struct place home = {.town = "Ghent", .number = 7};
    struct fm_json json = {.text = "{\"deep\": [1, 2.5, null]}"};
    const struct fm_json broken = {.text = "[1,"};
    const char *bad[] = {"", "Upper", "with space", "a/b", "\xc3\xa9"};
    struct place place = {.town = "default"};
    const char *text;

    EXPECT(fm_variable_set(run, name, &Place, &home) == 0);
    EXPECT(fm_variable_get(run, name, &Place, &place) == 1);
    EXPECT(strcmp(place.town, "Ghent") == 0 && place.number == 7);
    EXPECT(fm_variable_replace(run, name, FM_ANY, &json) == 0);
    EXPECT_FAILURE(fm_variable_get(run, name, &Place, &place), FM_INVALID, "variable w-");
    EXPECT(strcmp(place.town, "Ghent") == 0);
    json.text = NULL;
    EXPECT(fm_variable_get(run, name, FM_ANY, &json) == 1);
    EXPECT(json.text && strcmp(json.text, "{\"deep\":[1,2.5,null]}") == 0);
    EXPECT_FAILURE(fm_variable_replace(run, name, FM_ANY, &broken), FM_INVALID, "no JSON");
    EXPECT_FAILURE(fm_variable_replace(run, name, FM_NOTHING, NULL), FM_INVALID, "FM_NOTHING");
    EXPECT(fm_variable_unset(run, name) == 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EXPECT_FAILURE(fm_variable_set(run, bad[i], FM_INTEGER, 1), FM_INVALID, "lower-case");
        EXPECT_FAILURE(fm_variable_get(run, bad[i], FM_STRING, &text), FM_INVALID, "lower-case");
        EXPECT_FAILURE(fm_variable_unset(run, bad[i]), FM_INVALID, "lower-case");
    }
    EXPECT_FAILURE(fm_variable_set(run, fm_format(run, "%0256d", 0), FM_INTEGER, 1), FM_INVALID,
                   "255");
    return 0;
}
FM_FLOW(variables_of_any_kind);

/* ---- served ---------------------------------------------------------------------------------- */

struct work {
    const char *way;
    int64_t number;
};
static const struct fm_field work_fields[] = {
    FM_FIELD(struct work, way, .choices = FM_CHOICES("return", "abort", "exit", "sleep", "spin")),
    FM_FIELD(struct work, number, .default_value = FM_VALUE(2)),
    FM_END,
};
FM_MODEL(Work, struct work, work_fields);

static int work(struct fm_run *run, const struct work *work)
{
    fm_info(run, "%s %lld", work->way, (long long)work->number);
    if (strcmp(work->way, "abort") == 0)
        raise(SIGKILL);
    if (strcmp(work->way, "exit") == 0)
        exit(3);
    if (strcmp(work->way, "sleep") == 0)
        sleep(600);
    if (strcmp(work->way, "spin") == 0)
        return fm_pause(run, FM_NOTHING, NULL);
    return 0;
}
FM_FLOW_WITH(work, Work);

static int suspends(struct fm_run *run)
{
    const char *name;
    int r = fm_suspend(run, FM_STRING, &name, .timeout = 600);

    if (r == 0)
        r = fm_suspend(run, FM_NOTHING, NULL, .timeout = FM_FOREVER);
    if (r == 0)
        fm_info(run, "Hello, %s!", name);
    return r;
}
FM_FLOW(suspends);

static int starter(struct fm_run *run)
{
    struct fm_run_info info;

    EXPECT(fm_run_deployment(run, "work/test", &info, .timeout = 60,
                             .parameters = FM_INITIAL(FM_SET(way, "return"))) == 0);
    EXPECT(strcmp(info.state_type, "COMPLETED") == 0);
    EXPECT(fm_run_deployment(run, "work/test", &info,
                             .parameters = FM_INITIAL(FM_SET(way, "sing"))) == FM_CONFLICT);
    EXPECT(fm_run_deployment(run, "work/none", &info) == FM_NOT_FOUND);
    EXPECT(fm_run_deployment(run, "nonsense", &info) == FM_INVALID);
    return 0;
}
FM_FLOW(starter);

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const struct fm_flow *flow;
    } flows[] = {
        {"chatty", &chatty_flow},         {"failing", &failing_flow},
        {"second_try", &second_try_flow}, {"approval", &approval_flow},
        {"impatient", &impatient_flow},   {"variables", &variables_flow},
        {"starter", &starter_flow},       {"variables_of_any_kind", &variables_of_any_kind_flow},
    };
    const char *name = argc == 2 ? argv[1] : "";

    if (strcmp(name, "serve") == 0)
        return fm_serve(FM_DEPLOYMENT(&work_flow, .name = "test"),
                        FM_DEPLOYMENT(&suspends_flow, .name = "test"));
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        if (strcmp(flows[i].name, name) == 0)
            return fm_run_flow(flows[i].flow);
    }
    fprintf(stderr, "usage: %s serve|FLOW\n", argv[0]);
    return 2;
}
