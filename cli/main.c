/* The one binary: finding the command that is meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "include/fermata.h"

#define COMMANDS(table) extern const struct command table[];
#include "cli/commands.h"
#undef COMMANDS

const struct command *const all_commands[] = {
#define COMMANDS(table) table,
#include "cli/commands.h"
#undef COMMANDS
    NULL,
};

/* ---- help ------------------------------------------------------------------------------------ */

/* Whether the command's name is "WORD something". */
static bool is_under(const struct command *command, const char *word)
{
    size_t length = strlen(word);

    return strncmp(command->name, word, length) == 0 && command->name[length] == ' ';
}

static bool is_group(const char *word)
{
    for_each_command(command) if (is_under(command, word)) return true;
    return false;
}

/* The commands under a word, or all if it is NULL. */
static void add_commands(struct buf *to, const char *word)
{
    int widest = 0;

    for_each_command(command)
    {
        int width = (int)strlen(command->name);
        if (width > widest)
            widest = width;
    }
    buf_add_string(to, "Commands:\n");
    for_each_command(command) if (!word || is_under(command, word))
        buf_addf(to, "  %-*s  %s\n", widest, command->name, command->summary);
}

static void show_group(struct cli *cli, const char *word)
{
    buf_auto text = BUF_INIT;

    buf_addf(&text, "Usage: fermata %s COMMAND [OPTION...]\n\n", word);
    add_commands(&text, word);
    screen_flush(&cli->screen, &text);
}

static void show_commands(struct cli *cli)
{
    buf_auto text = BUF_INIT;

    buf_add_string(&text, "Usage: fermata COMMAND [OPTION...]\n\n"
                          "An engine for workflows that stop and ask.\n\n");
    add_commands(&text, NULL);
    buf_add_string(&text,
                   "\n'fermata COMMAND --help' tells more; 'fermata --version' the version.\n\n"
                   "Environment:\n"
                   "  FERMATA_API_URL  the API's address, default http://127.0.0.1:4200/api\n"
                   "  NO_COLOR         if set to something, nothing is coloured\n\n"
                   "Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n");
    screen_flush(&cli->screen, &text);
}

/* The number of letters to change, add or leave out to get from one name to the other
 * (Levenshtein's distance). */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    size_t length = strlen(b);

    if (length >= COUNT_OF(row) || strlen(a) >= COUNT_OF(row))
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[length];
}

static int complain_of_unknown(const char *name)
{
    const struct command *nearest = NULL;
    size_t least = 3; /* further away it is no typing error */

    for_each_command(command)
    {
        size_t far = distance(name, command->name);
        if (far < least) {
            least = far;
            nearest = command;
        }
    }
    if (nearest)
        complain("there is no command '%.100s'; did you mean '%s'?", name, nearest->name);
    else
        complain("there is no command '%.100s'; 'fermata --help' lists them", name);
    return STATUS_USAGE;
}

/* ---- finding --------------------------------------------------------------------------------- */

const struct command *command_find(int argc, char **argv, int *ret_words)
{
    for_each_command(command)
    {
        const char *name = command->name;
        size_t length = strcspn(name, " ");
        bool two = name[length] == ' ';
        if (strncmp(argv[0], name, length) != 0 || argv[0][length] ||
            (two && (argc < 2 || strcmp(argv[1], name + length + 1) != 0)))
            continue;
        *ret_words = two ? 2 : 1;
        return command;
    }
    return NULL;
}

/* "flow-run lss" where there are commands that begin with "flow-run "; else the first word. */
static void add_unknown_name(struct buf *to, int argc, char **argv)
{
    buf_add_string(to, argv[0]);
    if (argc > 1 && is_group(argv[0]))
        buf_addf(to, " %s", argv[1]);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run_words(struct cli *cli, int argc, char **argv)
{
    int words;
    const struct command *command = command_find(argc, argv, &words);

    if (command)
        return command_run(cli, command, argc - words + 1, argv + words - 1);
    if (is_group(argv[0]) && (argc == 1 || is_help(argv[1]))) {
        show_group(cli, argv[0]);
        return argc == 1 ? STATUS_USAGE : STATUS_DONE;
    }
    buf_auto name = BUF_INIT;
    add_unknown_name(&name, argc, argv);
    return complain_of_unknown(buf_string(&name));
}

static int run_help(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    if (argc == 0) {
        show_commands(cli);
        return STATUS_DONE;
    }
    char *words[] = {argv[0], argc > 1 ? argv[1] : "--help", "--help", NULL};
    return run_words(cli, argc > 1 ? 3 : 2, words);
}

const struct command help_commands[] = {{.name = "help",
                                         .arguments = "[COMMAND]",
                                         .summary = "show how a command is used",
                                         .example = "fermata help answer",
                                         .run = run_help,
                                         .most = 2,
                                         .takes = WORD_COMMAND},
                                        COMMANDS_END};

/* ---- the command line ------------------------------------------------------------------------ */

int read_early_options(struct cli *cli, int argc, char **argv)
{
    int i = 0;

    for (; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            cli->json = true;
        else if (strcmp(argv[i], "--quiet") == 0 || strcmp(argv[i], "-q") == 0)
            cli->quiet = true;
        else if (strncmp(argv[i], "--api=", 6) == 0)
            cli->url = argv[i] + 6;
        else if (strcmp(argv[i], "--api") == 0 && i + 1 < argc)
            cli->url = argv[++i];
        else
            break;
    }
    return i;
}

static int run_command_line(struct cli *cli, int argc, char **argv)
{
    int first = 1 + read_early_options(cli, argc - 1, argv + 1);
    const char *word = first < argc ? argv[first] : "";

    if (!*word || is_help(word)) {
        show_commands(cli);
        return *word ? STATUS_DONE : STATUS_USAGE;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        fputs("fermata " FERMATA_VERSION "\n", cli->screen.out);
        return STATUS_DONE;
    }
    return run_words(cli, argc - first, argv + first);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};

    text_init();
    screen_init(&cli.screen, stdout);
    int status = run_command_line(&cli, argc, argv);
    fm_client_destroy(cli.client);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_DONE) {
        complain("writing failed");
        status = STATUS_FAILED;
    }
    return status;
}
