/* `fermata input …`: what is sent to runs while they run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/field.h"
#include "cli/inputs.h"
#include "cli/list.h"
#include "cli/script.h"
#include "common/ids.h"
#include "json/text.h"

/* Under these keys a flow that receives a plain type looks for it; the values are wrapped. */
static const struct {
    json_type type;
    const char *key;
} plain_types[] = {
    {JSON_STRING, "strautomaticruninput-auto"},  {JSON_INTEGER, "intautomaticruninput-auto"},
    {JSON_REAL, "floatautomaticruninput-auto"},  {JSON_TRUE, "boolautomaticruninput-auto"},
    {JSON_FALSE, "boolautomaticruninput-auto"},  {JSON_ARRAY, "listautomaticruninput-auto"},
    {JSON_OBJECT, "dictautomaticruninput-auto"},
};

struct send_settings {
    const char *prefix;
};

/* What the key of such a value begins with; what is no JSON, or null, is a text. */
static const char *key_for(const json_t *value)
{
    for (size_t i = 0; i < COUNT_OF(plain_types); i++)
        if (value && json_typeof(value) == plain_types[i].type)
            return plain_types[i].key;
    return plain_types[0].key;
}

/* Appends the input's value: the JSON as it was typed, or a text as JSON, wrapped if the type is a
 * plain one. */
static void add_value(struct buf *to, const char *typed, bool is_json, bool wrapped)
{
    json_auto_t *text = json_string(typed);

    if (wrapped)
        buf_add_string(to, "{\"value\": ");
    if (is_json)
        buf_add_string(to, typed);
    else
        field_add_json(to, text);
    if (wrapped)
        buf_add_char(to, '}');
}

/* Under which key the input was stored. */
static void tell_key(struct cli *cli, const char *key)
{
    buf_auto text = BUF_INIT;

    if (cli->json) {
        json_auto_t *sent = json_pack("{s:s}", "key", key);
        field_add_json(&text, sent);
    } else if (cli->quiet) {
        text_add_safe(&text, key, strlen(key), false);
    } else {
        buf_add_string(&text, "Sent.");
    }
    buf_add_char(&text, '\n');
    screen_flush(&cli->screen, &text);
}

void input_from_text(const char *typed, const char *prefix, struct buf *ret_key,
                     struct buf *ret_value)
{
    json_auto_t *parsed = json_parse(typed, strlen(typed), NULL);
    char id[ID_SIZE];

    id_new(id);
    add_value(ret_value, typed, parsed && (prefix || !json_is_null(parsed)), !prefix);
    buf_addf(ret_key, "%s-%s", prefix ? prefix : key_for(parsed), id);
}

bool input_is_plain(const char *key)
{
    for (size_t i = 0; i < COUNT_OF(plain_types); i++) {
        size_t length = strlen(plain_types[i].key);
        if (strncmp(key, plain_types[i].key, length) == 0 && key[length] == '-')
            return true;
    }
    return false;
}

/* Inside a script that is a run, that is the sender, to whom the receiver can respond. */
static int run_send(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct send_settings *send = settings;
    const char *sender = getenv(SCRIPT_RUN_ID);
    api_reply_auto reply = {0};
    buf_auto value = BUF_INIT;
    buf_auto path = BUF_INIT;
    buf_auto from = BUF_INIT;
    buf_auto key = BUF_INIT;
    struct error error;
    char run[ID_SIZE];

    (void)argc;
    input_from_text(argv[1], send->prefix, &key, &value);
    if (sender)
        buf_addf(&from, "prefect.flow-run.%s", sender);
    if (api_find_run(cli, argv[0], run, &error) < 0)
        return fail_with(&error);
    buf_addf(&path, "/flow_runs/%s/input", run);
    json_auto_t *body = json_pack("{s:s,s:s,s:s*}", "key", buf_string(&key), "value",
                                  buf_string(&value), "sender", sender ? buf_string(&from) : NULL);
    if (api_connect(cli, &error) < 0 ||
        api_request(cli->client, "POST", buf_string(&path), body, NULL, &reply, &error) < 0)
        return fail_with(&error);
    /* The key is new: with a conflict it was stored, and only the reply was lost. */
    if (reply.status != 409 && api_check(&reply, &error) < 0)
        return fail_with(&error);
    tell_key(cli, buf_string(&key));
    return STATUS_DONE;
}

static int run_list(struct cli *cli, void *settings, int argc, char **argv)
{
    static const struct column columns[] = {{"KEY", "key", COLUMN_TEXT},
                                            {"VALUE", "value", COLUMN_TEXT},
                                            {"SENDER", "sender", COLUMN_TEXT},
                                            {"WHEN", "created", COLUMN_WHEN},
                                            COLUMNS_END};
    buf_auto path = BUF_INIT;
    struct error error;
    char run[ID_SIZE];

    (void)settings;
    (void)argc;
    if (api_find_run(cli, argv[0], run, &error) < 0)
        return fail_with(&error);
    buf_addf(&path, "/flow_runs/%s/input/filter", run);
    const struct listing listing = {.path = buf_string(&path),
                                    .columns = columns,
                                    .quiet = "key",
                                    .nothing = "The run has no inputs.",
                                    .whole = true,
                                    .numbered = true};
    return list_show(cli, &listing, json_pack("{s:s}", "prefix", ""));
}

static const struct option_row send_options[] = {
    {.name = "prefix",
     .argument = "PREFIX",
     .help = "what the key begins with: the prefix under which the flow receives; default: that of "
             "the value's plain type",
     OPTION_TEXT(struct send_settings, prefix)},
    OPTIONS_END};

#define SEND                                                                                       \
    .arguments = "FLOW-RUN VALUE", .run = run_send, .options = send_options,                       \
    .settings_size = sizeof(struct send_settings), .least = 2, .most = 2, .takes = WORD_FLOW_RUN

const struct command input_commands[] = {
    {SEND, .name = "send", .summary = "send input to a running flow, as 'input send' does",
     .details = "VALUE is read as JSON; what is no JSON is a text. Inside a script that 'fermata "
                "run' or 'fermata serve' has started, its run is the sender, to whom the other one "
                "can respond.",
     .example = "fermata send merry-tiger 'the build is ready'"},
    {SEND, .name = "input send", .summary = "send input to a running flow",
     .details = "VALUE is read as JSON; what is no JSON is a text.",
     .example = "fermata input send merry-tiger hello\n"
                "fermata input send merry-tiger --prefix order '{\"size\": 3}'"},
    {.name = "input ls",
     .arguments = "FLOW-RUN",
     .summary = "list what was sent to a flow run",
     .example = "fermata input ls merry-tiger",
     .run = run_list,
     .least = 1,
     .most = 1,
     .takes = WORD_FLOW_RUN},
    COMMANDS_END};
