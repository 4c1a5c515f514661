/* `fermata inbox`: what waits for an answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/deployments.h"
#include "cli/list.h"
#include "cli/pages.h"
#include "cli/requests.h"
#include "cli/text.h"
#include "common/ids.h"
#include "common/times.h"

/* ---- which ----------------------------------------------------------------------------------- */

/* Sets the filter's member so that it is one of this one id. */
static int set_one(json_t *filter, const char *member, const char *id, struct error *error)
{
    return json_object_set_new(filter, member, json_pack("{s:[s]}", "any_", id)) < 0
               ? error_set(error, ENOMEM, "out of memory")
               : 0;
}

static int add_run(struct cli *cli, json_t *filter, const char *run, struct error *error)
{
    char id[ID_SIZE];

    if (api_find_run(cli, run, id, error) < 0)
        return -1;
    return set_one(filter, "flow_run_id", id, error);
}

static int add_flow(struct cli *cli, json_t *filter, const char *flow, struct error *error)
{
    api_reply_auto reply = {0};

    if (api_post(cli, "/flows/filter", json_pack("{s:{s:{s:[s]}}}", "flows", "name", "any_", flow),
                 &reply, error) < 0)
        return -1;
    const char *id = member_text(json_array_get(reply.json, 0), "id");
    if (!id)
        return error_set(error, ENOENT, "there is no flow '%.200s'; 'fermata flow ls' lists them",
                         flow);
    return set_one(filter, "flow_id", id, error);
}

static int add_deployment(struct cli *cli, json_t *filter, const char *name, struct error *error)
{
    api_reply_auto reply = {0};

    if (deployment_find(cli, name, &reply, error) < 0)
        return -1;
    return set_one(filter, "deployment_id", member_text(reply.json, "id"), error);
}

static int add_words(struct cli *cli, json_t *filter, const char *words, struct error *error)
{
    (void)cli;
    return json_object_set_new(filter, "text", json_pack("{s:s}", "query", words)) < 0
               ? error_set(error, ENOMEM, "out of memory")
               : 0;
}

int inbox_body(struct cli *cli, const struct inbox_filter *filter, const char *sort,
               json_t **ret_body, struct error *error)
{
    const struct {
        const char *text;
        int (*add)(struct cli *cli, json_t *filter, const char *text, struct error *error);
    } parts[] = {{filter->run, add_run},
                 {filter->flow, add_flow},
                 {filter->deployment, add_deployment},
                 {filter->text, add_words}};
    json_auto_t *requests = json_object();

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (parts[i].text && parts[i].add(cli, requests, parts[i].text, error) < 0)
            return -1;
    json_t *body = json_pack("{s:O,s:s}", "input_requests", requests, "sort", sort);
    if (!body)
        return error_set(error, ENOMEM, "out of memory");
    *ret_body = body;
    return 0;
}

int inbox_get(struct cli *cli, const struct inbox_filter *filter, const char *sort, bool all,
              struct api_reply *ret_reply, struct error *error)
{
    json_t *body;

    if (inbox_body(cli, filter, sort, &body, error) < 0)
        return -1;
    json_object_set_new(json_object_get(body, "input_requests"), "state",
                        json_pack("{s:[s]}", "any_", "open"));
    if (all)
        return api_post_all(cli, "/input_requests/filter", body, false, ret_reply, error);
    return api_post(cli, "/input_requests/filter", body, ret_reply, error);
}

/* ---- what they say --------------------------------------------------------------------------- */

bool request_is_open(const json_t *request)
{
    const char *state = member_text(request, "state");

    return !state || strcmp(state, "open") == 0 || strcmp(state, "checking") == 0;
}

bool request_is_complete(const json_t *request)
{
    return !json_is_true(json_object_get(request, "wants_input")) ||
           json_is_object(json_object_get(request, "schema"));
}

void add_deadline(struct buf *to, const json_t *request)
{
    const char *deadline = member_text(request, "deadline");
    int64_t time;

    if (deadline && time_parse(deadline, &time))
        text_add_relative(to, time, time_now());
    else
        buf_add_string(to, "none");
}

void add_who(struct buf *to, const json_t *request)
{
    const char *by = member_text(request, "answered_by");
    const char *via = member_text(request, "answered_via");
    const char *at = member_text(request, "answered_at");
    int64_t time;

    buf_addf(to, "answered by %s", by ? by : "somebody");
    if (via)
        buf_addf(to, " (%s)", via);
    if (at && time_parse(at, &time)) {
        buf_add_char(to, ' ');
        text_add_relative(to, time, time_now());
    }
}

static void add_row(struct table *table, const json_t *request, size_t number, bool numbered)
{
    buf_auto deadline = BUF_INIT;
    char digits[32];

    add_deadline(&deadline, request);
    if (numbered) {
        snprintf(digits, sizeof(digits), "%zu", number);
        table_add(table, digits);
    }
    table_add(table, member_text(request, "flow_name"));
    table_add(table, member_text(request, "flow_run_name"));
    table_add(table, member_text(request, "pause_key"));
    table_add(table, buf_string(&deadline));
    table_add(table, member_text(request, "id"));
}

int inbox_print(const json_t *requests, bool numbered, struct screen *screen, struct error *error)
{
    static const char *const headers[] = {"#", "FLOW", "RUN", "KEY", "DEADLINE", "ID"};
    size_t i;
    json_t *request;

    table_auto table = {.headers = headers + !numbered, .columns = COUNT_OF(headers) - !numbered};
    json_array_foreach(requests, i, request)
        add_row(&table, request, i + 1, numbered);
    return table_print(&table, screen, error);
}

/* ---- the command ----------------------------------------------------------------------------- */

struct inbox_settings {
    struct inbox_filter filter;
    bool watch;
};

static int show_once(struct cli *cli, const struct inbox_filter *filter)
{
    api_reply_auto reply = {0};
    struct error error;

    if (inbox_get(cli, filter, "DEADLINE_ASC", cli->json || cli->quiet, &reply, &error) < 0)
        return fail_with(&error);
    if (cli->json)
        print_json(cli, &reply);
    else if (cli->quiet)
        print_members(cli, reply.json, "id");
    else if (json_array_size(reply.json) == 0)
        fputs("Nothing waits for an answer.\n", cli->screen.out);
    else if (inbox_print(reply.json, false, &cli->screen, &error) < 0)
        return fail_with(&error);
    else
        list_tell_more(cli, reply.json);
    return STATUS_DONE;
}

static int run_inbox(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct inbox_settings *inbox = settings;

    (void)argc;
    (void)argv;
    return inbox->watch ? inbox_watch(cli, &inbox->filter) : show_once(cli, &inbox->filter);
}

static const struct option_row options[] = {
    {.name = "watch",
     .letter = 'w',
     .help = "go on: show what comes as it comes, until Ctrl-C",
     OPTION_FLAG(struct inbox_settings, watch)},
    INBOX_FILTER_OPTIONS(struct inbox_settings, filter),
    {.name = "run",
     .letter = 'r',
     .argument = "FLOW-RUN",
     .help = "only what this run waits for: its id or name",
     OPTION_TEXT(struct inbox_settings, filter.run),
     .takes = WORD_FLOW_RUN},
    OPTIONS_END};

const struct command inbox_commands[] = {
    {.name = "inbox",
     .arguments = "",
     .summary = "list what waits for an answer",
     .details =
         "With --watch on a terminal the list stays up to date: the newest on top, those that were "
         "answered marked. Elsewhere each new one is a line, with --json an object, as soon as its "
         "run has told what it asks.",
     .example = "fermata inbox --flow release\nfermata inbox --watch --json",
     .run = run_inbox,
     .options = options,
     .settings_size = sizeof(struct inbox_settings)},
    COMMANDS_END};
