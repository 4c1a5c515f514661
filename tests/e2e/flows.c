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

/* A question that the server does not take stops nobody. */
static int unaskable(struct fm_run *run)
{
    static char text[17 << 20];
    struct fm_run_info info;
    const char *name;

    memset(text, 'x', sizeof(text) - 1);
    EXPECT_FAILURE(fm_pause(run, FM_STRING, &name, .description = text), FM_INVALID,
                   "the pause's description: The request's body is too long");
    EXPECT(fm_read_run(run, fm_run_id(run), &info) == 0);
    EXPECT(strcmp(info.state_type, "RUNNING") == 0);
    return fm_pause(run, FM_NOTHING, NULL);
}
FM_FLOW(unaskable);

static int impatient(struct fm_run *run)
{
    const char *name;
    int r = fm_pause(run, FM_STRING, &name, .timeout = 1);

    fm_info(run, "code %d", r);
    return r;
}
FM_FLOW(impatient);

struct sign {
    const char *text;
};
static const struct fm_field sign_fields[] = {FM_FIELD(struct sign, text), FM_END};

/* Shows the beginning of the text, which may end in the middle of a character. */
static void check_sign(const void *value, struct fm_problems *problems)
{
    const struct sign *sign = value;

    if (strlen(sign->text) > 8)
        fm_problem(problems, "text", "'%.3s...' is too long", sign->text);
}
FM_MODEL(Sign, struct sign, sign_fields, .check = check_sign);

static int paints(struct fm_run *run)
{
    struct sign sign;
    int r = fm_pause(run, &Sign, &sign);

    if (r == 0)
        fm_info(run, "painted: %s", sign.text);
    return r;
}
FM_FLOW(paints);

/* ---- every type ------------------------------------------------------------------------------ */

struct price {
    const char *item;
    double price;
};
static const struct fm_field price_fields[] = {
    FM_FIELD(struct price, item, .min_length = 1),
    FM_FIELD(struct price, price, .minimum = FM_VALUE(0)),
    FM_END,
};
FM_MODEL(Price, struct price, price_fields);
typedef FM_LIST(struct price) price_list;
FM_VALUE_MODEL(Prices, price_list, "list", FM_LIST_OF(FM_TUPLE(&Price)));

struct phone {
    const char *number;
};
static const struct fm_field phone_fields[] = {
    FM_FIELD(struct phone, number, .pattern = "^[0-9]+$"),
    FM_END,
};
FM_MODEL(Phone, struct phone, phone_fields);

struct contact {
    enum { ROOM, MAIL, PHONE } which;
    union {
        int64_t room;
        const char *mail;
        struct phone phone;
    };
};
static const struct fm_field contact_arms[] = {
    FM_FIELD(struct contact, room, .title = "Room"),
    FM_FIELD(struct contact, mail, .title = "Mail", .format = "email"),
    FM_FIELD_OF(struct contact, phone, FM_STRUCT(&Phone)),
    FM_END,
};
FM_ARMS(Contact, struct contact, contact_arms);

struct party {
    const char *title;
    int64_t level;
    double budget;
    bool outside;
    struct fm_date day;
    struct fm_time begin;
    struct fm_datetime until;
    struct fm_uuid id;
    struct fm_bytes key;
    fm_strings guests;
    fm_string_set colors;
    fm_integer_map chairs;
    struct price cake;
    price_list drinks;
    struct contact contact;
    struct fm_time *end;
    struct fm_json extra;
};
static const struct fm_field party_fields[] = {
    FM_FIELD(struct party, title),
    FM_FIELD(struct party, level, .numbered_choices = FM_NUMBERED_CHOICES(1, 2, 3)),
    FM_FIELD(struct party, budget),
    FM_FIELD(struct party, outside),
    FM_FIELD(struct party, day),
    FM_FIELD(struct party, begin),
    FM_FIELD(struct party, until),
    FM_FIELD(struct party, id),
    FM_FIELD(struct party, key),
    FM_FIELD(struct party, guests),
    FM_FIELD(struct party, colors, .choices = FM_CHOICES("red", "green", "blue")),
    FM_FIELD(struct party, chairs, .min_length = 1),
    FM_FIELD_OF(struct party, cake, FM_TUPLE(&Price)),
    FM_FIELD_OF(struct party, drinks, FM_LIST_OF(FM_TUPLE(&Price))),
    FM_FIELD_OF(struct party, contact, FM_UNION(&Contact)),
    FM_FIELD(struct party, end, .optional = true),
    FM_FIELD(struct party, extra, .default_value = FM_JSON("null")),
    FM_END,
};
FM_MODEL(Party, struct party, party_fields);

static int party(struct fm_run *run)
{
    struct party party;
    int r = fm_pause(run, &Party, &party);

    if (r == 0)
        fm_info(run, "party: %s", fm_encode(run, &Party, &party));
    return r;
}
FM_FLOW(party);

/* Sends what it gets back to where it came from. */
static int price_echo(struct fm_run *run)
{
    struct fm_receiver *lists = fm_receive(run, &Prices, .timeout = 60);
    price_list prices;
    int r = fm_next(lists, &prices);

    if (r > 0)
        r = fm_send(run, fm_run_id(run), &Prices, &prices, .key_prefix = "echo");
    return r;
}
FM_FLOW(price_echo);

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

static int texts(struct fm_run *run)
{
    const struct fm_time noon = {.hour = 12};
    fm_integers list;
    price_list prices;
    struct fm_time time;

    EXPECT(strcmp(fm_encode(run, FM_STRING, "a \"b\""), "\"a \\\"b\\\"\"") == 0);
    EXPECT(strcmp(fm_encode(run, FM_TIME, &noon), "\"12:00:00\"") == 0);
    EXPECT(fm_encode(run, FM_STRING, "\xff") == NULL && fm_error(run)->code == FM_INVALID);
    EXPECT(fm_decode(run, FM_INTEGERS, "[1, 2]", &list) == 0 && list.items[1] == 2);
    EXPECT(fm_decode(run, FM_INTEGERS, "[1, x]", &list) == FM_INVALID && list.count == 2);
    EXPECT(fm_decode(run, &Prices, "[[\"tea\", 2.5]]", &prices) == 0);
    EXPECT(strcmp(fm_encode(run, &Prices, &prices), "[[\"tea\",2.5]]") == 0);
    EXPECT(fm_decode(run, &Prices, "[[\"tea\"]]", &prices) == FM_INVALID);
    EXPECT(strcmp(fm_error(run)->message, "[0]: must be a list of 2: item, price") == 0);

    const char *name = fm_format(run, "t-%s", fm_run_id(run));
    EXPECT(fm_variable_set(run, name, FM_TIME, &noon) == 0);
    EXPECT(fm_variable_get(run, name, FM_TIME, &time) == 1 && time.hour == 12);
    EXPECT(fm_variable_replace(run, name, &Prices, &prices) == 0);
    EXPECT(fm_variable_get(run, name, FM_TIME, &time) == FM_INVALID);
    EXPECT(fm_variable_get(run, name, &Prices, &prices) == 1 && prices.items[0].price == 2.5);
    EXPECT(fm_variable_get(run, name, FM_NOTHING, NULL) == FM_INVALID);
    EXPECT(fm_variable_unset(run, name) == 1);
    return 0;
}
FM_FLOW(texts);

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

/* Waits for a run that nobody starts. */
static int waiter(struct fm_run *run)
{
    struct fm_run_info info;

    EXPECT(fm_run_deployment(run, "work/test", &info, .timeout = 4,
                             .parameters = FM_INITIAL(FM_SET(way, "return"))) == FM_TIMED_OUT);
    return 0;
}
FM_FLOW(waiter);

static int starter(struct fm_run *run)
{
    struct fm_run_info info;

    EXPECT(fm_run_deployment(run, "work/test", &info, .timeout = 60,
                             .parameters = FM_INITIAL(FM_SET(way, "return"))) == 0);
    EXPECT(strcmp(info.state_type, "COMPLETED") == 0);
    EXPECT(fm_run_deployment(run, "work/test", &info, .name = "in-2100",
                             .scheduled_time = 4102444800000000,
                             .parameters = FM_INITIAL(FM_SET(way, "return"))) == 0);
    EXPECT(strcmp(info.state_name, "Scheduled") == 0 && strcmp(info.name, "in-2100") == 0);
    EXPECT(fm_run_deployment(run, "work/test", &info,
                             .parameters = FM_INITIAL(FM_SET(way, "sing"))) == FM_CONFLICT);
    EXPECT(fm_run_deployment(run, "work/none", &info) == FM_NOT_FOUND);
    EXPECT(fm_run_deployment(run, "nonsense", &info) == FM_INVALID);
    EXPECT_FAILURE(fm_read_run(run, "no-id", &info), FM_INVALID, "'no-id' is no id of a flow run");
    EXPECT_FAILURE(fm_wait_for_run(run, "no-id", 1, &info), FM_INVALID, "'no-id' is no id");
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
        {"party", &party_flow},           {"price_echo", &price_echo_flow},
        {"texts", &texts_flow},           {"waiter", &waiter_flow},
        {"paints", &paints_flow},         {"unaskable", &unaskable_flow},
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
