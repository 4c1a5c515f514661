/* Options as tables over getopt_long; see command.h. */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

#define MAX_OPTIONS 32
#define HELP_COLUMN 26
#define FIRST_VALUE 256 /* of getopt's: past all letters */

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

static void show_help(struct cli *cli, const struct command *command, const struct option_row *rows,
                      size_t count)
{
    struct screen *screen = &cli->screen;
    buf_auto text = BUF_INIT;

    buf_addf(&text, "Usage: fermata %s %s\n\n", command->name, command->arguments);
    buf_addf(&text, "%c%s.\n", toupper(command->summary[0]), command->summary + 1);
    if (command->details) {
        buf_add_char(&text, '\n');
        text_wrap(&text, command->details, screen->width, "", "");
    }
    buf_add_string(&text, "\nOptions:\n");
    for (size_t i = 0; i < count; i++)
        add_row_help(&text, &rows[i], screen->width);
    screen_flush(screen, &text);
}

/* False if a list is full. */
static bool take_option(const struct option_row *row, const char *argument)
{
    if (row->flag)
        *row->flag = true;
    else if (row->text)
        *row->text = argument;
    else if (row->list->count == TEXT_LIST_MAX)
        return false;
    else
        row->list->texts[row->list->count++] = argument;
    return true;
}

static void to_getopt(const struct option_row *rows, size_t count, struct option *options,
                      struct buf *letters)
{
    for (size_t i = 0; i < count; i++) {
        options[i] = (struct option){.name = rows[i].name,
                                     .has_arg = rows[i].argument ? required_argument : no_argument,
                                     .val = FIRST_VALUE + (int)i};
        if (rows[i].letter)
            buf_addf(letters, "%c%s", rows[i].letter, rows[i].argument ? ":" : "");
    }
    options[count] = (struct option){0};
}

static const struct option_row *row_of(const struct option_row *rows, size_t count, int value)
{
    for (size_t i = 0; i < count; i++)
        if (value == FIRST_VALUE + (int)i || (rows[i].letter && value == rows[i].letter))
            return &rows[i];
    return NULL;
}

static int usage_error(const struct command *command, const char *what)
{
    complain("%s; see 'fermata %s --help'", what, command->name);
    return STATUS_USAGE;
}

/* The command's rows and the common ones as one table. */
static size_t join_rows(struct cli *cli, const struct option_row *rows, bool *help,
                        struct option_row *all)
{
    const struct option_row common[] = {
        {"json", 0, NULL, "print JSON, for scripts", .flag = &cli->json},
        {"api", 0, "URL",
         "the API's address; default: FERMATA_API_URL, PREFECT_API_URL, "
         "http://127.0.0.1:4200/api",
         .text = &cli->url},
        {"help", 'h', NULL, "show this help", .flag = help},
    };
    size_t count = 0;

    while (rows->name && count < MAX_OPTIONS)
        all[count++] = *rows++;
    memcpy(&all[count], common, sizeof(common));
    return count + COUNT_OF(common);
}

int options_read(struct cli *cli, const struct command *command, const struct option_row *rows,
                 int argc, char **argv, int least, int most, int *ret_first)
{
    struct option_row all[MAX_OPTIONS + 3];
    struct option options[MAX_OPTIONS + 4];
    buf_auto letters = BUF_INIT;
    buf_auto name = BUF_INIT;
    bool help = false;
    int value;

    size_t count = join_rows(cli, rows, &help, all);
    to_getopt(all, count, options, &letters);
    buf_addf(&name, "fermata %s", command->name);
    argv[0] = (char *)buf_string(&name); /* what getopt_long says is wrong begins with it */
    optind = 1;
    while ((value = getopt_long(argc, argv, buf_string(&letters), options, NULL)) != -1) {
        const struct option_row *row = row_of(all, count, value);
        if (!row)
            return usage_error(command, "nothing was done");
        if (!take_option(row, optarg))
            return usage_error(command, "an option is given too often");
    }
    argv[0] = (char *)command->name;
    if (help) {
        show_help(cli, command, all, count);
        return STATUS_DONE;
    }
    if (argc - optind < least)
        return usage_error(command, "an argument is missing");
    if (argc - optind > most)
        return usage_error(command, "too many arguments");
    *ret_first = optind;
    return -1;
}
