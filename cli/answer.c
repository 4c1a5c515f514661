/* `fermata answer`: a run's input request as a form in the terminal. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/field.h"
#include "cli/form.h"
#include "cli/markdown.h"
#include "cli/requests.h"
#include "common/ids.h"
#include "common/times.h"
#include "json/text.h"

#define ANSWER_TIMEOUT                                                                             \
    300.0                  /* seconds: the flow itself may check the answer, and take its time     \
                            */
#define NEW_TIME    SECOND /* so long a description may yet come */
#define SCHEMA_TIME (30 * SECOND) /* so long the schema is waited for */
#define FETCH_PAUSE 200000        /* microseconds */
#define FAREWELL    "\nNothing was sent; the run goes on waiting.\n"

struct answer_settings {
    const char *run;
    const char *value;
    struct text_list settings;
    const char *by;
    bool check;
};

struct answer {
    struct cli *cli;
    struct prompt prompt;
    const char *run;   /* --run: id or name */
    const char *value; /* --value: JSON */
    const struct text_list *settings;
    const char *by;
    bool check;
    struct error error;

    char id[ID_SIZE];
    struct api_reply request;
    const json_t *schema; /* the request's; an empty object if it has none */
};

static bool asks(const struct answer *answer)
{
    return !answer->value && answer->settings->count == 0;
}

static int give_up(struct answer *answer)
{
    return fail_with(&answer->error);
}

/* ---- which one ------------------------------------------------------------------------------- */

static int choose(struct answer *answer, const json_t *requests, size_t *ret_index)
{
    struct field field = {.kind = FIELD_INTEGER};
    size_t count = json_array_size(requests);

    if (inbox_print(requests, true, &answer->prompt.screen, &answer->error) < 0)
        return -1;
    if (!answer->prompt.is_terminal || !asks(answer))
        return error_set(&answer->error, EINVAL,
                         "several runs wait for an answer: name an input request or a run");
    for (;;) {
        buf_auto why = BUF_INIT;
        json_auto_t *number = NULL;
        char *line;
        if (prompt_read(&answer->prompt, "Which one? > ", false, &line, &answer->error) < 0)
            return -1;
        bool right = field_read(&field, NULL, line, &number, &why) &&
                     json_integer_value(number) >= 1 && (size_t)json_integer_value(number) <= count;
        free(line);
        if (right) {
            *ret_index = (size_t)json_integer_value(number) - 1;
            return 0;
        }
        prompt_complain(&answer->prompt, "must be one of the numbers in the first column");
    }
}

/* Finds an open request: of one run, or any. */
static int find_open(struct answer *answer)
{
    char run_id[ID_SIZE];
    api_reply_auto reply = {0};
    size_t index = 0;

    if (answer->run && api_find_run(answer->cli, answer->run, run_id, &answer->error) < 0)
        return -1;
    if (inbox_get(answer->cli, answer->run ? run_id : NULL, &reply, &answer->error) < 0)
        return -1;
    size_t count = json_array_size(reply.json);
    if (count == 0)
        return error_set(&answer->error, ENOENT,
                         answer->run ? "this run does not wait for an answer"
                                     : "nothing waits for an answer");
    if (count > 1 && choose(answer, reply.json, &index) < 0)
        return -1;
    const char *id = member_text(json_array_get(reply.json, index), "id");
    if (!id || !id_parse(id, answer->id))
        return error_set(&answer->error, EPROTO, "the server gave no right id");
    return 0;
}

static int fetch(struct answer *answer)
{
    buf_auto path = BUF_INIT;

    api_reply_release(&answer->request);
    buf_addf(&path, "/input_requests/%s", answer->id);
    if (api_get(answer->cli, buf_string(&path), &answer->request, &answer->error) < 0)
        return -1;
    answer->schema = json_object_get(answer->request.json, "schema");
    return 0;
}

static bool is_new(const json_t *request)
{
    const char *created = member_text(request, "created");
    int64_t time;

    return created && time_parse(created, &time) && time > time_now() - NEW_TIME;
}

/* A run tells that it waits, then what for, then its description, each in a request of its own. */
static bool more_is_to_come(const struct answer *answer)
{
    const json_t *request = answer->request.json;
    const char *state = member_text(request, "state");

    if (!state || strcmp(state, "open") != 0 ||
        !json_is_true(json_object_get(request, "wants_input")))
        return false;
    return !json_is_object(answer->schema) ||
           (is_new(request) && !member_text(request, "description"));
}

static int fetch_all(struct answer *answer)
{
    int64_t end = time_monotonic() + SCHEMA_TIME;

    if (fetch(answer) < 0)
        return -1;
    while (more_is_to_come(answer)) {
        if (time_monotonic() > end)
            return error_set(&answer->error, ETIMEDOUT, "the run has not told yet what it asks");
        usleep(FETCH_PAUSE);
        if (fetch(answer) < 0)
            return -1;
    }
    return 0;
}

/* ---- what it says ---------------------------------------------------------------------------- */

static void add_who(struct buf *to, const json_t *request)
{
    const char *by = member_text(request, "answered_by");
    const char *via = member_text(request, "answered_via");
    const char *at = member_text(request, "answered_at");
    int64_t time;

    buf_addf(to, "answered by %s", by ? by : "somebody");
    if (via)
        buf_addf(to, " (%s)", via);
    if (at && time_parse(at, &time)) {
        buf_add_char(to, ' ');
        text_add_relative(to, time, time_now());
    }
}

/* Only an open one can be answered. */
static int refuse_closed(struct answer *answer)
{
    const char *state = member_text(answer->request.json, "state");
    buf_auto who = BUF_INIT;

    if (!state || strcmp(state, "open") == 0)
        return 0;
    if (strcmp(state, "answered") == 0) {
        add_who(&who, answer->request.json);
        return error_set(&answer->error, EEXIST, "this was %s", buf_string(&who));
    }
    return error_set(&answer->error, ETIMEDOUT, "it is too late for an answer: %s", state);
}

static void add_names(struct buf *to, const struct answer *answer)
{
    static const struct {
        const char *member, *before;
    } names[] = {{"flow_run_name", ""}, {"flow_name", " of "}, {"deployment_name", " / "}};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *name = member_text(answer->request.json, names[i].member);
        if (!name)
            continue;
        buf_add_string(to, names[i].before);
        text_add_style(to, answer->prompt.screen.colour, i == 0 ? STYLE_BOLD : STYLE_PLAIN);
        text_add_short(to, name, 60);
        text_add_style(to, answer->prompt.screen.colour, STYLE_PLAIN);
    }
}

static int show_request(struct answer *answer)
{
    struct screen *screen = &answer->prompt.screen;
    const char *description = member_text(answer->request.json, "description");
    buf_auto text = BUF_INIT;

    add_names(&text, answer);
    buf_add_string(&text, " waits for your input.\n");
    if (member_text(answer->request.json, "deadline")) {
        buf_add_string(&text, "Deadline: ");
        add_deadline(&text, answer->request.json);
        buf_add_char(&text, '\n');
    }
    buf_add_char(&text, '\n');
    if (description && *description) {
        if (markdown_render(&text, description, screen->width, screen->colour, &answer->error) < 0)
            return -1;
        buf_add_char(&text, '\n');
    }
    screen_flush(screen, &text);
    return 0;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* The value of --value, changed by each --set. */
static int make_value(struct answer *answer, json_t **ret_value)
{
    json_auto_t *value = NULL;

    if (answer->value)
        value = json_parse(answer->value, strlen(answer->value), &answer->error);
    else
        value = json_object();
    if (!value)
        return error_prefix(&answer->error, "--value");
    for (size_t i = 0; i < answer->settings->count; i++) {
        const char *setting = answer->settings->texts[i];
        size_t length = strcspn(setting, "=");
        char *path = strndup(setting, length);
        int r = !path || !setting[length] || !json_is_object(value)
                    ? error_set(&answer->error, EINVAL, "'%s' is not FIELD=VALUE", setting)
                    : form_set(answer->schema, value, path, setting + length + 1, &answer->error);
        free(path);
        if (r < 0)
            return error_prefix(&answer->error, "--set");
    }
    *ret_value = json_incref(value);
    return 0;
}

/* 1 with a value; 0 if the person does not approve. */
static int ask(struct answer *answer, json_t **ret_value)
{
    if (!form_is_empty(answer->schema))
        return form_fill(&answer->prompt, answer->schema,
                         json_object_get(answer->request.json, "defaults"), ret_value,
                         &answer->error) < 0
                   ? -1
                   : 1;
    int yes = prompt_yes(&answer->prompt, "Approve? [y/N] > ", false, &answer->error);
    if (yes > 0)
        *ret_value = json_object();
    return yes;
}

static int send_value(struct answer *answer, const json_t *value, struct api_reply *ret_reply)
{
    char key[ID_SIZE];
    buf_auto path = BUF_INIT;
    json_auto_t *body = json_pack("{s:O}", "value", value);

    id_new(key);
    buf_addf(&path, "/input_requests/%s/%s", answer->id, answer->check ? "check" : "answer");
    if (answer->by && !answer->check)
        json_object_set_new(body, "by", json_string(answer->by));
    struct fm_call options = {.timeout = ANSWER_TIMEOUT,
                              .idempotency_key = answer->check ? NULL : key};
    return api_request(answer->cli->client, "POST", buf_string(&path), body, &options, ret_reply,
                       &answer->error);
}

/* The list of what is wrong with the answer, or NULL if the reply says something else. */
static const json_t *errors_of(const struct api_reply *reply)
{
    const json_t *errors = json_object_get(reply->json, "errors");

    return reply->status == 422 && json_array_size(errors) > 0 ? errors : NULL;
}

static int report_loss(struct answer *answer, const struct api_reply *reply)
{
    const json_t *winner = json_object_get(reply->json, "winner");
    buf_auto who = BUF_INIT;

    if (reply->status != 409 || !json_is_object(winner)) {
        api_check(reply, &answer->error);
        return give_up(answer);
    }
    add_who(&who, winner);
    error_set(&answer->error, EEXIST, "somebody was first: it was %s", buf_string(&who));
    return give_up(answer);
}

static int report_check(struct answer *answer, const struct api_reply *reply)
{
    size_t i;
    json_t *one;

    if (answer->cli->json)
        print_json(answer->cli, reply);
    if (json_is_true(json_object_get(reply->json, "valid"))) {
        if (!answer->cli->json)
            fputs("This answer would be taken.\n", answer->cli->screen.out);
        return STATUS_DONE;
    }
    json_array_foreach(json_object_get(reply->json, "errors"), i, one) {
        const char *path = member_text(one, "path");
        const char *message = member_text(one, "message");
        complain("%s%s%s", path ? path : "", path && *path ? ": " : "", message ? message : "");
    }
    return STATUS_FAILED;
}

static int report_success(struct answer *answer, const struct api_reply *reply)
{
    struct screen *screen = &answer->prompt.screen;
    const char *name = member_text(answer->request.json, "flow_run_name");
    buf_auto text = BUF_INIT;

    if (answer->cli->json) {
        print_json(answer->cli, reply);
        return STATUS_DONE;
    }
    text_add_style(&text, screen->colour, STYLE_GREEN);
    text_add_short(&text, name ? name : "The run", 60);
    buf_add_string(&text, " goes on.");
    text_add_style(&text, screen->colour, STYLE_PLAIN);
    buf_add_char(&text, '\n');
    if (json_is_true(json_object_get(reply->json, "unchecked")))
        buf_add_string(&text,
                       "Its flow, which checks answers itself, was not there to be asked: it "
                       "checks this one when it goes on, and may ask again.\n");
    screen_flush(screen, &text);
    return STATUS_DONE;
}

/* Asks again for what was wrong, until the server takes the answer or says that it is over. */
static int send_until_taken(struct answer *answer, json_t *first)
{
    json_auto_t *value = json_incref(first);

    for (;;) {
        api_reply_auto reply = {0};
        prompt_on_interrupt(NULL);
        if (send_value(answer, value, &reply) < 0)
            return give_up(answer);
        prompt_on_interrupt(FAREWELL);
        if (answer->check && reply.status == 200)
            return report_check(answer, &reply);
        if (reply.status / 100 == 2)
            return report_success(answer, &reply);
        const json_t *errors = errors_of(&reply);
        if (!errors || !asks(answer) || form_is_empty(answer->schema))
            return report_loss(answer, &reply);
        fputs("The answer was refused.\n", answer->prompt.screen.out);
        json_t *corrected;
        if (form_correct(&answer->prompt, answer->schema,
                         json_object_get(answer->request.json, "defaults"), errors, value,
                         &corrected, &answer->error) < 0)
            return give_up(answer);
        json_decref(value);
        value = corrected;
    }
}

static int answer_request(struct answer *answer)
{
    json_auto_t *value = NULL;

    if (!*answer->id && find_open(answer) < 0)
        return give_up(answer);
    if (fetch_all(answer) < 0 || refuse_closed(answer) < 0)
        return give_up(answer);
    if (!asks(answer)) {
        if (make_value(answer, &value) < 0)
            return give_up(answer);
        return send_until_taken(answer, value);
    }
    if (show_request(answer) < 0)
        return give_up(answer);
    int r = ask(answer, &value);
    if (r > 0)
        return send_until_taken(answer, value);
    if (r < 0)
        return give_up(answer);
    fputs("Not approved; the run goes on waiting.\n", answer->prompt.screen.out);
    return STATUS_FAILED;
}

static const char *login_name(void)
{
    const struct passwd *user = getpwuid(geteuid());

    return user ? user->pw_name : NULL;
}

static int run_answer(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct answer_settings *given = settings;
    struct answer answer = {.cli = cli,
                            .run = given->run,
                            .value = given->value,
                            .settings = &given->settings,
                            .by = given->by ? given->by : login_name(),
                            .check = given->check};

    if (argc > 0 && (answer.run || !id_parse(argv[0], answer.id))) {
        complain(answer.run ? "an input request and --run are one too many"
                            : "'%.100s' is no id of an input request; a run's name goes with --run",
                 argv[0]);
        return STATUS_USAGE;
    }
    prompt_init(&answer.prompt, cli->json);
    prompt_on_interrupt(FAREWELL);
    int status = answer_request(&answer);
    prompt_on_interrupt(NULL);
    api_reply_release(&answer.request);
    return status;
}

static const struct option_row options[] = {
    {.name = "run",
     .letter = 'r',
     .argument = "FLOW-RUN",
     .help = "answer what this run waits for: its id or name",
     OPTION_TEXT(struct answer_settings, run),
     .takes = WORD_FLOW_RUN},
    {.name = "value",
     .letter = 'v',
     .argument = "JSON",
     .help = "the whole answer",
     OPTION_TEXT(struct answer_settings, value)},
    {.name = "set",
     .letter = 's',
     .argument = "FIELD=VALUE",
     .help = "one field (\"address.city=Rome\"); may be given again",
     OPTION_LIST(struct answer_settings, settings)},
    {.name = "check",
     .help = "only say what the server would say to this answer",
     OPTION_FLAG(struct answer_settings, check)},
    {.name = "by",
     .argument = "NAME",
     .help = "who answers; default: your login name",
     OPTION_TEXT(struct answer_settings, by)},
    OPTIONS_END};

const struct command answer_commands[] = {
    {.name = "answer",
     .arguments = "[INPUT-REQUEST]",
     .summary = "answer a run that waits for input",
     .details =
         "Shows what a run waits for as a form, made from its type, and sends the answer. Without "
         "INPUT-REQUEST or --run it takes the only one that is open, or lets you choose. Answers "
         "are read from standard input, one line each; with --value or --set nothing is asked.",
     .example = "fermata answer --run merry-tiger --set name=Ada --set age=36",
     .run = run_answer,
     .options = options,
     .settings_size = sizeof(struct answer_settings),
     .most = 1,
     .takes = WORD_INPUT_REQUEST},
    COMMANDS_END};
