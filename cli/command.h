/*
 * The command line as data: each command is a row, and so is each of its options. From them come
 * the reading of arguments, the help, the completions and the manual pages.
 *
 * Exit statuses: 0 it was done (or, where a command follows a run, the run is COMPLETED), 1 it was
 * not, 2 the command line is wrong, 130 it was interrupted.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/output.h"
#include "common/error.h"

enum {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_INTERRUPTED = 130,
};

struct fm_client;

/* What holds for every command. */
struct cli {
    const char *url; /* of the API, NULL: see fm_client_create */
    bool json;       /* data for a script, not for a person */
    bool quiet;      /* ids alone, or nothing */
    struct fm_client *client;
    struct screen screen; /* standard output */
};

/* What a word on the command line stands for: so it is completed. */
enum word_kind {
    WORD_NONE,
    WORD_FLOW_RUN,   /* id, beginning of an id, or name */
    WORD_DEPLOYMENT, /* FLOW/DEPLOYMENT */
    WORD_FLOW,
    WORD_VARIABLE,
    WORD_INPUT_REQUEST,
    WORD_COMMAND, /* one of these */
    WORD_FILE,
    WORD_DIRECTORY,
};

/* ---- options --------------------------------------------------------------------------------- */

#define TEXT_LIST_MAX 256

struct text_list {
    const char *texts[TEXT_LIST_MAX];
    size_t count;
};

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* const char * */
    OPTION_NUMBER, /* int64_t */
    OPTION_LIST,   /* struct text_list: it may be given again */
};

/* An option, and where its value goes: `offset` bytes into the command's settings. */
struct option_row {
    const char *name;
    char letter;          /* or 0 */
    const char *argument; /* what it is called in the help; NULL: the option is a flag */
    const char *help;     /* without a full stop; may name the default */
    enum option_kind kind;
    size_t offset;
    int64_t fallback, least, most; /* of a number */
    enum word_kind takes;
    bool any_bytes; /* what it takes need not be UTF-8; nor need names of files and directories */
};

#define OPTION_FLAG(settings, member)   .kind = OPTION_FLAG, .offset = offsetof(settings, member)
#define OPTION_TEXT(settings, member)   .kind = OPTION_TEXT, .offset = offsetof(settings, member)
#define OPTION_LIST(settings, member)   .kind = OPTION_LIST, .offset = offsetof(settings, member)
#define OPTION_NUMBER(settings, member) .kind = OPTION_NUMBER, .offset = offsetof(settings, member)
#define OPTIONS_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* ---- commands -------------------------------------------------------------------------------- */

/* Runs with the settings that the options made, zeroed where none is given, and the arguments
 * behind them. An exit status. */
typedef int command_function(struct cli *cli, void *settings, int argc, char **argv);

#define ANY_NUMBER INT_MAX

struct command {
    const char *name;      /* one word or two: "inbox", "flow-run ls" */
    const char *arguments; /* "FLOW-RUN", or "" */
    const char *summary;   /* one line without a full stop */
    const char *details;   /* paragraphs for its help, or NULL */
    const char *example;   /* a command line, or several */
    command_function *run;
    const struct option_row *options; /* one of the same name as a common one stands for it */
    const struct option_row *(*more_options)(void); /* after these: rows that another part knows */
    size_t settings_size;
    void (*misused)(const void *settings); /* the line is wrong: what its caller is still to be
                                              told; or NULL */
    int least, most;                       /* arguments */
    enum word_kind takes;
    bool any_bytes; /* the arguments need not be UTF-8, as with `rest` */
    bool rest;      /* options end with the first argument: what follows is another program's */
    int (*raw)(int argc, char **argv); /* reads its arguments itself, but for --help; instead of
                                          `run` */
};

#define COMMANDS_END                                                                               \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* The tables of all commands, each in its noun's file; they end with a NULL. */
extern const struct command *const all_commands[];

/* for_each_command(command): every row of every table. */
#define for_each_command(command)                                                                  \
    for (const struct command *const *table_ = all_commands; *table_; table_++)                    \
        for (const struct command *command = *table_; command->name; command++)

/* The command that the first words name; NULL if there is none. `ret_words`: how many. */
const struct command *command_find(int argc, char **argv, int *ret_words);

/* Common options may stand before the command. How many of the words they are. */
int read_early_options(struct cli *cli, int argc, char **argv);

/* Reads the options and runs it. argv[0] is the name. An exit status. */
int command_run(struct cli *cli, const struct command *command, int argc, char **argv);

/* What the command takes, its own options first; their number. */
#define MOST_OPTIONS 40
size_t command_options(const struct command *command, const struct option_row *rows[MOST_OPTIONS]);

/* Whether every command takes it. */
bool option_is_common(const struct option_row *row);

/* Appends the help of a command. */
void command_add_help(struct buf *to, const struct command *command, int width);
