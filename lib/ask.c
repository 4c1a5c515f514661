/*
 * Questions: a value that is sent, and the wait for the answer to it and to nothing else.
 *
 * The name of a question is an id: a new one, or the asker's own and what the flow's author calls
 * the question, so that a run that starts anew gives it the same name.
 */
#include <stdio.h>
#include <string.h>

#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/input_reader.h"
#include "lib/inputs.h"
#include "lib/run.h"
#include "lib/stored.h"

#define QUESTION        "-ask-"
#define OWN_KEY_LENGTH  60
#define NAME_SIZE       (ID_SIZE + 1 + OWN_KEY_LENGTH) /* "ID-KEY" */
#define DEFAULT_TIMEOUT 3600.0

/* ---- names ----------------------------------------------------------------------------------- */

/* What the author calls a question: without dashes, so that whatever goes on with one behind the
 * name of a question is no part of it. */
static bool is_own_key(const char *key)
{
    return input_key_is_plain(key) && !strchr(key, '-') && strlen(key) <= OWN_KEY_LENGTH;
}

/* Whether it is an id, alone or with a dash and the author's key. */
static bool is_name(const char *name)
{
    char uuid[ID_SIZE];
    char id[ID_SIZE];

    if (strlen(name) < ID_SIZE - 1)
        return false;
    snprintf(uuid, sizeof(uuid), "%.36s", name);
    const char *rest = name + ID_SIZE - 1;
    return id_parse(uuid, id) && (*rest == '\0' || (*rest == '-' && is_own_key(rest + 1)));
}

bool input_answer_key(const char *question_key, char ret_key[static ANSWER_KEY_SIZE])
{
    const char *name = NULL;

    for (const char *at = strstr(question_key, QUESTION); at; at = strstr(at + 1, QUESTION))
        name = at + strlen(QUESTION);
    if (!name || !is_name(name))
        return false;
    snprintf(ret_key, ANSWER_KEY_SIZE, "answer-%s", name);
    return true;
}

static int name_question(const struct fm_run *run, const char *own, char ret_name[static NAME_SIZE],
                         struct fm_error *error)
{
    char id[ID_SIZE];

    if (!own) {
        id_random(id);
        snprintf(ret_name, NAME_SIZE, "%s", id);
        return 0;
    }
    if (!is_own_key(own))
        return fail(
            error, FM_INVALID,
            "'%.100s' cannot be the key of a question: a key has 1 to %d lower-case letters "
            "and digits",
            own, OWN_KEY_LENGTH);
    snprintf(ret_name, NAME_SIZE, "%s-%s", run->id, own);
    return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct question {
    struct fm_run *run;
    const struct fm_ask_options *options;
    char name[NAME_SIZE];
    bool is_new;                 /* it was not there before */
    struct input_reader answers; /* where the answer comes */
};

static int send_question(struct question *question, const char *to, const char *prefix,
                         const struct buf *text, struct fm_error *error)
{
    char key[INPUT_KEY_SIZE];

    snprintf(key, sizeof(key), "%s" QUESTION "%s", prefix, question->name);
    int r = input_post(question->run, to, key, text, error);
    question->is_new = r == 0;
    return r == FM_CONFLICT ? 0 : r; /* the run has asked it before it started anew */
}

static int ask(struct question *question, const char *to, const struct fm_model *model,
               const void *value, struct fm_error *error)
{
    char prefix[INPUT_PREFIX_SIZE];
    char to_id[ID_SIZE];
    buf_auto text = BUF_INIT;

    int r = run_id_parse(to, to_id, error);
    if (r == 0)
        r = input_prefix(model, question->options->key_prefix, prefix, error);
    if (r == 0)
        r = name_question(question->run, question->options->key, question->name, error);
    if (r == 0)
        r = stored_from_value(question->run, model, value, &text, error);
    if (r == 0)
        r = send_question(question, to_id, prefix, &text, error);
    return r;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void note_answer(struct fm_run *run, int64_t number)
{
    int64_t newest = atomic_load(&run->owner->newest_answer);

    while (newest < number &&
           !atomic_compare_exchange_weak(&run->owner->newest_answer, &newest, number))
        ;
}

/* Whether the key is the one that an answer begins with, or goes on behind that with a dash. */
static bool is_answer(const char *key, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(key, prefix, length) == 0 && (key[length] == '\0' || key[length] == '-');
}

/* Waits for the first answer. 1: its text is in `ret_text`, as long as the reader stays. */
static int wait_for_answer(struct input_reader *reader, double timeout, const char **ret_text,
                           struct fm_error *error)
{
    int64_t end = timeout < 1e10 ? time_monotonic() + (int64_t)(timeout * SECOND) : TIME_NEVER;
    const json_t *row;
    const char *key;

    for (;;) {
        double left = end == TIME_NEVER ? timeout : (double)(end - time_monotonic()) / SECOND;
        int r = input_reader_next(reader, left, &row, error);
        if (r <= 0)
            return r;
        r = api_string(row, "key", &key, error);
        if (r == 0 && !is_answer(key, reader->prefix))
            continue;
        if (r == 0)
            r = api_string(row, "value", ret_text, error);
        if (r < 0)
            return r;
        note_answer(reader->run, input_number(row));
        return 1;
    }
}

static int get_answer(struct question *question, int64_t before, const struct fm_model *model,
                      void *ret_answer, struct fm_error *error)
{
    problem_list_auto problems = {0};
    double timeout = question->options->timeout > 0 ? question->options->timeout : DEFAULT_TIMEOUT;
    char prefix[ANSWER_KEY_SIZE];
    const char *text;

    snprintf(prefix, sizeof(prefix), "answer-%s", question->name);
    int r = input_reader_init(&question->answers, question->run, NULL, prefix, error);
    if (r < 0)
        return r;
    /* The answer to a new question comes after all that had come before it was asked. */
    if (question->is_new && before > 0)
        input_reader_go_to(&question->answers, before);
    r = wait_for_answer(&question->answers, timeout, &text, error);
    if (r <= 0)
        return r;
    r = value_from_stored(question->run, model, NULL, text, ret_answer, &problems, error);
    return r < 0 ? fail_prefix(error, "the answer") : 1;
}

int fm_ask_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                const void *value, const struct fm_model *answer_model, void *answer,
                const struct fm_ask_options *options)
{
    struct question question = {
        .run = run,
        .options = options,
        .answers = {.poll_interval = options->poll_interval, .retries = -1}};
    int64_t before = atomic_load(&run->owner->newest_answer);
    struct fm_error error;

    int r = ask(&question, flow_run_id, model, value, &error);
    if (r == 0)
        r = get_answer(&question, before, answer_model, answer, &error);
    input_reader_release(&question.answers);
    return run_keep_error(run, r, &error);
}

int input_answer(struct fm_run *run, const char *flow_run_id, const char *answer_key,
                 const struct fm_model *model, const void *value, struct fm_error *error)
{
    buf_auto text = BUF_INIT;
    int r = stored_from_value(run, model, value, &text, error);

    if (r == 0)
        r = input_post(run, flow_run_id, answer_key, &text, error);
    if (r == FM_CONFLICT)
        return fail(error, FM_CONFLICT, "this question was answered already");
    return r;
}
