/* The one binary: a table of subcommands, and finding the one that is meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "server/server.h"

static command_function run_server, run_backup, run_help;

static const struct command commands[] = {
    {"server", "[OPTION...]", "start the server", NULL, run_server},
    {"answer", "[INPUT-REQUEST] [OPTION...]", "answer a run that waits for input",
     "Shows what a run waits for as a form, made from its type, and sends the answer. Without "
     "INPUT-REQUEST or --run it takes the only one that is open, or lets you choose. Answers are "
     "read from standard input, one line each; with --value or --set nothing is asked.",
     run_answer},
    {"inbox", "[OPTION...]", "list what waits for an answer", NULL, run_inbox},
    {"logs", "FLOW-RUN [OPTION...]", "show a flow run's log",
     "FLOW-RUN is an id or a name. With --follow new lines are shown as they come; the command "
     "ends with the run, and its exit status is 0 only if the run is COMPLETED. With --json each "
     "line is one JSON object.",
     run_logs},
    {"deployment run", "FLOW/DEPLOYMENT [OPTION...]", "start a run of a deployment",
     "The run starts as soon as a program that serves the deployment has room for it. VALUE is "
     "read as the parameter's type wants it. With --watch the command ends with the run, and its "
     "exit status is 0 only if the run is COMPLETED.",
     run_deployment_run},
    {"run ls", "[OPTION...]", "list flow runs, the latest first",
     "Runs that are scheduled for later are left out.", run_run_list},
    {"run inspect", "FLOW-RUN [OPTION...]", "show one flow run", "FLOW-RUN is an id or a name.",
     run_run_inspect},
    {"run cancel", "FLOW-RUN [OPTION...]", "cancel a flow run",
     "FLOW-RUN is an id or a name. A run that has not started, or is suspended, is cancelled at "
     "once. Another is told to end: it is CANCELLED when its process has ended.",
     run_run_cancel},
    {"backup", "FILE [--data DIR]", "write a copy of the database",
     "Works beside a running server. The copy is complete and consistent: to restore it, put it "
     "into an empty data directory as fermata.db.",
     run_backup},
    {"help", "[COMMAND]", "show how a command is used", NULL, run_help},
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
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (is_under(&commands[i], word))
            return true;
    }
    return false;
}

/* The commands under a word, or all if it is NULL. */
static void add_commands(struct buf *to, const char *word)
{
    buf_add_string(to, "Commands:\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (!word || is_under(&commands[i], word))
            buf_addf(to, "  %-14s  %s\n", commands[i].name, commands[i].summary);
    }
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
                   "  NO_COLOR         if set, nothing is coloured\n\n"
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

    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        size_t far = distance(name, commands[i].name);
        if (far < least) {
            least = far;
            nearest = &commands[i];
        }
    }
    if (nearest)
        complain("there is no command '%.100s'; did you mean '%s'?", name, nearest->name);
    else
        complain("there is no command '%.100s'; 'fermata --help' lists them", name);
    return STATUS_USAGE;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* The command that the first words name, two if two are needed; NULL if there is none. */
static const struct command *find(int argc, char **argv, int *ret_words)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        const char *name = commands[i].name;
        size_t length = strcspn(name, " ");
        bool two = name[length] == ' ';
        if (strncmp(argv[0], name, length) != 0 || argv[0][length] ||
            (two && (argc < 2 || strcmp(argv[1], name + length + 1) != 0)))
            continue;
        *ret_words = two ? 2 : 1;
        return &commands[i];
    }
    return NULL;
}

/* "run lss" for `run lss`, since there are commands that begin with "run "; else the first word. */
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
    const struct command *command = find(argc, argv, &words);

    if (command)
        return command->run(cli, command, argc - words + 1, argv + words - 1);
    if (is_group(argv[0]) && (argc == 1 || is_help(argv[1]))) {
        show_group(cli, argv[0]);
        return argc == 1 ? STATUS_USAGE : STATUS_DONE;
    }
    buf_auto name = BUF_INIT;
    add_unknown_name(&name, argc, argv);
    return complain_of_unknown(buf_string(&name));
}

/* ---- the commands that are at home here ------------------------------------------------------ */

static int run_server(struct cli *cli, const struct command *command, int argc, char **argv)
{
    (void)cli;
    (void)command;
    return server_main(argc, argv);
}

static int run_backup(struct cli *cli, const struct command *command, int argc, char **argv)
{
    const char *data = getenv("FERMATA_DATA");
    const struct option_row rows[] = {
        {"data", 0, "DIR", "the server's data directory; default: FERMATA_DATA, .fermata",
         .text = &data},
        {0},
    };
    struct error error;
    int first;

    int status = options_read(cli, command, rows, argc, argv, 1, 1, &first);
    if (status >= 0)
        return status;
    if (server_backup(data && *data ? data : ".fermata", argv[first], &error) < 0)
        return fail_with(&error);
    fprintf(stderr, "Written to %s.\n", argv[first]);
    return STATUS_DONE;
}

static int run_help(struct cli *cli, const struct command *command, int argc, char **argv)
{
    (void)command;
    if (argc < 2 || *argv[1] == '-') {
        show_commands(cli);
        return STATUS_DONE;
    }
    char *words[] = {argv[1], argc > 2 ? argv[2] : "--help", "--help", NULL};
    return run_words(cli, argc > 2 ? 3 : 2, words);
}

/* Common options may stand before the command. The index of the first argument that is none. */
static int read_early_options(struct cli *cli, int argc, char **argv)
{
    int i = 1;

    for (; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            cli->json = true;
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
    int first = read_early_options(cli, argc, argv);
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
    if (fflush(stdout) != 0 && status == STATUS_DONE) {
        complain("writing failed");
        status = STATUS_FAILED;
    }
    return status;
}
