/*
 * A flow that does a bit of everything, run again and again against a real server, each time with
 * one call later failing, until none is left to fail. Each run has to end, with the right result or
 * with an error, and (under AddressSanitizer) without a leak.
 *
 *     failing_calls memory|calls
 *     failing_calls memory|calls serve N     # serves one deployment, with call N failing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fermata.h>

#include "tests/e2e/failing.h"

#define MOST 5000 /* calls that one run makes */

struct person {
    const char *name;
    struct fm_date born;
};
static const struct fm_field person_fields[] = {
    FM_FIELD(struct person, name),
    FM_FIELD(struct person, born),
    FM_END,
};
FM_MODEL(Person, struct person, person_fields);

struct recipient {
    enum { MAIL, PERSON } which;
    union {
        int64_t box;
        struct person person;
    };
};
static const struct fm_field recipient_arms[] = {
    FM_FIELD(struct recipient, box),
    FM_FIELD_OF(struct recipient, person, FM_STRUCT(&Person)),
    FM_END,
};
FM_ARMS(Recipient, struct recipient, recipient_arms);

struct order {
    const char *color;
    fm_integers sizes;
    fm_number_map prices;
    struct recipient recipient;
    struct fm_bytes seal;
    struct fm_json note;
    int64_t *discount;
};
static const struct fm_field order_fields[] = {
    FM_FIELD(struct order, color, .pattern = "^[a-z]+$", .max_length = 10),
    FM_FIELD(struct order, sizes, .default_value = FM_JSON("[1, 2]")),
    FM_FIELD(struct order, prices, .default_value = FM_JSON("{\"blue\": 2.5}")),
    FM_FIELD_OF(struct order, recipient, FM_UNION(&Recipient),
                .default_value = FM_JSON("{\"name\": \"ada\", \"born\": \"1815-12-10\"}")),
    FM_FIELD(struct order, seal, .default_value = FM_VALUE("aGVsbG8=")),
    FM_FIELD(struct order, note, .default_value = FM_JSON("{\"a\": [1.5, null]}")),
    FM_FIELD(struct order, discount, .optional = true),
    FM_END,
};
static void check_order(const void *value, struct fm_problems *problems)
{
    const struct order *order = value;

    if (strcmp(order->color, "green") == 0)
        fm_problem(problems, "color", "is not in stock");
}
FM_MODEL(Order, struct order, order_fields, .check = check_order);

/* What went well has to be right. */
#define RIGHT(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("wrong: %s\n", #condition);                                                     \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static int use_variables(struct fm_run *run)
{
    char *name = fm_format(run, "failing-%s", fm_run_id(run));
    fm_strings list = {.count = 0};
    int r = name ? 0 : FM_NO_MEMORY;

    for (int i = 0; i < 20 && r == 0; i++)
        r = fm_append(run, &list, "item");
    if (r == 0)
        r = fm_variable_replace(run, name, FM_STRINGS, &list);
    if (r == 0)
        r = fm_variable_get(run, name, FM_STRINGS, &list);
    if (r < 0)
        return r;
    RIGHT(r == 1 && list.count == 20 && strcmp(list.items[19], "item") == 0);
    r = fm_variable_unset(run, name);
    RIGHT(r < 0 || r == 1);
    return r < 0 ? r : 0;
}

static int talk_to_itself(struct fm_run *run)
{
    const char *text = NULL;
    int r = fm_send(run, fm_run_id(run), FM_STRING, "hello");

    if (r < 0)
        return r;
    struct fm_receiver *names = fm_receive(run, FM_STRING, .timeout = 5, .cursor = "names");
    if (!names)
        return fm_error(run)->code;
    r = fm_next(names, &text);
    if (r < 0)
        return r;
    RIGHT(r == 1 && strcmp(text, "hello") == 0);
    r = fm_respond(names, FM_STRING, "hello yourself");
    return r == 0 ? fm_acknowledge(names) : r;
}

static int take_order(struct fm_run *run)
{
    struct order order;
    int r = fm_pause(run, &Order, &order, .timeout = 5, .description = "**Which?**",
                     .initial = FM_INITIAL(FM_SET(color, "red")));

    if (r < 0)
        return r;
    RIGHT(strcmp(order.color, "blue") == 0 && order.sizes.count == 2 && !order.discount);
    RIGHT(order.prices.count == 1 && order.prices.items[0].value == 2.5);
    RIGHT(order.recipient.which == PERSON && order.recipient.person.born.year == 1815);
    RIGHT(order.seal.length == 5 && memcmp(order.seal.data, "hello", 5) == 0);
    return 0;
}

static int weigh(struct fm_run *run, const char *what, struct person *result)
{
    fm_info(run, "weighing %s", what);
    *result = (struct person){.name = fm_format(run, "%s!", what), .born = {2026, 2, 28}};
    return result->name ? 0 : FM_NO_MEMORY;
}
FM_TASK(weigh, FM_STRING, &Person, .retries = 1, .timeout = 60);

static int child(struct fm_run *run)
{
    return fm_set_result(run, FM_INTEGER, 42);
}
FM_FLOW(child, .name = "failing-calls-child", .timeout = 60);

static int run_parts(struct fm_run *run)
{
    struct person person;
    struct fm_run_info info;
    int64_t number;

    int r = fm_run_task(run, &weigh_task, "flour", &person);
    if (r < 0)
        return r;
    RIGHT(strcmp(person.name, "flour!") == 0 && person.born.day == 28);
    r = fm_run_subflow(run, &child_flow, NULL, &info);
    if (r == 0)
        r = fm_read_result(run, info.id, FM_INTEGER, &number);
    if (r < 0)
        return r;
    RIGHT(number == 42);
    return 0;
}

static int everything(struct fm_run *run)
{
    int r = use_variables(run);

    fm_info(run, "a line of the log");
    if (r == 0)
        r = talk_to_itself(run);
    if (r == 0)
        r = run_parts(run);
    return r == 0 ? take_order(run) : r;
}
FM_FLOW(everything, .name = "failing-calls");

/* ---- a runner -------------------------------------------------------------------------------- */

static int nothing(struct fm_run *run)
{
    fm_info(run, "done");
    return 0;
}
FM_FLOW(nothing, .name = "failing-calls-served");

/* Only in the runner itself, not in the processes of its runs. */
static int serve(int kinds, int n)
{
    bool is_runner = !getenv("FERMATA_SERVED_BY");
    const char *name;

    if (is_runner)
        failing_arm(kinds, n);
    int status = fm_serve(FM_DEPLOYMENT(&nothing_flow, .name = "test"));
    if (is_runner)
        printf("%d %s: %d\n", n, failing_disarm(&name) ? name : "nothing", status);
    return status;
}

/* ---- a flow, again and again ----------------------------------------------------------------- */

static int fail_each(int kinds)
{
    const char *name;
    int bad_ends = 0;

    for (int n = 0; n < MOST; n++) {
        failing_arm(kinds, n);
        int status = fm_run_flow(&everything_flow);
        bool failed = failing_disarm(&name);
        printf("%d %s: %d\n", n, failed ? name : "nothing", status);
        bad_ends += status != 0;
        if (!failed) {
            RIGHT(status == 0);
            printf("%d calls failed, %d runs with them\n", n, bad_ends);
            return n > 0 ? 0 : 1;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    int kinds = argc > 1 && strcmp(argv[1], "memory") == 0  ? FAILING_MEMORY
                : argc > 1 && strcmp(argv[1], "calls") == 0 ? FAILING_CALLS
                                                            : 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (kinds && argc == 2)
        return fail_each(kinds);
    if (kinds && argc == 4 && strcmp(argv[2], "serve") == 0)
        return serve(kinds, atoi(argv[3]));
    fprintf(stderr, "usage: %s memory|calls [serve N]\n", argv[0]);
    return 2;
}
