/*
 * Inputs that runs send one another while they run.
 *
 * An input is a row with a key. The key's prefix is the type's name, so that a receiver sees what
 * was sent with its type and nothing else. The place in the stream is the list of keys that were
 * seen; order is the server's order of arrival.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/times.h"
#include "lib/client.h"
#include "lib/cursor.h"
#include "lib/errors.h"
#include "lib/model.h"
#include "lib/run.h"
#include "json/writer.h"

#define SENDER_PREFIX   "prefect.flow-run."
#define DEFAULT_TIMEOUT 3600.0
#define DEFAULT_POLL    0.5
#define LONGEST_WAIT    30.0 /* of one read that is held back, seconds */
#define PREFIX_SIZE     160

struct fm_receiver {
    struct fm_run *run;
    const struct fm_model *model;
    double timeout;
    double poll_interval;
    char prefix[PREFIX_SIZE];
    json_t *seen;        /* keys, in order */
    json_t *waiting;     /* rows that were read and not handed out yet */
    size_t next;         /* of `waiting` */
    const char *cursor;  /* NULL: none */
    bool unacknowledged; /* the last one, with a cursor */
    const char *key;     /* of the last one, in the run's memory */
    const char *sender;
};

/* ---- sending --------------------------------------------------------------------------------- */

/* "strautomaticruninput-auto" */
static int type_prefix(const struct fm_model *model, const char *own,
                       char ret_prefix[static PREFIX_SIZE], struct fm_error *error)
{
    const char *name = model->sent_as ? model->sent_as : model->name;
    int n = own ? snprintf(ret_prefix, PREFIX_SIZE, "%s", own)
                : snprintf(ret_prefix, PREFIX_SIZE, "%s-auto", name);

    if (n <= 0 || n >= PREFIX_SIZE)
        return fail(error, FM_INVALID, "the prefix of a key has 1 to %d characters",
                    PREFIX_SIZE - 1);
    for (char *c = ret_prefix; !own && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return 0;
}

static int post_input(struct fm_run *run, const char *to, const char *key, const char *value,
                      struct fm_error *error)
{
    char path[96];
    char sender[sizeof(SENDER_PREFIX) + ID_SIZE];
    buf_auto body = BUF_INIT;
    struct json_writer writer;
    const struct fm_call call = {.idempotency_key = key};

    snprintf(path, sizeof(path), "/flow_runs/%.40s/input", to);
    snprintf(sender, sizeof(sender), SENDER_PREFIX "%s", run->id);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "key");
    json_add_string(&writer, key);
    json_key(&writer, "value");
    json_add_string(&writer, value);
    json_key(&writer, "sender");
    json_add_string(&writer, sender);
    json_end_object(&writer);
    return api_call(run->client, "POST", path, &body, &call, NULL, error);
}

static int send_value(struct fm_run *run, const char *to, const struct fm_model *model,
                      const void *value, const char *own_prefix, struct fm_error *error)
{
    char prefix[PREFIX_SIZE];
    char id[ID_SIZE];
    char key[PREFIX_SIZE + ID_SIZE];
    buf_auto json = BUF_INIT;

    int r = type_prefix(model, own_prefix, prefix, error);
    if (r == 0)
        r = model_encode(model, value, &json, error);
    if (r < 0)
        return r;
    id_random(id);
    snprintf(key, sizeof(key), "%s-%s", prefix, id);
    return post_input(run, to, key, buf_string(&json), error);
}

int fm_send_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                 const void *value, const struct fm_send_options *options)
{
    struct fm_error error;
    int r = send_value(run, flow_run_id, model, value, options->key_prefix, &error);

    return run_keep_error(run, r, &error);
}

int fm_respond_with(struct fm_receiver *receiver, const struct fm_model *model, const void *value)
{
    struct fm_error error;

    int r = receiver->sender
                ? send_value(receiver->run, receiver->sender, model, value, NULL, &error)
                : fail(&error, FM_INVALID,
                       "the input was not sent by a flow run: "
                       "there is nobody to respond to");
    return run_keep_error(receiver->run, r, &error);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void release_receiver(void *context)
{
    struct fm_receiver *receiver = context;

    json_decref(receiver->seen);
    json_decref(receiver->waiting);
}

static int exclude(struct fm_receiver *receiver, const fm_strings *keys, struct fm_error *error)
{
    for (size_t i = 0; keys && i < keys->count; i++) {
        if (json_array_append_new(receiver->seen, json_string(keys->items[i])) < 0)
            return fail(error, FM_INVALID, "a key to exclude is no UTF-8, or memory ran out");
    }
    return 0;
}

static struct fm_receiver *new_receiver(struct fm_run *run, struct fm_error *error)
{
    struct fm_receiver *receiver = fm_alloc(run, sizeof(*receiver));

    if (!receiver) {
        fail_without_memory(error);
        return NULL;
    }
    receiver->seen = json_array();
    receiver->waiting = json_array();
    pthread_mutex_lock(&run->owner->lock);
    int r = arena_on_release(&run->owner->arena, release_receiver, receiver);
    pthread_mutex_unlock(&run->owner->lock);
    if (r < 0 || !receiver->seen || !receiver->waiting) {
        fail_without_memory(error);
        return NULL;
    }
    return receiver;
}

struct fm_receiver *fm_receive_with(struct fm_run *run, const struct fm_model *model,
                                    const struct fm_receive_options *options)
{
    struct fm_error error;
    struct fm_receiver *receiver = new_receiver(run, &error);
    int r = receiver ? 0 : error.code;

    if (r == 0) {
        receiver->run = run;
        receiver->model = model;
        receiver->timeout = options->timeout > 0 ? options->timeout : DEFAULT_TIMEOUT;
        receiver->poll_interval =
            options->poll_interval > 0 ? options->poll_interval : DEFAULT_POLL;
        r = type_prefix(model, options->key_prefix, receiver->prefix, &error);
    }
    if (r == 0)
        r = exclude(receiver, options->exclude_keys, &error);
    if (r == 0 && options->cursor) {
        receiver->cursor = fm_format(run, "%s", options->cursor);
        r = receiver->cursor ? cursor_load(run, receiver->cursor, receiver->seen, &error)
                             : fail_without_memory(&error);
    }
    return run_keep_error(run, r, &error) < 0 ? NULL : receiver;
}

static int write_filter(const struct fm_receiver *receiver, struct buf *body,
                        struct fm_error *error)
{
    char *seen = json_dumps(receiver->seen, JSON_COMPACT);
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "prefix");
    json_add_string(&writer, receiver->prefix);
    json_key(&writer, "limit");
    json_add_integer(&writer, 1);
    json_key(&writer, "exclude_keys");
    json_add_text(&writer, seen);
    json_end_object(&writer);
    bool ok = seen != NULL;
    free(seen);
    return ok ? 0 : fail_without_memory(error);
}

/* Asks for what is new, for up to `wait` seconds. `ret_waited`: the server held the read back. */
static int look(struct fm_receiver *receiver, double wait, bool *ret_waited, struct fm_error *error)
{
    struct fm_run *run = receiver->run;
    char path[96];
    buf_auto body = BUF_INIT;
    struct fm_reply reply;

    int r = write_filter(receiver, &body, error);
    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "/flow_runs/%s/input/filter", run->id);
    r = fm_client_call(run->client, "POST", path, buf_string(&body), &reply, error, .wait = wait);
    if (r < 0)
        return r;
    *ret_waited = reply.wait >= 0;
    r = fm_reply_check(&reply, error);
    json_t *rows = r == 0 ? json_loadb(reply.body, reply.length, 0, NULL) : NULL;
    if (r == 0 && !json_is_array(rows))
        r = fail(error, FM_FAILED, "the server's list of inputs is no list");
    fm_reply_release(&reply);
    if (r < 0) {
        json_decref(rows);
        return r;
    }
    json_decref(receiver->waiting);
    receiver->waiting = rows;
    receiver->next = 0;
    return 0;
}

/* 1 once a row is waiting to be handed out, 0 if none came in time. */
static int wait_for_row(struct fm_receiver *receiver, struct fm_error *error)
{
    int64_t end = receiver->timeout < 1e10
                      ? time_monotonic() + (int64_t)(receiver->timeout * SECOND)
                      : TIME_NEVER;

    while (receiver->next >= json_array_size(receiver->waiting)) {
        double left = end == TIME_NEVER ? INFINITY : (double)(end - time_monotonic()) / SECOND;
        bool waited = false;
        int r = look(receiver, fmin(LONGEST_WAIT, fmax(left, 0)), &waited, error);
        if (r < 0 && r != FM_UNREACHABLE)
            return r;
        if (receiver->next < json_array_size(receiver->waiting))
            break;
        if (left <= 0)
            return r < 0 ? r : 0;
        if (!waited && client_sleep(receiver->run->client, fmin(receiver->poll_interval, left)) < 0)
            return fail(error, FM_CANCELLED, "the process was interrupted");
    }
    return 1;
}

/* Keeps key and sender of a row for fm_input_key and fm_respond. */
static int note_row(struct fm_receiver *receiver, const json_t *row, struct fm_error *error)
{
    const char *sender = json_string_value(json_object_get(row, "sender"));
    const char *key;

    int r = api_string(row, "key", &key, error);
    if (r < 0)
        return r;
    if (json_array_append(receiver->seen, json_object_get(row, "key")) < 0)
        return fail_without_memory(error);
    if (sender && strncmp(sender, SENDER_PREFIX, strlen(SENDER_PREFIX)) == 0)
        sender += strlen(SENDER_PREFIX);
    receiver->key = fm_format(receiver->run, "%s", key);
    receiver->sender = sender ? fm_format(receiver->run, "%s", sender) : NULL;
    if (!receiver->key || (sender && !receiver->sender))
        return fail_without_memory(error);
    receiver->unacknowledged = receiver->cursor != NULL;
    return 0;
}

static int take_row(struct fm_receiver *receiver, void *value, struct fm_error *error)
{
    const json_t *row = json_array_get(receiver->waiting, receiver->next++);
    const char *text;

    int r = note_row(receiver, row, error);
    if (r == 0)
        r = api_string(row, "value", &text, error);
    if (r == 0)
        r = run_decode(receiver->run, receiver->model, NULL, text, strlen(text), value, error);
    return r < 0 ? r : 1;
}

int fm_acknowledge(struct fm_receiver *receiver)
{
    struct fm_error error;
    int r = 0;

    if (receiver->unacknowledged)
        r = cursor_store(receiver->run, receiver->cursor, receiver->key, &error);
    if (r == 0)
        receiver->unacknowledged = false;
    return run_keep_error(receiver->run, r, &error);
}

int fm_next(struct fm_receiver *receiver, void *value)
{
    struct fm_error error;
    int r = fm_acknowledge(receiver);

    if (r < 0)
        return r;
    r = wait_for_row(receiver, &error);

    if (r > 0)
        r = take_row(receiver, value, &error);
    return run_keep_error(receiver->run, r, &error);
}

const char *fm_input_key(const struct fm_receiver *receiver)
{
    return receiver->key;
}

const char *fm_input_sender(const struct fm_receiver *receiver)
{
    return receiver->sender;
}

/* ---- resuming another run -------------------------------------------------------------------- */

static int resume(struct fm_run *run, const char *id, const struct fm_model *model,
                  const void *value, struct fm_error *error)
{
    char path[96];
    char key[ID_SIZE];
    buf_auto json = BUF_INIT;
    buf_auto body = BUF_INIT;
    json_t *reply = NULL;
    const char *status;

    if (model->fields) {
        int r = model_encode(model, value, &json, error);
        if (r < 0)
            return r;
    }
    id_random(key);
    const struct fm_call call = {.idempotency_key = key};
    buf_addf(&body, "{\"run_input\":%s}", model->fields ? buf_string(&json) : "null");
    snprintf(path, sizeof(path), "/flow_runs/%.40s/resume", id);
    int r = api_call(run->client, "POST", path, &body, &call, &reply, error);
    if (r == 0)
        r = api_string(reply, "status", &status, error);
    if (r == 0 && strcmp(status, "ACCEPT") != 0) {
        const char *reason =
            json_string_value(json_object_get(json_object_get(reply, "details"), "reason"));
        r = fail(error, FM_REFUSED, "%s", reason ? reason : status);
    }
    json_decref(reply);
    return r;
}

int fm_resume_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                   const void *value)
{
    struct fm_error error;
    int r = resume(run, flow_run_id, model, value, &error);

    return run_keep_error(run, r, &error);
}
