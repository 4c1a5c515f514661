/*
 * Sending inputs. An input is a text under a key of the run that it is for. The key's prefix is the
 * type's name, so that a receiver sees what was sent with its type and nothing else.
 */
#include "lib/inputs.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "lib/run.h"
#include "lib/stored.h"
#include "json/writer.h"

#define SENDER_PREFIX "prefect.flow-run."

/* ---- keys ------------------------------------------------------------------------------------ */

bool input_key_is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    return *text && !text[strspn(text, plain)];
}

/* Names are in lower case in keys, and have dashes where C's have underscores. */
static void make_plain(char *name)
{
    for (char *c = name; *c; c++)
        *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
}

/* Keys that begin so would look like those of questions. */
static bool ends_as_question(const char *prefix)
{
    size_t length = strlen(prefix);

    return length >= strlen("-ask") && strcmp(prefix + length - strlen("-ask"), "-ask") == 0;
}

int input_prefix(const struct fm_model *model, const char *own,
                 char ret_prefix[static INPUT_PREFIX_SIZE], struct fm_error *error)
{
    const char *name = model->sent_as ? model->sent_as : model->name;
    int n = own ? snprintf(ret_prefix, INPUT_PREFIX_SIZE, "%s", own)
                : snprintf(ret_prefix, INPUT_PREFIX_SIZE, "%s-auto", name);

    if (!own)
        make_plain(ret_prefix);
    if (n < 0 || n >= INPUT_PREFIX_SIZE || !input_key_is_plain(ret_prefix) ||
        ends_as_question(ret_prefix))
        return fail(error, FM_INVALID,
                    "'%.200s' cannot begin a key: it has 1 to %d lower-case letters, digits and "
                    "dashes, without -ask at the end",
                    own ? own : name, INPUT_PREFIX_SIZE - 1);
    return 0;
}

bool input_sender_id(const char *sender, char ret_id[static ID_SIZE])
{
    size_t length = strlen(SENDER_PREFIX);

    return sender && strncmp(sender, SENDER_PREFIX, length) == 0 &&
           id_parse(sender + length, ret_id);
}

/* ---- storing --------------------------------------------------------------------------------- */

int input_post(struct fm_run *run, const char *flow_run_id, const char *key, const struct buf *text,
               struct fm_error *error)
{
    char path[96];
    char once[ID_SIZE];
    char sender[sizeof(SENDER_PREFIX) + ID_SIZE];
    buf_auto body = BUF_INIT;
    struct json_writer writer;

    id_random(once);
    const struct fm_call call = {.idempotency_key = once};
    snprintf(path, sizeof(path), "/flow_runs/%s/input", flow_run_id);
    snprintf(sender, sizeof(sender), SENDER_PREFIX "%s", run->id);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "key");
    json_add_string(&writer, key);
    json_key(&writer, "value");
    json_add_string(&writer, buf_string(text));
    json_key(&writer, "sender");
    json_add_string(&writer, sender);
    json_end_object(&writer);
    return api_call(run->client, "POST", path, &body, &call, NULL, error);
}

int input_send(struct fm_run *run, const char *to, const struct fm_model *model, const void *value,
               const char *own_prefix, struct fm_error *error)
{
    char prefix[INPUT_PREFIX_SIZE];
    char to_id[ID_SIZE];
    char id[ID_SIZE];
    char key[INPUT_KEY_SIZE];
    buf_auto text = BUF_INIT;

    int r = run_id_parse(to, to_id, error);
    if (r == 0)
        r = input_prefix(model, own_prefix, prefix, error);
    if (r == 0)
        r = stored_from_value(run, model, value, &text, error);
    if (r < 0)
        return r;
    id_random(id);
    snprintf(key, sizeof(key), "%s-%s", prefix, id);
    r = input_post(run, to_id, key, &text, error);
    /* No other call has this key: it was stored, and the answer to that was lost at a server that
     * knows no Idempotency-Key. */
    return r == FM_CONFLICT ? 0 : r;
}

int fm_send_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                 const void *value, const struct fm_send_options *options)
{
    struct fm_error error;
    int r = input_send(run, flow_run_id, model, value, options->key_prefix, &error);

    return run_keep_error(run, r, &error);
}
