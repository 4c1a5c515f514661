/*
 * Shell scripts that are flows: a command that runs as a flow run, and what the commands inside it
 * know of that run.
 *
 * Each command inside is a process of its own. What they share with each other and with the process
 * that holds the run lies in a directory, which is made anew for each execution of the script and
 * goes with it.
 */
#pragma once

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

#include "common/buf.h"
#include "common/error.h"
#include "include/fermata.h"

/* The environment of the script. */
#define SCRIPT_RUN_ID     "FERMATA_FLOW_RUN_ID"
#define SCRIPT_RUN_NAME   "FERMATA_FLOW_RUN_NAME"
#define SCRIPT_DIRECTORY  "FERMATA_RUN_DIR"
#define SCRIPT_PARAMETERS "FERMATA_PARAMETERS" /* all of them, as JSON */
#define SCRIPT_PARAMETER  "FERMATA_PARAM_"     /* each, under its name in capitals */

/* In its directory: the id under whose lease the run is held, and a pipe to the holder. What is
 * written to that is shown where the run's log is; a NUL says that the run is suspended. */
#define SCRIPT_HOLDER  "holder"
#define SCRIPT_CONTROL "control"

/* ---- the one who holds the run --------------------------------------------------------------- */

struct script {
    struct fm_flow flow; /* the first: a run leads back here by it */
    struct fm_model parameters;
    char file[128];    /* what the command's file is called */
    char *const *argv; /* of the command, with a NULL at its end */
    bool captures;     /* what it prints is shown and logged here; else its runner does that */
    int status;        /* exit status of its last execution; -1: there was none */
};

/* A flow for the command. Its parameters are a struct fm_json, of which `schema` (JSON Schema)
 * tells; the strings stay the caller's. `name`: NULL, what the command's file is called. */
void script_init(struct script *ret_script, const char *name, const char *schema,
                 char *const *argv);

/* Whether a name can be that of a variable of a shell. */
bool is_shell_name(const char *name);

/* The environment of the script: that of this process, with the run's. `parameters` are completed
 * by the defaults of their `schema`. NULL with the reason in `error`. Free it, it is one block of
 * memory. */
char **script_environment(struct fm_run *run, const char *directory, const char *parameters,
                          const char *schema, struct error *error);

/* ---- the commands inside it ------------------------------------------------------------------ */

struct inside {
    struct fm_run *run;
    int terminal; /* the pipe to the holder; -1: it has gone */
    int leaving;  /* an eventfd that ends the watch on the holder; -1: there is none */
    pthread_t watcher;
    int missing; /* lines of its log that could not be stored, once it is closed */
};

/* Finds the run that this process is a part of; `what` needs it ("pause"). `pauses`: this is to be
 * the next of the script's pauses. When the script has ended, what this process waits for ends with
 * FM_CANCELLED. `ret_inside` must not move. */
int inside_open(struct inside *ret_inside, const char *what, bool pauses, struct error *error);

/* Frees it. If a signal has ended what was waited for, this process ends by it. */
void inside_close(struct inside *inside);

/* How often something was counted in this execution of the script, this time not included. `name`:
 * letters, digits and dashes. -1: error. */
int inside_count(const char *what, const char *name, struct error *error);

/* Keeps a text with the execution, and reads it; 0 if there is none. */
int inside_keep(const char *name, const char *text, struct error *error);
int inside_read(const char *name, struct buf *to, struct error *error);

/* Has the holder end the script, for the run is suspended. Does not return if all goes well. */
int inside_leave(struct inside *inside, struct error *error);

/* Prints why the last function of the library failed with the run; STATUS_FAILED. */
int inside_fail(struct inside *inside);
