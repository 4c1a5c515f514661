/* Options as tables over getopt_long; see command.h. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "lib/utf8.h"

#define HELP_COLUMN 26
#define FIRST_VALUE 256 /* of getopt's: past all letters */

/* What every command takes; these go into struct cli, not into the command's settings. */
static const struct option_row common_options[] = {
    {.name = "json", .help = "print JSON, for scripts", OPTION_FLAG(struct cli, json)},
    {.name = "quiet",
     .letter = 'q',
     .help = "print ids alone, or nothing",
     OPTION_FLAG(struct cli, quiet)},
    {.name = "api",
     .argument = "URL",
     .help = "the API's address; default: FERMATA_API_URL, PREFECT_API_URL, "
             "http://127.0.0.1:4200/api",
     OPTION_TEXT(struct cli, url)},
    {.name = "help", .letter = 'h', .help = "show this help", .kind = OPTION_FLAG},
    OPTIONS_END};

bool option_is_common(const struct option_row *row)
{
    return row >= common_options && row < common_options + COUNT_OF(common_options);
}

static bool is_help(const struct option_row *row)
{
    return option_is_common(row) && row->letter == 'h';
}

/* Those that read their arguments themselves take no common option but --help. */
static bool is_taken(const struct command *command, const struct option_row *common,
                     const struct option_row *const rows[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i]->name, common->name) == 0)
            return false;
    return !command->raw || is_help(common);
}

static size_t add_rows(const struct option_row *from, const struct option_row *rows[], size_t count)
{
    for (; from && from->name; from++) {
        if (count == MOST_OPTIONS - COUNT_OF(common_options))
            BUG("a command of more than %zu options", count);
        rows[count++] = from;
    }
    return count;
}

size_t command_options(const struct command *command, const struct option_row *rows[MOST_OPTIONS])
{
    size_t own = add_rows(command->options, rows, 0);

    if (command->more_options)
        own = add_rows(command->more_options(), rows, own);
    size_t count = own;
    for (const struct option_row *row = common_options; row->name; row++)
        if (is_taken(command, row, rows, own))
            rows[count++] = row;
    return count;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void add_row_help(struct buf *to, const struct option_row *row, int width)
{
    buf_auto left = BUF_INIT;
    buf_auto indent = BUF_INIT;

    if (row->letter)
        buf_addf(&left, "  -%c, --%s", row->letter, row->name);
    else
        buf_addf(&left, "      --%s", row->name);
    if (row->argument)
        buf_addf(&left, " %s", row->argument);
    buf_addf(&indent, "%*s", HELP_COLUMN, "");
    int used = (int)left.length;
    if (used < HELP_COLUMN - 1) {
        buf_addf(&left, "%*s", HELP_COLUMN - used, "");
        text_wrap(to, row->help, width, buf_string(&left), buf_string(&indent));
    } else {
        buf_addf(to, "%s\n", buf_string(&left));
        text_wrap(to, row->help, width, buf_string(&indent), buf_string(&indent));
    }
}

static void add_examples(struct buf *to, const char *examples)
{
    buf_add_string(to, "\nExample:\n");
    for (const char *line = examples; *line;) {
        size_t length = strcspn(line, "\n");
        buf_addf(to, "  %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

void command_add_help(struct buf *to, const struct command *command, int width)
{
    const struct option_row *rows[MOST_OPTIONS];
    size_t count = command_options(command, rows);

    buf_addf(to, "Usage: fermata %s [OPTION...]%s%s\n\n", command->name,
             *command->arguments ? " " : "", command->arguments);
    buf_addf(to, "%c%s.\n", toupper(command->summary[0]), command->summary + 1);
    if (command->details) {
        buf_add_char(to, '\n');
        text_wrap(to, command->details, width, "", "");
    }
    if (command->example)
        add_examples(to, command->example);
    buf_add_string(to, "\nOptions:\n");
    for (size_t i = 0; i < count; i++)
        add_row_help(to, rows[i], width);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct parser {
    struct cli *cli;
    const struct command *command;
    const struct option_row *rows[MOST_OPTIONS];
    size_t count;
    void *settings;
    bool help;
};

static int usage_error(const struct command *command, const char *what)
{
    complain("%s; see 'fermata %s --help'", what, command->name);
    return STATUS_USAGE;
}

static bool is_file(enum word_kind takes)
{
    return takes == WORD_FILE || takes == WORD_DIRECTORY;
}

/* All that is sent to the API is JSON, which knows no other bytes. */
static bool check_text(const char *text, bool any_bytes, enum word_kind takes)
{
    if (any_bytes || is_file(takes) || !text[utf8_prefix(text)])
        return true;
    complain("'%.200s' is no UTF-8", text);
    return false;
}

static bool take_number(const struct option_row *row, const char *argument, int64_t *ret_number)
{
    char *end;

    errno = 0;
    long long number = strtoll(argument, &end, 10);
    if (!errno && end != argument && !*end && number >= row->least && number <= row->most) {
        *ret_number = number;
        return true;
    }
    complain("--%s must be a number from %lld to %lld", row->name, (long long)row->least,
             (long long)row->most);
    return false;
}

/* False: it was said what is wrong. */
static bool take_option(struct parser *parser, const struct option_row *row, char *argument)
{
    char *base = option_is_common(row) ? (char *)parser->cli : parser->settings;
    void *place = base + row->offset;

    if (is_help(row)) {
        parser->help = true;
        return true;
    }
    if (argument && !check_text(argument, row->any_bytes, row->takes))
        return false;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return true;
    case OPTION_TEXT:
        *(const char **)place = argument;
        return true;
    case OPTION_NUMBER:
        return take_number(row, argument, place);
    case OPTION_LIST:
        break;
    }
    struct text_list *list = place;
    if (list->count == TEXT_LIST_MAX) {
        complain("--%s is given more than %d times", row->name, TEXT_LIST_MAX);
        return false;
    }
    list->texts[list->count++] = argument;
    return true;
}

static void to_getopt(const struct parser *parser, struct option *options, struct buf *letters)
{
    if (parser->command->rest)
        buf_add_char(letters, '+');
    for (size_t i = 0; i < parser->count; i++) {
        const struct option_row *row = parser->rows[i];
        options[i] = (struct option){.name = row->name,
                                     .has_arg = row->argument ? required_argument : no_argument,
                                     .val = FIRST_VALUE + (int)i};
        if (row->letter)
            buf_addf(letters, "%c%s", row->letter, row->argument ? ":" : "");
    }
    options[parser->count] = (struct option){0};
}

static const struct option_row *row_of(const struct parser *parser, int value)
{
    for (size_t i = 0; i < parser->count; i++)
        if (value == FIRST_VALUE + (int)i ||
            (parser->rows[i]->letter && value == parser->rows[i]->letter))
            return parser->rows[i];
    return NULL;
}

static void set_fallbacks(struct parser *parser)
{
    for (size_t i = 0; i < parser->count; i++) {
        const struct option_row *row = parser->rows[i];
        if (row->kind == OPTION_NUMBER)
            *(int64_t *)((char *)parser->settings + row->offset) = row->fallback;
    }
}

/* -1: go on; else an exit status. What is wrong is told, and what follows is read all the same: so
 * all mistakes are told at once, and the settings are as they were meant. */
static int read_options(struct parser *parser, int argc, char **argv)
{
    struct option options[MOST_OPTIONS + 1];
    buf_auto letters = BUF_INIT;
    buf_auto name = BUF_INIT;
    bool wrong = false;
    int value;

    to_getopt(parser, options, &letters);
    set_fallbacks(parser);
    buf_addf(&name, "fermata %s", parser->command->name);
    argv[0] = (char *)buf_string(&name); /* what getopt_long says is wrong begins with it */
    optind = 0;                          /* glibc: begins anew, also with "+" */
    while ((value = getopt_long(argc, argv, buf_string(&letters), options, NULL)) != -1) {
        const struct option_row *row = row_of(parser, value);
        wrong = !row || !take_option(parser, row, optarg) || wrong;
    }
    argv[0] = (char *)parser->command->name;
    return wrong ? usage_error(parser->command, "nothing was done") : -1;
}

static int run_with(struct parser *parser, int argc, char **argv)
{
    const struct command *command = parser->command;

    if (argc < command->least)
        return usage_error(command, "an argument is missing");
    if (argc > command->most)
        return usage_error(command, "too many arguments");
    for (int i = 0; i < argc; i++)
        if (!check_text(argv[i], command->any_bytes || command->rest, command->takes))
            return usage_error(command, "nothing was done");
    return command->run(parser->cli, parser->settings, argc, argv);
}

static int show_help(struct cli *cli, const struct command *command)
{
    buf_auto text = BUF_INIT;

    command_add_help(&text, command, cli->screen.width);
    screen_flush(&cli->screen, &text);
    return STATUS_DONE;
}

static int run_raw(struct cli *cli, const struct command *command, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return show_help(cli, command);
    return command->raw(argc, argv);
}

int command_run(struct cli *cli, const struct command *command, int argc, char **argv)
{
    struct parser parser = {.cli = cli, .command = command};

    if (command->raw)
        return run_raw(cli, command, argc, argv);
    parser.settings = calloc(1, command->settings_size ? command->settings_size : 1);
    if (!parser.settings) {
        complain("out of memory");
        return STATUS_FAILED;
    }
    parser.count = command_options(command, parser.rows);
    int status = read_options(&parser, argc, argv);
    if (status < 0 && parser.help)
        status = show_help(cli, command);
    if (status < 0)
        status = run_with(&parser, argc - optind, argv + optind);
    if (status == STATUS_USAGE && command->misused)
        command->misused(parser.settings);
    free(parser.settings);
    return status;
}
