/*
 * What the command's parts share: one function a subcommand, its options as a table, calls of the
 * API.
 *
 * Exit statuses: 0 it was done (or, where a command follows a run, the run is COMPLETED), 1 it was
 * not, 2 the command line is wrong, 130 it was interrupted.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"
#include "common/error.h"
#include "include/fermata.h"

enum {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
};

/* What holds for every subcommand. */
struct cli {
    const char *url; /* of the API, NULL: see fm_client_create */
    bool json;       /* data for a script, not for a person */
    struct fm_client *client;
    struct screen screen; /* standard output */
};

struct command;

/* Runs with the arguments after the command's name; argv[0] is the name. An exit status. */
typedef int command_function(struct cli *cli, const struct command *command, int argc, char **argv);

struct command {
    const char *name;      /* one word or two: "logs", "run ls" */
    const char *arguments; /* "FLOW-RUN [OPTION...]" */
    const char *summary;   /* one line without a full stop */
    const char *details;   /* paragraphs for its help, or NULL */
    command_function *run;
};

/* ---- options --------------------------------------------------------------------------------- */

struct option_row {
    const char *name;
    char letter;          /* or 0 */
    const char *argument; /* what it is called in the help; NULL: the option is a flag */
    const char *help;
    bool *flag;             /* set to true, */
    const char **text;      /* or set to the argument, */
    struct text_list *list; /* or the argument is added */
};

#define TEXT_LIST_MAX 256

struct text_list {
    const char *texts[TEXT_LIST_MAX];
    size_t count;
};

/* Reads options (rows up to one without a name, and the common ones) and the arguments after them,
 * of which there must be between `least` and `most`. Returns -1 and the first argument's index in
 * `argv` to go on, else the exit status: help was shown, or what is wrong. */
int options_read(struct cli *cli, const struct command *command, const struct option_row *rows,
                 int argc, char **argv, int least, int most, int *ret_first);

/* ---- the API --------------------------------------------------------------------------------- */

struct api_reply {
    int status;
    char *text; /* the body as it came */
    size_t length;
    json_t *json; /* the same parsed, NULL if it is not JSON */
    double wait;  /* see struct fm_reply */
    char etag[128];
};

#define api_reply_auto CLEANUP(api_reply_release) struct api_reply
void api_reply_release(struct api_reply *reply);

/* One call. Any answer is a success, whatever its status. `options` may be NULL. */
int api_call(struct fm_client *client, const char *method, const char *path, const json_t *body,
             const struct fm_call *options, struct api_reply *ret_reply, struct error *error);

/* The error that the reply's status and body tell of; 0 if it is none. */
int api_check(const struct api_reply *reply, struct error *error);

/* GET and POST; only 2xx with JSON is a success. `body` is taken, NULL means no memory. */
int api_get(struct cli *cli, const char *path, struct api_reply *ret_reply, struct error *error);
int api_post(struct cli *cli, const char *path, json_t *body, struct api_reply *ret_reply,
             struct error *error);

/* The client, made when it is first needed. */
int api_connect(struct cli *cli, struct error *error);

/* The id of the flow run that `text`, an id or a name, means. A name must be that of one run. */
int api_find_run(struct cli *cli, const char *text, char ret_id[static FM_ID_SIZE],
                 struct error *error);

/* A member that is a string, else NULL. */
const char *member_text(const json_t *object, const char *key);

/* Prints JSON for a script: the text as it came, and a line end. */
void print_json(struct cli *cli, const struct api_reply *reply);

/* Prints the error, returns STATUS_FAILED. */
int fail_with(const struct error *error);

/* ---- input requests -------------------------------------------------------------------------- */

/* The open ones, the soonest deadline first; of one flow run, or of all if `run_id` is NULL. */
int inbox_get(struct cli *cli, const char *run_id, struct api_reply *ret_reply,
              struct error *error);

/* They as a table; `numbered` for choosing one. */
int inbox_print(const json_t *requests, bool numbered, struct screen *screen, struct error *error);

/* When it is over: "in 2 hours", or "none". */
void add_deadline(struct buf *to, const json_t *request);

/* ---- logs ------------------------------------------------------------------------------------ */

/* Shows the log of a run (its id or name) until it ends. An exit status: done if it is COMPLETED.
 */
int logs_follow(struct cli *cli, const char *run);

/* ---- the subcommands ------------------------------------------------------------------------- */

command_function run_answer, run_deployment_run, run_inbox, run_logs, run_run_list, run_run_inspect,
    run_run_cancel;
