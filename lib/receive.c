/* Receiving inputs: one after the other, in the order of their arrival. */
#include <stdlib.h>
#include <string.h>

#include "lib/client.h"
#include "lib/cursor.h"
#include "lib/errors.h"
#include "lib/input_reader.h"
#include "lib/inputs.h"
#include "lib/run.h"
#include "lib/stored.h"

#define DEFAULT_TIMEOUT 3600.0

struct fm_receiver {
    struct fm_run *run;
    const struct fm_model *model;
    double timeout;
    struct input_reader reader;
    struct cursor cursor;
    bool has_cursor;

    /* Of the last one. */
    char *key;            /* NULL: there is none yet */
    char sender[ID_SIZE]; /* "": no run */
    int64_t number;
    bool unacknowledged; /* with a cursor */
};

/* ---- making one ------------------------------------------------------------------------------ */

static void release_receiver(void *context)
{
    struct fm_receiver *receiver = context;

    input_reader_release(&receiver->reader);
    free(receiver->key);
}

/* It goes with the run. */
static struct fm_receiver *new_receiver(struct fm_run *run, struct fm_error *error)
{
    struct fm_receiver *receiver = fm_alloc(run, sizeof(*receiver));
    int r = -1;

    if (receiver) {
        pthread_mutex_lock(&run->owner->lock);
        r = arena_on_release(&run->owner->arena, release_receiver, receiver);
        pthread_mutex_unlock(&run->owner->lock);
    }
    if (r == 0)
        return receiver;
    fail_without_memory(error);
    return NULL;
}

static int set_up(struct fm_receiver *receiver, struct fm_run *run, const struct fm_model *model,
                  const struct fm_receive_options *options, struct fm_error *error)
{
    const fm_strings *exclude = options->exclude_keys;
    char prefix[INPUT_PREFIX_SIZE];

    receiver->run = run;
    receiver->model = model;
    receiver->timeout = options->timeout > 0 ? options->timeout : DEFAULT_TIMEOUT;
    receiver->reader.poll_interval = options->poll_interval;
    receiver->reader.retries = -1;
    receiver->has_cursor = options->cursor;
    int r = input_prefix(model, options->key_prefix, prefix, error);
    if (r == 0)
        r = input_reader_init(&receiver->reader, run, options->flow_run_id, prefix, error);
    for (size_t i = 0; r == 0 && exclude && i < exclude->count; i++)
        r = input_reader_exclude(&receiver->reader, exclude->items[i], error);
    if (r == 0 && options->cursor)
        r = cursor_open(&receiver->cursor, options->cursor, &receiver->reader, error);
    return r;
}

struct fm_receiver *fm_receive_with(struct fm_run *run, const struct fm_model *model,
                                    const struct fm_receive_options *options)
{
    struct fm_error error;
    struct fm_receiver *receiver = new_receiver(run, &error);
    int r = receiver ? set_up(receiver, run, model, options, &error) : FM_NO_MEMORY;

    return run_keep_error(run, r, &error) < 0 ? NULL : receiver;
}

/* ---- what comes ------------------------------------------------------------------------------ */

static int note_row(struct fm_receiver *receiver, const json_t *row, struct fm_error *error)
{
    const char *sender = json_string_value(json_object_get(row, "sender"));
    const char *key;

    int r = api_string(row, "key", &key, error);
    if (r < 0)
        return r;
    char *copy = strdup(key);
    if (!copy)
        return fail_without_memory(error);
    free(receiver->key);
    receiver->key = copy;
    if (!input_sender_id(sender, receiver->sender))
        receiver->sender[0] = '\0';
    receiver->number = input_number(row);
    receiver->unacknowledged = receiver->has_cursor;
    return 0;
}

static int take_row(struct fm_receiver *receiver, const json_t *row, void *value,
                    struct fm_error *error)
{
    problem_list_auto problems = {0};
    const char *text;

    int r = note_row(receiver, row, error);
    if (r == 0)
        r = api_string(row, "value", &text, error);
    if (r < 0)
        return r;
    r = value_from_stored(receiver->run, receiver->model, NULL, text, value, &problems, error);
    return r < 0 ? fail_prefix(error, "input %s", receiver->key) : 1;
}

int fm_acknowledge(struct fm_receiver *receiver)
{
    struct fm_error error;
    int r = 0;

    if (receiver->unacknowledged)
        r = cursor_move(&receiver->cursor, receiver->key, receiver->number, &error);
    if (r == 0)
        receiver->unacknowledged = false;
    return run_keep_error(receiver->run, r, &error);
}

/* Whether a place with such a value can hold one of the model; 0 says nothing. */
static bool is_place_for(const struct fm_model *model, int kind, size_t size)
{
    int own = model->bare ? (int)model->fields[0].type->kind : 0;

    return (kind == 0 || kind == own) && (size == 0 || size == model->size);
}

int fm_next_with(struct fm_receiver *receiver, void *value, int kind, size_t size)
{
    struct fm_error error;
    const json_t *row;

    if (!receiver)
        return FM_FAILED; /* why there is none is in fm_error already */
    if (!is_place_for(receiver->model, kind, size)) {
        fail(&error, FM_FAILED, "the value that fm_next is given is not of the receiver's type, %s",
             receiver->model->name);
        return run_keep_error(receiver->run, FM_FAILED, &error);
    }
    int r = fm_acknowledge(receiver);
    if (r < 0)
        return r;
    r = input_reader_next(&receiver->reader, receiver->timeout, &row, &error);
    if (r > 0)
        r = take_row(receiver, row, value, &error);
    return run_keep_error(receiver->run, r, &error);
}

/* ---- about the last one ---------------------------------------------------------------------- */

const char *fm_input_key(const struct fm_receiver *receiver)
{
    return receiver->key;
}

const char *fm_input_sender(const struct fm_receiver *receiver)
{
    return receiver->sender[0] ? receiver->sender : NULL;
}

const char *fm_input_receiver(const struct fm_receiver *receiver)
{
    return receiver->reader.flow_run_id;
}

static int respond(struct fm_receiver *receiver, const struct fm_model *model, const void *value,
                   struct fm_error *error)
{
    char answer_key[ANSWER_KEY_SIZE];

    if (!receiver->key)
        return fail(error, FM_INVALID, "nothing was received yet: there is nobody to respond to");
    if (!receiver->sender[0])
        return fail(error, FM_INVALID,
                    "the input was not sent by a flow run: there is nobody to respond to");
    if (input_answer_key(receiver->key, answer_key))
        return input_answer(receiver->run, receiver->sender, answer_key, model, value, error);
    return input_send(receiver->run, receiver->sender, model, value, NULL, error);
}

int fm_respond_with(struct fm_receiver *receiver, const struct fm_model *model, const void *value)
{
    struct fm_error error;
    int r = respond(receiver, model, value, &error);

    return run_keep_error(receiver->run, r, &error);
}
