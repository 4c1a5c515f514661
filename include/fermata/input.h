/* Pausing for input; sending and receiving it while running; variables. Part of <fermata.h>. */
#pragma once

#include <stdbool.h>

#include <fermata/flow.h>
#include <fermata/model.h>

/* ---- pausing for input ----------------------------------------------------------------------- */

struct fm_pause_options {
    double timeout;                   /* seconds; 0: an hour; FM_FOREVER */
    const char *key;                  /* of the pause: up to 80 lower-case letters, digits and
                                       * dashes; used again by the flow it is a new pause, "KEY-2",
                                       * "KEY-3", ... NULL: "1", "2", ... in turn */
    const char *description;          /* Markdown, shown above the form */
    const struct fm_setting *initial; /* FM_INITIAL(FM_SET(name, "anonymous")): new defaults */
    double poll_interval; /* seconds between two looks, where the server cannot wait; 0: 1 */
    bool end_;
};

/*
 * Stops the run until somebody answers, and stores the answer in `result`:
 *
 *     struct user user;
 *     int r = fm_pause(run, &User, &user, .timeout = 3600, .description = "**Welcome!**");
 *
 * FM_NOTHING with NULL waits only for the "go on". Returns 0, or: FM_INVALID, the answer does not
 * fit the model, or its check refused it; fm_error says why, and the flow may pause again. So it is
 * where schema or description are longer than the server takes.
 * FM_TIMED_OUT, nobody answered in time: by then the run has FAILED, whatever the flow makes of it.
 * FM_CANCELLED. On failure `result` is untouched. Strings and lists in it belong to the run.
 */
#define fm_pause(run, type, ...) FM_PAUSE_(run, type, __VA_ARGS__, .end_ = false)
#define FM_PAUSE_(run, type, result, ...)                                                          \
    fm_pause_with(run, &(type)->model, FM_FITS_(type, result),                                     \
                  &(struct fm_pause_options){__VA_ARGS__})
int fm_pause_with(struct fm_run *run, const struct fm_model *model, void *result,
                  const struct fm_pause_options *options);

/*
 * The same for a wait that may be long: the process ends and the run goes on in a new one, which
 * calls the flow again from its beginning; there this call gives the answer at once. Only runs of a
 * deployment can be suspended. Returns FM_SUSPENDED the first time: return it from the flow. While
 * it is suspended nobody is there to run the model's check: an answer that this would refuse gives
 * FM_INVALID here when the run goes on, each time that it starts anew, and the flow may suspend
 * again in a loop.
 */
#define fm_suspend(run, type, ...) FM_SUSPEND_(run, type, __VA_ARGS__, .end_ = false)
#define FM_SUSPEND_(run, type, result, ...)                                                        \
    fm_suspend_with(run, &(type)->model, FM_FITS_(type, result),                                   \
                    &(struct fm_pause_options){__VA_ARGS__})
int fm_suspend_with(struct fm_run *run, const struct fm_model *model, void *result,
                    const struct fm_pause_options *options);

/* ---- sending and receiving while running ----------------------------------------------------- */

struct fm_send_options {
    const char *key_prefix; /* lower-case letters, digits and dashes; NULL: the type's */
    bool end_;
};

/* Sends a value to another run, which need not be receiving, or even running, yet:
 * fm_send(run, other_id, FM_STRING, "hello") or fm_send(run, other_id, &User, &user). Tried again
 * while the server is away, and there once all the same. FM_NOT_FOUND: there is no such run. */
#define fm_send(run, flow_run_id, type, ...)                                                       \
    FM_SEND_(run, flow_run_id, type, __VA_ARGS__, .end_ = false)
#define FM_SEND_(run, flow_run_id, type, value, ...)                                               \
    fm_send_with(run, flow_run_id, &(type)->model, FM_PASS_(type, value),                          \
                 &(struct fm_send_options){__VA_ARGS__})
int fm_send_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                 const void *value, const struct fm_send_options *options);

struct fm_receive_options {
    double timeout;                 /* seconds for each fm_next; 0: an hour; FM_FOREVER */
    double poll_interval;           /* where the server cannot wait; 0: half a second */
    const char *key_prefix;         /* NULL: the type's */
    const fm_strings *exclude_keys; /* inputs that are known already; copied */
    const char *flow_run_id;        /* of the run whose inputs are read; NULL: this one */
    const char *cursor; /* a name of 1 to 60 lower-case letters, digits and dashes: what was
                         * acknowledged under it never comes again to this type and prefix, not
                         * even in another process of the run */
    bool end_;
};

/* What was sent to this run with this type, from the first on, and what was sent before. Belongs to
 * the run; one thread at a time uses it. NULL: see fm_error; fm_next of NULL fails, so a flow that
 * goes on to it need not look. */
struct fm_receiver;
#define fm_receive(run, ...) FM_RECEIVE_(run, __VA_ARGS__, .end_ = false)
#define FM_RECEIVE_(run, type, ...)                                                                \
    fm_receive_with(run, &(type)->model, &(struct fm_receive_options){__VA_ARGS__})
struct fm_receiver *fm_receive_with(struct fm_run *run, const struct fm_model *model,
                                    const struct fm_receive_options *options);

/* Waits for the next one and stores it in `value`, which is of the receiver's type. 1: it came; 0:
 * nothing came in time; FM_INVALID: one came that does not fit the type (fm_error says which and
 * why, fm_input_key which), and the next call goes on behind it; FM_UNREACHABLE: no server was
 * there when the time was over; FM_FAILED: `value` is of another type than the receiver. */
#define fm_next(receiver, value)                                                                   \
    fm_next_with(receiver, value, FM_KIND_BEHIND_(value), FM_SIZE_BEHIND_(value))
int fm_next_with(struct fm_receiver *receiver, void *value, int kind, size_t size);

/* With a cursor: the last one that came is done with. The next fm_next says so too. */
int fm_acknowledge(struct fm_receiver *receiver);

/* About the last one that came, until the next fm_next: its key (NULL before the first), the run
 * that sent it (NULL if it was none), and the run that it was sent to. */
const char *fm_input_key(const struct fm_receiver *receiver);
const char *fm_input_sender(const struct fm_receiver *receiver);
const char *fm_input_receiver(const struct fm_receiver *receiver);

/* Sends a value to the run that sent the last one: fm_respond(names, FM_STRING, "Hello!"). If that
 * was a question (fm_ask), this is its answer, which none but the asker gets; FM_CONFLICT: it was
 * answered already, by another or by this run before it started anew. FM_INVALID: nobody is there
 * to respond to, for no run sent it. */
#define fm_respond(receiver, type, value)                                                          \
    fm_respond_with(receiver, &(type)->model, FM_PASS_(type, value))
int fm_respond_with(struct fm_receiver *receiver, const struct fm_model *model, const void *value);

struct fm_ask_options {
    double timeout;         /* seconds; 0: an hour; FM_FOREVER */
    double poll_interval;   /* where the server cannot wait; 0: half a second */
    const char *key_prefix; /* of the receiver; NULL: the type's */
    const char *key;        /* 1 to 60 lower-case letters and digits: what the question is
                             * called in this run. One that starts anew (a suspend, a retry) neither
                             * asks it twice nor loses its answer. NULL: it is a new one each time */
    bool end_;
};

/*
 * Sends a value to another run and waits for the answer to it, whatever else comes:
 *
 *     const char *reply;
 *     int r = fm_ask(run, other_id, FM_STRING, "Which colour?", FM_STRING, &reply, .timeout = 10);
 *
 * 1: it came, and is in `answer`; 0: nothing came in time; FM_INVALID: it does not fit its type.
 * To its receiver a question is an input like others, with the key PREFIX-ask-NAME, and is answered
 * by fm_respond. A flow in Python receives it like any other and answers with
 * question.respond(answer, key_prefix="answer-NAME"). The first answer counts. Any number of
 * threads may ask at once.
 */
#define fm_ask(run, flow_run_id, type, value, answer_type, ...)                                    \
    FM_ASK_(run, flow_run_id, type, value, answer_type, __VA_ARGS__, .end_ = false)
#define FM_ASK_(run, flow_run_id, type, value, answer_type, answer, ...)                           \
    fm_ask_with(run, flow_run_id, &(type)->model, FM_PASS_(type, value), &(answer_type)->model,    \
                FM_FITS_(answer_type, answer), &(struct fm_ask_options){__VA_ARGS__})
int fm_ask_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                const void *value, const struct fm_model *answer_model, void *answer,
                const struct fm_ask_options *options);

/* Answers a run that is paused or suspended, as a person would: fm_resume(run, id, FM_STRING,
 * "yes"), fm_resume(run, id, FM_NOTHING, NULL). FM_REFUSED with the reason if it is not paused, the
 * answer does not fit, or the run's own check refuses it. FM_NOT_FOUND: there is no such run. */
#define fm_resume(run, flow_run_id, type, value)                                                   \
    fm_resume_with(run, flow_run_id, &(type)->model, FM_PASS_(type, value))
int fm_resume_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                   const void *value);

/* ---- variables ------------------------------------------------------------------------------- */

/* Values that the server keeps under a name, for all flows. A name has 1 to 255 lower-case letters,
 * digits, dashes and underscores; another is FM_INVALID. A built-in type is stored as the bare
 * value, a struct as an object with its fields, FM_ANY as any JSON. */

/* 1: it is there, and in `result`. 0: it is not, and `result` keeps what it had: the default.
 * FM_INVALID: it is of another type. */
#define fm_variable_get(run, name, type, result)                                                   \
    fm_variable_get_with(run, name, &(type)->model, FM_FITS_(type, result))
int fm_variable_get_with(struct fm_run *run, const char *name, const struct fm_model *model,
                         void *result);

/* FM_CONFLICT if there is one already, FM_INVALID for a value that is no JSON or UTF-8;
 * fm_variable_replace sets it in any case. */
#define fm_variable_set(run, name, type, value)                                                    \
    fm_variable_set_with(run, name, &(type)->model, FM_PASS_(type, value), false)
#define fm_variable_replace(run, name, type, value)                                                \
    fm_variable_set_with(run, name, &(type)->model, FM_PASS_(type, value), true)
int fm_variable_set_with(struct fm_run *run, const char *name, const struct fm_model *model,
                         const void *value, bool overwrite);

int fm_variable_unset(struct fm_run *run, const char *name); /* 1: it was there; 0: it was not */

/* ---- asking at the terminal ------------------------------------------------------------------ */

/* Prints the question to stdout and reads a line from standard input. 1: it came, and belongs to
 * the run; its end is cut off. 0: the input has ended. FM_INVALID: it is longer than 64 KiB.
 * FM_CANCELLED: SIGINT or SIGTERM came; fgets would keep the run from ending. */
int fm_prompt(struct fm_run *run, const char *question, const char **ret_answer);
