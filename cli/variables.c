/* `fermata variable …`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/field.h"
#include "cli/list.h"
#include "json/text.h"

/* "/variables/name/NAME", escaped. */
static int add_path(struct buf *path, const char *name, struct error *error)
{
    char *segment = fm_path_segment(name);

    if (segment)
        buf_addf(path, "/variables/name/%s", segment);
    free(segment);
    return segment && !path->failed ? 0 : error_set(error, ENOMEM, "out of memory");
}

/* Any answer but a 404 that is an error is one here, too. */
static int call(struct cli *cli, const char *method, const char *name, json_t *body,
                struct api_reply *ret_reply, struct error *error)
{
    buf_auto path = BUF_INIT;

    int r = add_path(&path, name, error);
    if (r == 0)
        r = api_connect(cli, error);
    if (r == 0)
        r = api_request(cli->client, method, buf_string(&path), body, NULL, ret_reply, error);
    json_decref(body);
    if (r == 0 && ret_reply->status != 404)
        r = api_check(ret_reply, error);
    return r;
}

static int refuse_unknown(const char *name)
{
    complain("there is no variable '%.200s'", name);
    return STATUS_FAILED;
}

static int run_list(struct cli *cli, void *settings, int argc, char **argv)
{
    static const struct column columns[] = {{"NAME", "name", COLUMN_TEXT},
                                            {"VALUE", "value", COLUMN_VALUE},
                                            {"CHANGED", "updated", COLUMN_WHEN},
                                            COLUMNS_END};
    static const struct listing listing = {
        .path = "/variables/filter",
        .columns = columns,
        .quiet = "name",
        .nothing = "There are no variables; 'fermata variable set NAME VALUE' makes one.",
        .whole = true};

    (void)settings;
    (void)argc;
    (void)argv;
    return list_show(cli, &listing, json_pack("{s:s}", "sort", "NAME_ASC"));
}

/* The value as it came: a text without quotes, all else as JSON. */
static int print_value(struct cli *cli, const struct api_reply *reply)
{
    static const char *const path[] = {"value", NULL};
    const json_t *value = json_object_get(reply->json, "value");
    buf_auto shown = BUF_INIT;
    size_t length;
    const char *text = json_member_text(reply->text, path, &length);

    if (json_is_string(value))
        buf_add_string(&shown, json_string_value(value));
    else if (text)
        buf_add(&shown, text, length);
    buf_add_char(&shown, '\n');
    if (answer_print(&cli->screen, &shown) == 0)
        return STATUS_DONE;
    complain("the value could not be printed");
    return STATUS_FAILED;
}

static int run_get(struct cli *cli, void *settings, int argc, char **argv)
{
    api_reply_auto reply = {0};
    struct error error;

    (void)settings;
    (void)argc;
    if (call(cli, "GET", argv[0], NULL, &reply, &error) < 0)
        return fail_with(&error);
    if (reply.status == 404)
        return refuse_unknown(argv[0]);
    if (!cli->json)
        return print_value(cli, &reply);
    print_json(cli, &reply);
    return STATUS_DONE;
}

static int run_set(struct cli *cli, void *settings, int argc, char **argv)
{
    api_reply_auto reply = {0};
    api_reply_auto made = {0};
    struct error error;
    json_auto_t *parsed = json_parse(argv[1], strlen(argv[1]), NULL);
    json_auto_t *value = parsed ? json_incref(parsed) : json_string(argv[1]);

    (void)argc;
    if (call(cli, "PATCH", argv[0], json_pack("{s:O}", "value", value), &reply, &error) < 0)
        return fail_with(&error);
    if (reply.status == 404 &&
        api_post(cli, "/variables/", json_pack("{s:s,s:O}", "name", argv[0], "value", value), &made,
                 &error) < 0)
        return fail_with(&error);
    return cli->json ? run_get(cli, settings, 1, argv) : STATUS_DONE;
}

static int run_unset(struct cli *cli, void *settings, int argc, char **argv)
{
    api_reply_auto reply = {0};
    struct error error;

    (void)settings;
    (void)argc;
    if (call(cli, "DELETE", argv[0], NULL, &reply, &error) < 0)
        return fail_with(&error);
    return reply.status == 404 ? refuse_unknown(argv[0]) : STATUS_DONE;
}

const struct command variable_commands[] = {
    {.name = "variable ls",
     .arguments = "",
     .summary = "list variables",
     .example = "fermata variable ls",
     .run = run_list},
    {.name = "variable get",
     .arguments = "NAME",
     .summary = "print a variable's value",
     .details = "A text is printed without quotes, all else as JSON.",
     .example = "fermata variable get region",
     .run = run_get,
     .least = 1,
     .most = 1,
     .takes = WORD_VARIABLE},
    {.name = "variable set",
     .arguments = "NAME VALUE",
     .summary = "set a variable, new or not",
     .details = "VALUE is read as JSON; what is no JSON is a text.",
     .example = "fermata variable set region eu-west\n"
                "fermata variable set limits '{\"cpu\": 4, \"names\": [\"a\", \"b\"]}'",
     .run = run_set,
     .least = 2,
     .most = 2,
     .takes = WORD_VARIABLE},
    {.name = "variable unset",
     .arguments = "NAME",
     .summary = "delete a variable",
     .example = "fermata variable unset region",
     .run = run_unset,
     .least = 1,
     .most = 1,
     .takes = WORD_VARIABLE},
    COMMANDS_END};
