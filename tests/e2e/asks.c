/* Flows that ask one another, and models that store and check themselves: asks FLOW ARGUMENT...
 * runs one, asks serve serves those with a deployment. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fermata.h>

#include "expect.h"

static const char *argument; /* what follows the flow's name on the command line */

/* ---- asking ---------------------------------------------------------------------------------- */

/* Answers each question with itself, twice: the second is one too many. Ends at "stop". */
static void *echo(void *context)
{
    struct fm_run *run = context;
    struct fm_receiver *questions = fm_receive(run, FM_STRING, .timeout = 20);
    const char *text;

    while (fm_next(questions, &text) == 1 && strcmp(text, "stop") != 0) {
        if (strcmp(text, "no question") == 0)
            continue;
        EXPECT(strstr(fm_input_key(questions), "-auto-ask-"));
        EXPECT(fm_respond(questions, FM_STRING, fm_format(run, "re: %s", text)) == 0);
        EXPECT_FAILURE(fm_respond(questions, FM_STRING, "again"), FM_CONFLICT, "answered already");
    }
    return NULL;
}

#define ASKERS 8
#define EACH   12

struct asker {
    struct fm_run *run;
    pthread_t thread;
    int number;
};

static void *ask_often(void *context)
{
    const struct asker *asker = context;
    struct fm_run *run = asker->run;
    const char *reply;

    for (int i = 0; i < EACH; i++) {
        const char *question = fm_format(run, "%d/%d", asker->number, i);
        EXPECT(fm_ask(run, fm_run_id(run), FM_STRING, question, FM_STRING, &reply, .timeout = 20) ==
               1);
        EXPECT(strcmp(reply, fm_format(run, "re: %s", question)) == 0);
    }
    return NULL;
}

/* Many threads ask at once; each gets its own answers, and plain receivers see none of them. */
static int askers(struct fm_run *run)
{
    const char *self = fm_run_id(run);
    struct asker all[ASKERS];
    struct fm_receiver *plain = fm_receive(run, FM_STRING, .timeout = 0.1);
    pthread_t answering;
    const char *text;
    int seen = 0;

    EXPECT(fm_send(run, self, FM_STRING, "no question") == 0);
    EXPECT(pthread_create(&answering, NULL, echo, run) == 0);
    for (int i = 0; i < ASKERS; i++) {
        all[i] = (struct asker){.run = run, .number = i};
        EXPECT(pthread_create(&all[i].thread, NULL, ask_often, &all[i]) == 0);
    }
    for (int i = 0; i < ASKERS; i++)
        pthread_join(all[i].thread, NULL);
    EXPECT(fm_send(run, self, FM_STRING, "stop") == 0);
    pthread_join(answering, NULL);
    while (fm_next(plain, &text) == 1) {
        EXPECT(strncmp(text, "re: ", 4) != 0);
        seen++;
    }
    EXPECT(seen == ASKERS * EACH + 2);
    return 0;
}
FM_FLOW(askers);

/* Asks the run that it is told of, and says what it got. */
static int asks(struct fm_run *run)
{
    const char *reply = "untouched";
    int64_t number = 7;

    EXPECT_FAILURE(fm_ask(run, "no id", FM_STRING, "x", FM_STRING, &reply), FM_INVALID, "no id");
    EXPECT_FAILURE(fm_ask(run, argument, FM_STRING, "x", FM_STRING, &reply, .key = "a-b"),
                   FM_INVALID, "key of a question");
    EXPECT(fm_ask(run, argument, FM_STRING, "silence?", FM_STRING, &reply, .timeout = 0.2) == 0);
    EXPECT(fm_ask(run, argument, FM_STRING, "col?", FM_STRING, &reply, .timeout = 0.2,
                  .key = "col") == 0);
    EXPECT(strcmp(reply, "untouched") == 0);
    EXPECT(fm_ask(run, argument, FM_STRING, "colour?", FM_STRING, &reply, .timeout = 20,
                  .key = "colour") == 1);
    fm_info(run, "colour: %s", reply);
    /* The same question again: it has its answer already. */
    EXPECT(fm_ask(run, argument, FM_STRING, "which colour?", FM_STRING, &reply, .timeout = 0.2,
                  .key = "colour") == 1);
    /* A name with which another's begins does not get the other's answer. */
    EXPECT(fm_ask(run, argument, FM_STRING, "col?", FM_STRING, &reply, .timeout = 0.2,
                  .key = "col") == 0);
    EXPECT_FAILURE(fm_ask(run, argument, FM_STRING, "number?", FM_INTEGER, &number, .timeout = 20,
                          .key_prefix = "numbers"),
                   FM_INVALID, "the answer: ");
    EXPECT(number == 7);
    return 0;
}
FM_FLOW(asks);

/* ---- models that store themselves ------------------------------------------------------------ */

struct login {
    const char *user;
    const char *password; /* kept in a file: only where it lies is stored */
};
static const struct fm_field login_fields[] = {
    FM_FIELD(struct login, user),
    FM_FIELD(struct login, password, .default_value = FM_VALUE("none")),
    FM_END,
};

static int save_login(struct fm_run *run, const void *value, const char **ret_text)
{
    const struct login *login = value;
    char id[FM_ID_SIZE];

    if (strcmp(login->password, "refused") == 0)
        return fm_fail(run, "this password is not kept");
    fm_new_id(id);
    FILE *file = fopen(fm_format(run, "%s/%s", argument, id), "w");
    if (!file)
        return fm_fail(run, "the vault cannot be written");
    fputs(login->password, file);
    fclose(file);
    *ret_text = fm_format(run, "%s vault:%s", login->user, id);
    return *ret_text ? 0 : FM_NO_MEMORY;
}

/* From the vault, or from what somebody has typed into the form. */
static int load_login(struct fm_run *run, const char *text, void *ret_value)
{
    struct login *login = ret_value;
    char user[64];
    char where[64];
    char password[64] = "";

    if (sscanf(text, "{\"user\":\"%63[^\"]\",\"password\":\"%63[^\"]\"}", user, password) != 2) {
        if (sscanf(text, "%63s vault:%63s", user, where) != 2) {
            fm_fail(run, "no login: %s", text);
            return FM_INVALID;
        }
        FILE *file = fopen(fm_format(run, "%s/%s", argument, where), "r");
        if (!file)
            return fm_fail(run, "the vault has no %s", where);
        if (!fgets(password, sizeof(password), file))
            password[0] = '\0';
        fclose(file);
    }
    if (strcmp(user, "mallory") == 0) {
        fm_fail(run, "nobody knows %s", user);
        return FM_INVALID;
    }
    login->user = fm_format(run, "%s", user);
    login->password = fm_format(run, "%s", password);
    return login->user && login->password ? 0 : FM_NO_MEMORY;
}

static void check_login(const void *value, struct fm_problems *problems)
{
    const struct login *login = value;

    if (strcmp(login->password, "1234") == 0)
        fm_problem(problems, "password", "is too simple");
}
FM_MODEL(Login, struct login, login_fields, .check = check_login, .save = save_login,
         .load = load_login);

/* Text with each letter moved, as one that is compressed or encrypted would be. */
struct secret {
    const char *words;
};
static const struct fm_field secret_fields[] = {FM_FIELD(struct secret, words), FM_END};

static const char *turn(struct fm_run *run, const char *text)
{
    char *turned = fm_format(run, "%s", text);

    for (char *c = turned; c && *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)('a' + (*c - 'a' + 13) % 26);
    }
    return turned;
}

static int save_secret(struct fm_run *run, const void *value, const char **ret_text)
{
    *ret_text = turn(run, ((const struct secret *)value)->words);
    return *ret_text ? 0 : FM_NO_MEMORY;
}

static int load_secret(struct fm_run *run, const char *text, void *ret_value)
{
    ((struct secret *)ret_value)->words = turn(run, text);
    return ((struct secret *)ret_value)->words ? 0 : FM_NO_MEMORY;
}
FM_MODEL(Secret, struct secret, secret_fields, .save = save_secret, .load = load_secret);

/* Tells itself secrets by every way that there is. */
static int keeps_secrets(struct fm_run *run)
{
    const char *self = fm_run_id(run);
    const struct login ada = {.user = "ada", .password = "lovelace"};
    const struct login refused = {.user = "eve", .password = "refused"};
    const struct secret open = {.words = "open sesame"};
    struct login login;
    struct secret secret;

    EXPECT(fm_send(run, self, &Login, &ada) == 0);
    EXPECT_FAILURE(fm_send(run, self, &Login, &refused), FM_FAILED, "is not kept");
    struct fm_receiver *logins = fm_receive(run, &Login, .timeout = 5);
    EXPECT(fm_next(logins, &login) == 1 && strcmp(login.password, "lovelace") == 0);
    EXPECT(fm_respond(logins, &Secret, &open) == 0);
    EXPECT(fm_next(fm_receive(run, &Secret), &secret) == 1);
    EXPECT(strcmp(secret.words, "open sesame") == 0);

    /* What cannot be loaded is told with its key and passed by; a check is asked. */
    EXPECT(fm_send(run, self, FM_STRING, "x", .key_prefix = "login-auto") == 0);
    EXPECT_FAILURE(fm_next(logins, &login), FM_INVALID, "no login");
    const struct login simple = {.user = "bob", .password = "1234"};
    EXPECT(fm_send(run, self, &Login, &simple) == 0);
    EXPECT_FAILURE(fm_next(logins, &login), FM_INVALID, "password: is too simple");
    EXPECT(strcmp(login.password, "lovelace") == 0);

    EXPECT(fm_ask(run, self, &Secret, &open, &Secret, &secret, .timeout = 0.1, .key = "s") == 0);
    struct fm_receiver *questions = fm_receive(run, &Secret);
    EXPECT(fm_next(questions, &secret) == 1 && fm_next(questions, &secret) == 1);
    EXPECT(fm_respond(questions, &Secret, &open) == 0);
    EXPECT(fm_ask(run, self, &Secret, &open, &Secret, &secret, .timeout = 5, .key = "s") == 1);
    EXPECT(strcmp(secret.words, "open sesame") == 0);

    EXPECT(fm_pause(run, &Login, &login, .initial = FM_INITIAL(FM_SET(password, "swordfish"))) ==
           0);
    fm_info(run, "%s has %s", login.user, login.password);
    return 0;
}
FM_FLOW(keeps_secrets);

/* ---- answers that the flow checks ------------------------------------------------------------ */

struct order {
    const char *size;
};
static const struct fm_field order_fields[] = {
    FM_FIELD(struct order, size, .choices = FM_CHOICES("small", "large")),
    FM_END,
};

static void check_order(const void *value, struct fm_problems *problems)
{
    if (strcmp(((const struct order *)value)->size, "small") == 0)
        fm_problem(problems, "size", "is sold out");
}
FM_MODEL(Order, struct order, order_fields, .check = check_order);

/* The same key each time: it has to be another pause all the same. */
static int orders(struct fm_run *run)
{
    struct order order;
    int r;

    while ((r = fm_pause(run, &Order, &order, .key = "order")) == FM_INVALID)
        fm_info(run, "Refused: %s", fm_error(run)->message);
    if (r == 0)
        fm_info(run, "Ordered: %s", order.size);
    return r;
}
FM_FLOW(orders);

static int order_later(struct fm_run *run)
{
    struct order order;
    int r;

    while ((r = fm_suspend(run, &Order, &order, .key = "order")) == FM_INVALID)
        fm_info(run, "Refused: %s", fm_error(run)->message);
    if (r == 0)
        fm_info(run, "Ordered: %s", order.size);
    return r;
}
FM_FLOW(order_later);

/* Asks before it is suspended and again when it goes on. */
static int ask_later(struct fm_run *run)
{
    const char *reply;

    if (fm_ask(run, fm_run_id(run), FM_STRING, "colour?", FM_STRING, &reply, .timeout = 0.1,
               .key = "colour") == 1) {
        fm_info(run, "colour: %s", reply);
        return 0;
    }
    return fm_suspend(run, FM_NOTHING, NULL);
}
FM_FLOW(ask_later);

struct parcel {
    FM_LIST(struct order) orders;
};
static const struct fm_field parcel_fields[] = {
    FM_FIELD_OF(struct parcel, orders, FM_LIST_OF(FM_STRUCT(&Order))),
    FM_END,
};
FM_MODEL(Parcel, struct parcel, parcel_fields);

/* The check is that of a struct inside. */
static int packs(struct fm_run *run)
{
    struct parcel parcel;
    int r = fm_pause(run, &Parcel, &parcel);

    if (r == 0)
        fm_info(run, "%zu orders", parcel.orders.count);
    return r;
}
FM_FLOW(packs);

/* Resumes the run that it is told of, whose flow checks answers. */
static int resumes(struct fm_run *run)
{
    const struct order small = {.size = "small"};
    const struct order large = {.size = "large"};
    const struct order huge = {.size = "huge"};

    EXPECT_FAILURE(fm_resume(run, "no id", &Order, &large), FM_INVALID, "no id");
    EXPECT_FAILURE(fm_resume(run, "7a2d8a5e-0000-4000-8000-000000000000", FM_NOTHING, NULL),
                   FM_NOT_FOUND, "not found");
    EXPECT_FAILURE(fm_resume(run, fm_run_id(run), FM_STRING, "x"), FM_REFUSED, "not paused");
    EXPECT_FAILURE(fm_resume(run, argument, &Order, &huge), FM_REFUSED, "'huge' is not one of");
    EXPECT_FAILURE(fm_resume(run, argument, &Order, &small), FM_REFUSED, "size: is sold out");
    EXPECT(fm_resume(run, argument, &Order, &large) == 0);
    return 0;
}
FM_FLOW(resumes);

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const struct fm_flow *flow;
    } flows[] = {
        {"askers", &askers_flow}, {"asks", &asks_flow},   {"keeps_secrets", &keeps_secrets_flow},
        {"orders", &orders_flow}, {"packs", &packs_flow}, {"resumes", &resumes_flow},
    };
    const char *name = argc > 1 ? argv[1] : "";

    argument = argc > 2 ? argv[2] : "";
    if (strcmp(name, "serve") == 0)
        return fm_serve(FM_DEPLOYMENT(&order_later_flow, .name = "test"),
                        FM_DEPLOYMENT(&ask_later_flow, .name = "test"));
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        if (strcmp(flows[i].name, name) == 0)
            return fm_run_flow(flows[i].flow);
    }
    fprintf(stderr, "usage: %s serve|FLOW [ARGUMENT]\n", argv[0]);
    return 2;
}
