/* `fermata inbox`: what waits for an answer. */
#include <stdlib.h>

#include "cli/requests.h"
#include "cli/text.h"
#include "common/times.h"

int inbox_get(struct cli *cli, const char *run_id, struct api_reply *ret_reply, struct error *error)
{
    json_t *filter = json_pack("{s:{s:[s]}}", "state", "any_", "open");

    if (run_id)
        json_object_set_new(filter, "flow_run_id", json_pack("{s:[s]}", "any_", run_id));
    return api_post(cli, "/input_requests/filter", json_pack("{s:o}", "input_requests", filter),
                    ret_reply, error);
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

static int run_inbox(struct cli *cli, void *settings, int argc, char **argv)
{
    api_reply_auto reply = {0};
    struct error error;

    (void)settings;
    (void)argc;
    (void)argv;
    if (inbox_get(cli, NULL, &reply, &error) < 0)
        return fail_with(&error);
    if (cli->json)
        print_json(cli, &reply);
    else if (cli->quiet)
        print_members(cli, reply.json, "id");
    else if (json_array_size(reply.json) == 0)
        fputs("Nothing waits for an answer.\n", cli->screen.out);
    else if (inbox_print(reply.json, false, &cli->screen, &error) < 0)
        return fail_with(&error);
    return STATUS_DONE;
}

const struct command inbox_commands[] = {{.name = "inbox",
                                          .arguments = "",
                                          .summary = "list what waits for an answer",
                                          .example = "fermata inbox",
                                          .run = run_inbox},
                                         COMMANDS_END};
