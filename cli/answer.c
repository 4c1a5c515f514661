/* `fermata answer`: a run's input request as a form in the terminal. */
#include "cli/answer.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/form.h"
#include "json/text.h"

#define ANSWER_TIMEOUT                                                                             \
    300.0 /* seconds: the flow itself may check the answer, and take its time                      \
           */
#define FILE_CEILING ((size_t)16 << 20) /* bytes; the most that a server takes as it comes */

struct answer_settings {
    struct inbox_filter filter;
    bool all;
    const char *file;
    struct text_list settings;
    const char *by;
    bool check;
};

bool answer_asks(const struct answer *answer)
{
    return !answer->file && answer->settings->count == 0;
}

static int give_up(struct answer *answer)
{
    return fail_with(&answer->error);
}

/* ---- the value ------------------------------------------------------------------------------- */

static int read_all(FILE *file, struct buf *to, struct error *error)
{
    char piece[16384];
    size_t length;

    while ((length = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_add(to, piece, length);
    if (ferror(file))
        return error_errno(error, "cannot read it");
    return to->failed ? error_set(error, E2BIG, "it is too large") : 0;
}

/* The file's JSON; "-" is standard input. */
static int read_file(const char *name, json_t **ret_value, struct error *error)
{
    bool is_input = strcmp(name, "-") == 0;
    FILE *file = is_input ? stdin : fopen(name, "re");
    buf_auto text = {.ceiling = FILE_CEILING};

    if (!file)
        return error_errno(error, "cannot open it");
    int r = read_all(file, &text, error);
    if (!is_input)
        fclose(file);
    if (r < 0)
        return -1;
    *ret_value = json_parse(buf_string(&text), text.length, error);
    return *ret_value ? 0 : -1;
}

static int set_field(struct answer *answer, json_t *value, const char *setting)
{
    size_t length = strcspn(setting, "=");
    char *path = strndup(setting, length);
    int r = !path || !setting[length] || !json_is_object(value)
                ? error_set(&answer->error, EINVAL, "'%s' is not FIELD=VALUE", setting)
                : form_set(answer->schema, value, path, setting + length + 1, &answer->error);

    free(path);
    return r < 0 ? error_prefix(&answer->error, "--set") : 0;
}

/* What --json says, changed by each --set. */
static int make_value(struct answer *answer, json_t **ret_value)
{
    json_auto_t *value = NULL;

    if (!answer->file)
        value = json_object();
    else if (read_file(answer->file, &value, &answer->error) < 0)
        return error_prefix(&answer->error, "--json %.100s", answer->file);
    for (size_t i = 0; i < answer->settings->count; i++)
        if (set_field(answer, value, answer->settings->texts[i]) < 0)
            return -1;
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

int answer_get_value(struct answer *answer, json_t **ret_value)
{
    if (answer_asks(answer))
        return ask(answer, ret_value);
    return make_value(answer, ret_value) < 0 ? -1 : 1;
}

/* ---- sending it ------------------------------------------------------------------------------ */

int answer_send(struct answer *answer, const json_t *value, struct api_reply *ret_reply)
{
    static const struct fm_call options = {.timeout = ANSWER_TIMEOUT};
    buf_auto path = BUF_INIT;
    json_auto_t *body = json_pack("{s:O}", "value", value);

    buf_addf(&path, "/input_requests/%s/%s", answer->id, answer->check ? "check" : "answer");
    if (answer->by && !answer->check)
        json_object_set_new(body, "by", json_string(answer->by));
    return api_request(answer->cli->client, "POST", buf_string(&path), body, &options, ret_reply,
                       &answer->error);
}

/* The list of what is wrong with the answer, or NULL if the reply says something else. */
const json_t *answer_errors(const struct api_reply *reply)
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
        if (!answer->cli->json && !answer->cli->quiet)
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
    if (answer->cli->quiet)
        return STATUS_DONE;
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
        if (answer_send(answer, value, &reply) < 0)
            return give_up(answer);
        prompt_on_interrupt(ANSWER_FAREWELL);
        if (answer->check && reply.status == 200)
            return report_check(answer, &reply);
        if (reply.status / 100 == 2)
            return report_success(answer, &reply);
        const json_t *errors = answer_errors(&reply);
        if (!errors || !answer_asks(answer) || form_is_empty(answer->schema))
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

/* ---- the command ----------------------------------------------------------------------------- */

static int answer_one(struct answer *answer)
{
    json_auto_t *value = NULL;

    if ((!*answer->id && answer_find(answer) < 0) || answer_fetch(answer) < 0 ||
        answer_refuse_closed(answer) < 0)
        return give_up(answer);
    if (answer_asks(answer) && answer_show(answer) < 0)
        return give_up(answer);
    int r = answer_get_value(answer, &value);
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

/* What is wrong with the way in which the requests are named; NULL: nothing. */
static const char *wrong_choice(const struct answer_settings *given, bool has_id)
{
    const struct inbox_filter *filter = &given->filter;

    if (has_id && (filter->run || filter->flow || filter->deployment || filter->text))
        return "an input request and a filter are one too many";
    if (has_id && given->all)
        return "an input request and --all are one too many";
    return NULL;
}

static int run_answer(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct answer_settings *given = settings;
    struct answer answer = {.cli = cli,
                            .filter = given->filter,
                            .file = given->file,
                            .settings = &given->settings,
                            .by = given->by ? given->by : login_name(),
                            .check = given->check};
    const char *wrong = wrong_choice(given, argc > 0);

    if (wrong) {
        complain("%s", wrong);
        return STATUS_USAGE;
    }
    if (argc > 0 && !id_parse(argv[0], answer.id)) {
        complain("'%.100s' is no id of an input request; a run's name goes with --run", argv[0]);
        return STATUS_USAGE;
    }
    prompt_init(&answer.prompt, cli->json || cli->quiet);
    prompt_on_interrupt(ANSWER_FAREWELL);
    int status = given->all ? answer_all(&answer) : answer_one(&answer);
    prompt_on_interrupt(NULL);
    api_reply_release(&answer.request);
    return status;
}

static const struct option_row options[] = {
    {.name = "run",
     .letter = 'r',
     .argument = "FLOW-RUN",
     .help = "answer what this run waits for: its id or name",
     OPTION_TEXT(struct answer_settings, filter.run),
     .takes = WORD_FLOW_RUN},
    INBOX_FILTER_OPTIONS(struct answer_settings, filter),
    {.name = "all",
     .letter = 'a',
     .help = "answer all that are meant and that ask the same, alike",
     OPTION_FLAG(struct answer_settings, all)},
    {.name = "json",
     .letter = 'j',
     .argument = "FILE",
     .help = "the whole answer, as JSON in a file; -: from standard input",
     OPTION_TEXT(struct answer_settings, file),
     .takes = WORD_FILE},
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
         "INPUT-REQUEST it takes the only one that is open and meant by the filters, or lets you "
         "choose. With --json or --set nothing is asked. Without a terminal the answers are read "
         "from standard input, one line each. For JSON as its output: fermata --json answer.",
     .example = "fermata answer --run merry-tiger --set name=Ada --set age=36\n"
                "fermata answer --all --flow release --set approved=yes\n"
                "echo '{\"name\": \"Ada\", \"age\": 36}' | fermata answer --json -",
     .run = run_answer,
     .options = options,
     .settings_size = sizeof(struct answer_settings),
     .most = 1,
     .takes = WORD_INPUT_REQUEST},
    COMMANDS_END};
