/* `fermata receive` and `fermata respond`: scripts that talk to other runs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/api.h"
#include "cli/field.h"
#include "cli/inputs.h"
#include "cli/script.h"
#include "common/times.h"
#include "lib/cursor.h"
#include "json/text.h"

#define CURSOR   "script"
#define RECEIVED "received" /* in the script's directory: the last message's key and sender */

struct receive_settings {
    bool follows;
    bool with_metadata;
    bool raw;
    const char *prefix;
    int64_t timeout; /* seconds; 0: none */
};

/* ---- receiving ------------------------------------------------------------------------------- */

struct receiving {
    struct cli *cli;
    const struct receive_settings *settings;
    struct input_reader reader;
    struct cursor cursor;
};

/* Questions, answers and the notes of the library are inputs, too. */
static bool is_message(const struct receiving *receiving, const char *key)
{
    const char *prefix = receiving->settings->prefix;

    if (!prefix)
        return input_is_plain(key);
    return strncmp(key, prefix, strlen(prefix)) == 0 && key[strlen(prefix)] == '-';
}

/* What was sent; a text that is no JSON as a string. */
static json_t *value_of(const char *key, const char *text)
{
    json_auto_t *whole = json_parse(text, strlen(text), NULL);
    json_t *inner = input_is_plain(key) ? json_object_get(whole, "value") : NULL;

    if (inner)
        return json_incref(inner);
    return whole ? json_incref(whole) : json_string(text);
}

/* The message with all that is known of it. */
static json_t *describe(const json_t *row)
{
    const char *sender = member_text(row, "sender");
    char id[ID_SIZE];

    return json_pack("{s:o,s:s,s:s?,s:s?}", "value",
                     value_of(member_text(row, "key"), member_text(row, "value")), "key",
                     member_text(row, "key"), "sender", input_sender_id(sender, id) ? id : NULL,
                     "sent", member_text(row, "created"));
}

static void add_line(struct buf *to, const json_t *message, const struct receive_settings *settings)
{
    const json_t *value = json_object_get(message, "value");

    if (settings->with_metadata)
        answer_add_json(to, message);
    else if (settings->raw)
        field_add_value(to, value);
    else
        answer_add_json(to, value);
    buf_add_char(to, '\n');
}

/* Prints it, and then it is done with. What was printed and not acknowledged comes again: that is
 * better than one that nobody has seen. */
static int hand_out(struct receiving *receiving, const json_t *row, struct error *error)
{
    json_auto_t *message = describe(row);
    json_auto_t *from = message ? json_pack("{s:O,s:O}", "key", json_object_get(message, "key"),
                                            "sender", json_object_get(message, "sender"))
                                : NULL;
    buf_auto kept = BUF_INIT;
    buf_auto line = BUF_INIT;
    struct fm_error theirs;

    if (!from)
        return error_set(error, ENOMEM, "out of memory");
    add_line(&line, message, receiving->settings);
    answer_add_json(&kept, from);
    if (inside_keep(RECEIVED, buf_string(&kept), error) < 0)
        return -1;
    if (answer_print(&receiving->cli->screen, &line) < 0)
        return error_set(error, EIO, "the message could not be printed");
    if (cursor_move(&receiving->cursor, member_text(row, "key"), input_number(row), &theirs) < 0)
        return error_set(error, EIO, "%s", theirs.message);
    return 0;
}

/* Waits for the next message. 1: it was handed out; 0: none came in time. */
static int receive_one(struct receiving *receiving, struct error *error)
{
    int64_t timeout = receiving->settings->timeout;
    int64_t end = time_monotonic() + timeout * SECOND;
    struct fm_error theirs;
    const json_t *row;

    for (;;) {
        double left = timeout ? (double)(end - time_monotonic()) / (double)SECOND : FM_FOREVER;
        int r = input_reader_next(&receiving->reader, left > 0 ? left : 0, &row, &theirs);
        if (r < 0)
            return error_set(error, EIO, "%s", theirs.message);
        if (r == 0)
            return 0;
        if (!member_text(row, "key") || !member_text(row, "value"))
            return error_set(error, EPROTO, "the server gave an input without key or value");
        if (is_message(receiving, member_text(row, "key")))
            return hand_out(receiving, row, error) < 0 ? -1 : 1;
    }
}

static int begin(struct receiving *receiving, struct fm_run *run, struct error *error)
{
    const char *prefix = receiving->settings->prefix;
    struct fm_error theirs;

    if (prefix && !input_key_is_plain(prefix))
        return error_set(error, EINVAL,
                         "--prefix: it has to be lower-case letters, digits and dashes");
    int r = input_reader_init(&receiving->reader, run, NULL, prefix ? prefix : "", &theirs);
    if (r == 0)
        r = cursor_open(&receiving->cursor, CURSOR, &receiving->reader, &theirs);
    return r < 0 ? error_set(error, EIO, "%s", theirs.message) : 0;
}

static int run_receive(struct cli *cli, void *settings, int argc, char **argv)
{
    struct receiving receiving = {.cli = cli, .settings = settings};
    struct inside inside;
    struct error error;

    (void)argc;
    (void)argv;
    if (inside_open(&inside, "receive", false, &error) < 0)
        return fail_with(&error);
    int r = begin(&receiving, inside.run, &error);
    if (r == 0)
        do
            r = receive_one(&receiving, &error);
        while (r > 0 && receiving.settings->follows);
    if (r < 0)
        fail_with(&error);
    else if (r == 0)
        complain("nothing came for %lld seconds", (long long)receiving.settings->timeout);
    input_reader_release(&receiving.reader);
    inside_close(&inside);
    return r > 0 ? STATUS_DONE : STATUS_FAILED;
}

/* ---- responding ------------------------------------------------------------------------------ */

struct respond_settings {
    const char *to; /* a line of `receive --with-metadata`; NULL: the last one */
};

/* What is responded to. */
static int find_message(const struct respond_settings *settings, json_t **ret_message,
                        struct error *error)
{
    buf_auto text = BUF_INIT;

    if (settings->to)
        buf_add_string(&text, settings->to);
    else if (inside_read(RECEIVED, &text, error) < 0)
        return -1;
    if (text.length == 0)
        return error_set(error, ENOENT, "nothing was received yet: there is nobody to respond to");
    json_auto_t *message = json_parse(buf_string(&text), text.length, NULL);
    if (!member_text(message, "key"))
        return error_set(error, EINVAL,
                         "--to: it has to be a line of 'fermata receive --with-metadata'");
    if (!member_text(message, "sender"))
        return error_set(error, EINVAL,
                         "the input was not sent by a flow run: there is nobody to respond to");
    *ret_message = json_incref(message);
    return 0;
}

/* A question gets its answer, which nobody else does; else it is an input like others. */
static int respond(struct fm_run *run, const json_t *message, const char *typed,
                   struct error *error)
{
    char answer_key[ANSWER_KEY_SIZE];
    buf_auto value = BUF_INIT;
    buf_auto key = BUF_INIT;
    struct fm_error theirs;
    char sender[ID_SIZE];

    input_from_text(typed, NULL, &key, &value);
    bool asked = input_answer_key(member_text(message, "key"), answer_key);
    if (!id_parse(member_text(message, "sender"), sender))
        return error_set(error, EINVAL, "the sender is no id of a flow run");
    int r = input_post(run, sender, asked ? answer_key : buf_string(&key), &value, &theirs);
    if (r == FM_CONFLICT && asked)
        return error_set(error, EEXIST, "this question was answered already");
    if (r == FM_CONFLICT)
        return 0; /* the key is new: it was stored, and only the reply was lost */
    return r < 0 ? error_set(error, EIO, "%s", theirs.message) : 0;
}

static int run_respond(struct cli *cli, void *settings, int argc, char **argv)
{
    json_auto_t *message = NULL;
    struct inside inside;
    struct error error;

    (void)cli;
    (void)argc;
    if (inside_open(&inside, "respond", false, &error) < 0)
        return fail_with(&error);
    int r = find_message(settings, &message, &error);
    if (r == 0)
        r = respond(inside.run, message, argv[0], &error);
    if (r < 0)
        fail_with(&error);
    inside_close(&inside);
    return r == 0 ? STATUS_DONE : STATUS_FAILED;
}

/* ---- the commands ---------------------------------------------------------------------------- */

static const struct option_row receive_options[] = {
    {.name = "follow",
     .letter = 'f',
     .help = "go on with the next one, a line each",
     OPTION_FLAG(struct receive_settings, follows)},
    {.name = "timeout",
     .argument = "SECONDS",
     .help = "how long each is waited for; default: without end",
     OPTION_NUMBER(struct receive_settings, timeout),
     .most = 1000000000},
    {.name = "prefix",
     .argument = "PREFIX",
     .help = "what the keys begin with; default: those of all plain types",
     OPTION_TEXT(struct receive_settings, prefix)},
    {.name = "raw",
     .help = "print a text as it is, without quotes",
     OPTION_FLAG(struct receive_settings, raw)},
    {.name = "with-metadata",
     .help = "print an object with value, key, sender (the id of a flow run, or null) and sent",
     OPTION_FLAG(struct receive_settings, with_metadata)},
    OPTIONS_END};

static const struct option_row respond_options[] = {
    {.name = "to",
     .argument = "MESSAGE",
     .help = "a line of 'fermata receive --with-metadata'; default: the last one that was received",
     OPTION_TEXT(struct respond_settings, to)},
    OPTIONS_END};

const struct command message_commands[] = {
    {.name = "receive",
     .arguments = "",
     .summary = "in a script: wait for what is sent to its run",
     .details = "For scripts that 'fermata run' or 'fermata serve' has started. Prints what was "
                "sent as a line of JSON, the oldest first, each once: a script that starts anew "
                "goes on behind the last one. Exit status: 0 it came, 1 failed or nothing came in "
                "time, 130 interrupted.",
     .example = "name=$(fermata receive --raw --timeout 60)\n"
                "fermata receive --follow --with-metadata | while read -r line; do\n"
                "    fermata respond --to \"$line\" 'thank you'\n"
                "done",
     .run = run_receive,
     .options = receive_options,
     .settings_size = sizeof(struct receive_settings)},
    {.name = "respond",
     .arguments = "VALUE",
     .summary = "in a script: respond to who sent the last message",
     .details = "VALUE is read as JSON; what is no JSON is a text.",
     .example = "fermata respond 'thank you'",
     .run = run_respond,
     .options = respond_options,
     .settings_size = sizeof(struct respond_settings),
     .least = 1,
     .most = 1},
    COMMANDS_END};
