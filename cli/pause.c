/* `fermata pause`, `suspend` and `confirm`: a script asks, and gets the answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/api.h"
#include "cli/field.h"
#include "cli/schema_options.h"
#include "cli/script.h"
#include "json/text.h"

#define NOT_ANSWERED 2 /* of `confirm`, so that it is no "no" */

struct pause_settings {
    struct text_list inputs;
    const char *schema; /* a file */
    const char *title;
    const char *description;
    const char *description_file;
    const char *get; /* a field */
    bool exports;
    int64_t timeout;
};

/* What is asked, and the answer. */
struct question {
    const char *command;
    const struct pause_settings *settings;
    bool suspends;
    json_t *schema;         /* NULL: only that somebody says "go on" */
    struct buf description; /* empty: none */
    json_t *answer;
};

static void release_question(struct question *question)
{
    json_decref(question->schema);
    json_decref(question->answer);
    buf_release(&question->description);
}

#define question_auto CLEANUP(release_question) struct question

/* With --export a script runs what is printed: `eval ""` would have it go on as if it had been
 * answered. */
static void print_failure(const void *settings)
{
    const struct pause_settings *given = settings;

    if (!given->exports)
        return;
    fputs("false\n", stdout);
    fflush(stdout);
}

static int fail_question(const struct question *question, const struct error *error)
{
    print_failure(question->settings);
    return fail_with(error);
}

/* ---- what is asked --------------------------------------------------------------------------- */

static int take_description(struct question *question, struct error *error)
{
    const struct pause_settings *settings = question->settings;

    if (settings->description && settings->description_file)
        return error_set(error, EINVAL, "--description and --description-file: one is enough");
    if (settings->description_file)
        return read_text_file(settings->description_file, &question->description, error);
    if (settings->description)
        buf_add_string(&question->description, settings->description);
    return 0;
}

/* What is to be done with the answer has to be possible before anybody is asked. */
static int check_output(const struct question *question, struct error *error)
{
    const struct pause_settings *settings = question->settings;
    json_t *properties = json_object_get(question->schema, "properties");

    if (settings->exports && settings->get)
        return error_set(error, EINVAL, "--export and --get: one is enough");
    if (settings->exports)
        return answer_check_names(question->schema, error);
    if (settings->get && !json_object_get(properties, settings->get))
        return error_set(error, EINVAL, "--get: there is no field '%.100s'", settings->get);
    return 0;
}

static int prepare(struct question *question, struct error *error)
{
    const struct pause_settings *settings = question->settings;
    const char *title = settings->title ? settings->title : "Input";

    if ((settings->inputs.count || settings->schema) &&
        schema_from_options(title, &settings->inputs, settings->schema, &question->schema, error) <
            0)
        return -1;
    if (take_description(question, error) < 0)
        return -1;
    return check_output(question, error);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int take_answer(struct question *question, const char *text, struct error *error)
{
    question->answer = json_parse(text, strlen(text), error);
    if (!json_is_object(question->answer))
        return error_set(error, EPROTO, "the answer is no object");
    return answer_complete(question->schema, question->answer, error);
}

/* 0, or a code of the library's, which then has said why. */
static int ask_in_run(struct question *question, struct fm_run *run, const char *schema,
                      struct fm_json *ret_answer)
{
    static const struct fm_field none[] = {FM_END};
    const struct fm_model model = {
        .name = "Input", .size = sizeof(struct fm_json), .fields = none, .schema = schema};
    const struct fm_pause_options options = {
        .timeout = (double)question->settings->timeout,
        .description = question->description.length ? buf_string(&question->description) : NULL};
    const struct fm_model *asked = schema ? &model : &FM_NOTHING->model;

    return question->suspends ? fm_suspend_with(run, asked, ret_answer, &options)
                              : fm_pause_with(run, asked, ret_answer, &options);
}

static int complain_of(struct question *question, struct inside *inside, int code)
{
    struct error error;

    print_failure(question->settings); /* before a signal can end this process or the script */
    if (code == FM_SUSPENDED) {
        inside_leave(inside, &error);
        return fail_with(&error);
    }
    if (code != FM_REFUSED || !question->suspends)
        return inside_fail(inside);
    complain(
        "%s A run of a deployment can be: 'fermata serve --name NAME -- ./script.sh' makes one "
        "of this script",
        fm_error(inside->run)->message);
    return STATUS_FAILED;
}

/* Asks, and waits. An exit status; the answer is there if it is STATUS_DONE. */
static int ask(struct question *question)
{
    struct fm_json answer = {.text = "{}"};
    struct inside inside;
    struct error error;
    int status = STATUS_DONE;

    char *schema = question->schema ? json_dumps(question->schema, JSON_COMPACT) : NULL;
    if (question->schema && !schema) {
        error_set(&error, ENOMEM, "out of memory");
        return fail_question(question, &error);
    }
    if (inside_open(&inside, question->command, true, &error) < 0) {
        free(schema);
        return fail_question(question, &error);
    }
    int r = ask_in_run(question, inside.run, schema, &answer);
    if (r < 0)
        status = complain_of(question, &inside, r);
    else if (question->schema && take_answer(question, answer.text, &error) < 0)
        status = fail_question(question, &error);
    inside_close(&inside);
    free(schema);
    return status;
}

/* ---- the commands ---------------------------------------------------------------------------- */

static int print_answer(struct cli *cli, const struct question *question)
{
    const struct pause_settings *settings = question->settings;
    const json_t *value = question->answer;
    buf_auto text = BUF_INIT;

    if (settings->exports) {
        answer_add_export(&text, question->schema, value);
    } else if (settings->get) {
        value = json_object_get(value, settings->get);
        if (value && !json_is_null(value))
            field_add_value(&text, value);
        buf_add_char(&text, '\n');
    } else {
        answer_add_json(&text, value);
        buf_add_char(&text, '\n');
    }
    if (answer_print(&cli->screen, &text) == 0)
        return STATUS_DONE;
    complain("the answer could not be printed");
    return STATUS_FAILED;
}

static int run_question(struct cli *cli, const char *command, bool suspends, void *settings)
{
    question_auto question = {.command = command, .settings = settings, .suspends = suspends};
    struct error error;

    if (prepare(&question, &error) < 0)
        return fail_question(&question, &error);
    int status = ask(&question);
    return status == STATUS_DONE && question.answer ? print_answer(cli, &question) : status;
}

static int run_pause(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return run_question(cli, "pause", false, settings);
}

static int run_suspend(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return run_question(cli, "suspend", true, settings);
}

/* The question is the name of the one thing to say yes or no to. */
static int run_confirm(struct cli *cli, void *settings, int argc, char **argv)
{
    question_auto question = {.command = "confirm", .settings = settings};
    struct error error;

    (void)cli;
    (void)argc;
    question.schema = json_pack("{s:s,s:s,s:{s:{s:s,s:s}},s:[s],s:b}", "title", argv[0], "type",
                                "object", "properties", "confirmed", "title", argv[0], "type",
                                "boolean", "required", "confirmed", "additionalProperties", 0);
    if (!question.schema) {
        complain("out of memory");
        return NOT_ANSWERED;
    }
    if (take_description(&question, &error) < 0) {
        fail_with(&error);
        return NOT_ANSWERED;
    }
    if (ask(&question) != STATUS_DONE)
        return NOT_ANSWERED;
    return json_is_true(json_object_get(question.answer, "confirmed")) ? 0 : 1;
}

#define DESCRIPTION_OPTIONS                                                                        \
    {.name = "description",                                                                        \
     .argument = "TEXT",                                                                           \
     .help = "what is shown above the form, in Markdown",                                          \
     OPTION_TEXT(struct pause_settings, description),                                              \
     .any_bytes = true},                                                                           \
        {.name = "description-file",                                                               \
         .argument = "FILE",                                                                       \
         .help = "the same from a file; '-': standard input",                                      \
         OPTION_TEXT(struct pause_settings, description_file),                                     \
         .takes = WORD_FILE},                                                                      \
    {                                                                                              \
        .name = "timeout", .argument = "SECONDS",                                                  \
        .help = "how long an answer is waited for; default: 3600, an hour",                        \
        OPTION_NUMBER(struct pause_settings, timeout), .fallback = 3600, .least = 1,               \
        .most = 1000000000                                                                         \
    }

static const struct option_row pause_options[] = {
    {.name = "input",
     .letter = 'i',
     .argument = "FIELD",
     .help = "a field of the form, such as 'env: staging|production', 'replicas: integer >= 1 = 3' "
             "or 'note?: text # shown below'; may be given again",
     OPTION_LIST(struct pause_settings, inputs)},
    {.name = "schema",
     .argument = "FILE",
     .help = "the form as a JSON Schema, instead of --input",
     OPTION_TEXT(struct pause_settings, schema),
     .takes = WORD_FILE},
    {.name = "title",
     .argument = "TEXT",
     .help = "what the form is called; default: Input",
     OPTION_TEXT(struct pause_settings, title)},
    DESCRIPTION_OPTIONS,
    {.name = "export",
     .letter = 'e',
     .help = "print NAME='VALUE' lines for eval, one for each field; 'false' if it fails",
     OPTION_FLAG(struct pause_settings, exports)},
    {.name = "get",
     .argument = "FIELD",
     .help = "print this field alone: a text as it is, all else as JSON",
     OPTION_TEXT(struct pause_settings, get)},
    OPTIONS_END};

static const struct option_row confirm_options[] = {DESCRIPTION_OPTIONS, OPTIONS_END};

#define FIELDS_TOLD                                                                                \
    "A FIELD is NAME[?][: TYPE [BOUNDS]] [= DEFAULT] [# HELP]. TYPE is text, integer, number, "    \
    "boolean, date, time, datetime, 'list of' one of these, or choices: a|b|c. BOUNDS are '>= "    \
    "1', "                                                                                         \
    "'< 10', of a text's or a list's length too. With '?' it may be left out."

const struct command pause_commands[] = {
    {.name = "pause",
     .arguments = "",
     .summary = "in a script: stop and ask, print the answer",
     .details = "For scripts that 'fermata run' or 'fermata serve' has started. The flow run is "
                "paused until somebody answers, and the answer is printed as JSON; without a field "
                "it is only waited for somebody to say that it goes on. " FIELDS_TOLD
                " Exit status: 0 answered, 1 failed or nobody answered in time, 130 interrupted.",
     .example = "answer=$(fermata pause --input 'env: staging|production')\n"
                "eval \"$(fermata pause --export -i 'replicas: integer >= 1 = 3')\"\n"
                "fermata pause --description-file plan.md",
     .run = run_pause,
     .options = pause_options,
     .settings_size = sizeof(struct pause_settings),
     .misused = print_failure},
    {.name = "suspend",
     .arguments = "",
     .summary = "in a script: ask, end, and start anew with the answer",
     .details = "For scripts that 'fermata serve' has started. The flow run is suspended and the "
                "script ends. With the answer it starts from its beginning, and there this command "
                "prints the answer at once; what is not to be done twice goes into 'fermata "
                "step'. " FIELDS_TOLD " Exit status: 0 answered, 1 failed, 130 interrupted.",
     .example = "eval \"$(fermata suspend --export --timeout 259200 -i 'delete: boolean')\"",
     .run = run_suspend,
     .options = pause_options,
     .settings_size = sizeof(struct pause_settings),
     .misused = print_failure},
    {.name = "confirm",
     .arguments = "QUESTION",
     .summary = "in a script: ask for a yes or no",
     .details = "For scripts that 'fermata run' or 'fermata serve' has started. Exit status: 0 "
                "yes, 1 no, 2 it was not answered, 130 interrupted.",
     .example = "fermata confirm 'Deploy to production?' || exit 1",
     .run = run_confirm,
     .options = confirm_options,
     .settings_size = sizeof(struct pause_settings),
     .least = 1,
     .most = 1},
    COMMANDS_END};
