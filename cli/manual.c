/* `fermata manual`: the manual page, made from the tables of commands. */
#include <ctype.h>
#include <string.h>

#include "cli/command.h"

/* Text of a man page: what roff would take for a request or an escape is shown as it is. */
static void add_text(struct buf *to, const char *text)
{
    bool line_begins = true;

    for (const char *p = text; *p; p++) {
        if (line_begins && (*p == '.' || *p == '\''))
            buf_add_string(to, "\\&");
        if (*p == '\\')
            buf_add_string(to, "\\e");
        else if (*p == '-')
            buf_add_string(to, "\\-");
        else
            buf_add_char(to, *p);
        line_begins = *p == '\n';
    }
}

static void add_sentence(struct buf *to, const char *text)
{
    char first[2] = {(char)toupper((unsigned char)*text), '\0'};

    add_text(to, first);
    add_text(to, text + 1);
    buf_add_string(to, ".\n");
}

static void add_option(struct buf *to, const struct option_row *row)
{
    buf_add_string(to, ".TP\n");
    if (row->letter)
        buf_addf(to, "\\fB\\-%c\\fR, ", row->letter);
    buf_add_string(to, "\\fB\\-\\-");
    add_text(to, row->name);
    buf_add_string(to, "\\fR");
    if (row->argument) {
        buf_add_string(to, " \\fI");
        add_text(to, row->argument);
        buf_add_string(to, "\\fR");
    }
    buf_add_char(to, '\n');
    add_sentence(to, row->help);
}

static void add_own_options(struct buf *to, const struct command *command)
{
    const struct option_row *rows[MOST_OPTIONS];
    size_t count = command_options(command, rows);

    for (size_t i = 0; i < count; i++)
        if (!option_is_common(rows[i]))
            add_option(to, rows[i]);
}

static void add_command(struct buf *to, const struct command *command)
{
    buf_add_string(to, ".SS fermata ");
    add_text(to, command->name);
    if (*command->arguments) {
        buf_add_char(to, ' ');
        add_text(to, command->arguments);
    }
    buf_add_char(to, '\n');
    add_sentence(to, command->summary);
    if (command->details) {
        buf_add_string(to, ".PP\n");
        add_text(to, command->details);
        buf_add_char(to, '\n');
    }
    add_own_options(to, command);
    if (command->example) {
        buf_add_string(to, ".PP\nExample:\n.PP\n.nf\n.RS 4\n");
        add_text(to, command->example);
        buf_add_string(to, "\n.RE\n.fi\n");
    }
}

static void add_common_options(struct buf *to)
{
    static const struct command none = {.name = ""};
    const struct option_row *rows[MOST_OPTIONS];
    size_t count = command_options(&none, rows);

    buf_add_string(to, ".SH OPTIONS OF ALL COMMANDS\n");
    for (size_t i = 0; i < count; i++)
        add_option(to, rows[i]);
}

static int run_manual(struct cli *cli, void *settings, int argc, char **argv)
{
    buf_auto text = BUF_INIT;

    (void)settings;
    (void)argc;
    (void)argv;
    buf_add_string(&text, ".TH FERMATA 1 \"\" \"Fermata " FERMATA_VERSION "\"\n"
                          ".SH NAME\nfermata \\- an engine for workflows that stop and ask\n"
                          ".SH SYNOPSIS\n\\fBfermata\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]\n"
                          ".SH COMMANDS\n");
    for_each_command(command) add_command(&text, command);
    add_common_options(&text);
    buf_add_string(&text,
                   ".SH ENVIRONMENT\n"
                   ".TP\n\\fBFERMATA_API_URL\\fR, \\fBPREFECT_API_URL\\fR\nThe API's address; "
                   "else http://127.0.0.1:4200/api.\n"
                   ".TP\n\\fBNO_COLOR\\fR\nIf set to something, nothing is coloured.\n"
                   ".SH EXIT STATUS\n"
                   "0: done, or the run is COMPLETED. 1: failed. 2: wrong usage. 130: "
                   "interrupted.\n");
    screen_flush(&cli->screen, &text);
    return STATUS_DONE;
}

const struct command manual_commands[] = {{.name = "manual",
                                           .arguments = "",
                                           .summary = "print the manual page",
                                           .example = "fermata manual | man -l -",
                                           .run = run_manual},
                                          COMMANDS_END};
