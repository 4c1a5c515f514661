/* `fermata flow-run …`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/field.h"
#include "cli/runs.h"
#include "cli/text.h"
#include "common/ids.h"
#include "common/times.h"

void add_when(struct buf *to, const char *timestamp)
{
    int64_t time;

    if (timestamp && time_parse(timestamp, &time))
        text_add_relative(to, time, time_now());
}

static const char *first_text(const json_t *object, const char *const keys[])
{
    for (size_t i = 0; keys[i]; i++) {
        const char *text = member_text(object, keys[i]);
        if (text)
            return text;
    }
    return NULL;
}

int get_flow_names(struct cli *cli, const json_t *runs, json_t **ret_names, struct error *error)
{
    api_reply_auto reply = {0};
    json_t *ids = json_array();
    json_t *names = json_object();
    size_t i;
    json_t *one;

    json_array_foreach(runs, i, one) {
        json_t *id = json_object_get(one, "flow_id");
        if (json_is_string(id))
            json_array_append(ids, id);
    }
    if (api_post(cli, "/flows/filter", json_pack("{s:{s:{s:o}}}", "flows", "id", "any_", ids),
                 &reply, error) < 0) {
        json_decref(names);
        return -1;
    }
    json_array_foreach(reply.json, i, one) {
        const char *id = member_text(one, "id");
        if (id)
            json_object_set(names, id, json_object_get(one, "name"));
    }
    *ret_names = names;
    return 0;
}

static const char *flow_name_of(const json_t *run, const json_t *names)
{
    const char *flow_id = member_text(run, "flow_id");

    return flow_id ? member_text(names, flow_id) : NULL;
}

/* ---- flow-run ls
 * ---------------------------------------------------------------------------------- */

static int print_runs(struct cli *cli, const json_t *runs, struct error *error)
{
    static const char *const headers[] = {"ID", "FLOW", "RUN", "STATE", "WHEN"};
    static const char *const times[] = {"end_time", "start_time", "expected_start_time", "created",
                                        NULL};
    json_auto_t *names = NULL;
    size_t i;
    json_t *run;

    if (get_flow_names(cli, runs, &names, error) < 0)
        return -1;
    table_auto table = {.headers = headers, .columns = COUNT_OF(headers)};
    json_array_foreach(runs, i, run) {
        buf_auto when = BUF_INIT;
        add_when(&when, first_text(run, times));
        table_add(&table, member_text(run, "id"));
        table_add(&table, flow_name_of(run, names));
        table_add(&table, member_text(run, "name"));
        table_add(&table, member_text(run, "state_name"));
        table_add(&table, buf_string(&when));
    }
    return table_print(&table, &cli->screen, error);
}

/* Without the runs that a schedule has made for later: there may be more of them than are shown. */
static json_t *query(bool all, int limit)
{
    char now[TIME_SIZE];

    if (all)
        return json_pack("{s:s,s:i}", "sort", "EXPECTED_START_TIME_DESC", "limit", limit);
    time_format(time_now(), now);
    return json_pack("{s:s,s:i,s:{s:s,s:{s:{s:[s]}},s:{s:s}}}", "sort", "EXPECTED_START_TIME_DESC",
                     "limit", limit, "flow_runs", "operator", "or_", "state", "name", "not_any_",
                     "Scheduled", "next_scheduled_start_time", "before_", now);
}

struct list_settings {
    bool all;
    int64_t limit;
};

static int run_list(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct list_settings *list = settings;
    api_reply_auto reply = {0};
    struct error error;

    (void)argc;
    (void)argv;
    if (api_post(cli, "/flow_runs/filter", query(list->all, (int)list->limit), &reply, &error) < 0)
        return fail_with(&error);
    if (cli->json)
        print_json(cli, &reply);
    else if (cli->quiet)
        print_members(cli, reply.json, "id");
    else if (json_array_size(reply.json) == 0)
        fputs(list->all ? "There are no flow runs.\n"
                        : "There are no flow runs, or only later ones: --all lists these, too.\n",
              cli->screen.out);
    else if (print_runs(cli, reply.json, &error) < 0)
        return fail_with(&error);
    return STATUS_DONE;
}

/* ---- flow-run inspect
 * ----------------------------------------------------------------------------- */

static void add_member(struct buf *to, const char *label, const json_t *value, bool is_time)
{
    buf_auto text = BUF_INIT;

    if (!value || json_is_null(value))
        return;
    field_add_value(&text, value);
    buf_addf(to, "%-13s", label);
    text_add_safe(to, buf_string(&text), text.length, false);
    if (is_time && json_is_string(value)) {
        buf_add_string(to, "  (");
        add_when(to, json_string_value(value));
        buf_add_char(to, ')');
    }
    buf_add_char(to, '\n');
}

static int print_run(struct cli *cli, const json_t *run, struct error *error)
{
    static const struct {
        const char *label, *member;
        bool is_time;
    } rows[] = {
        {"Run", "name", false},
        {"Id", "id", false},
        {"State", "state_name", false},
        {"Parameters", "parameters", false},
        {"Tags", "tags", false},
        {"Deployment", "deployment_id", false},
        {"Created", "created", true},
        {"Expected", "expected_start_time", true},
        {"Started", "start_time", true},
        {"Ended", "end_time", true},
        {"Run count", "run_count", false},
    };
    buf_auto text = BUF_INIT;
    json_auto_t *names = NULL;
    json_auto_t *runs = json_pack("[O]", run);

    if (get_flow_names(cli, runs, &names, error) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        add_member(&text, rows[i].label, json_object_get(run, rows[i].member), rows[i].is_time);
        if (i == 0)
            add_member(&text, "Flow", json_object_get(names, member_text(run, "flow_id")), false);
    }
    add_member(&text, "Message", json_object_get(json_object_get(run, "state"), "message"), false);
    screen_flush(&cli->screen, &text);
    return 0;
}

static int run_inspect(struct cli *cli, void *settings, int argc, char **argv)
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;
    struct error error;
    char id[ID_SIZE];

    (void)settings;
    (void)argc;
    if (api_find_run(cli, argv[0], id, &error) < 0)
        return fail_with(&error);
    buf_addf(&path, "/flow_runs/%s", id);
    if (api_get(cli, buf_string(&path), &reply, &error) < 0)
        return fail_with(&error);
    if (cli->json)
        print_json(cli, &reply);
    else if (print_run(cli, reply.json, &error) < 0)
        return fail_with(&error);
    return STATUS_DONE;
}

/* ---- flow-run cancel
 * ------------------------------------------------------------------------------ */

/* What became of the proposal: the run's state now, and why it is not the one that was proposed. */
static int tell_cancelled(struct cli *cli, const char *run, const json_t *reply)
{
    const char *type = member_text(json_object_get(reply, "state"), "type");
    const char *reason = member_text(json_object_get(reply, "details"), "reason");
    buf_auto text = BUF_INIT;

    if (!type || (strcmp(type, "CANCELLED") != 0 && strcmp(type, "CANCELLING") != 0)) {
        complain("'%.100s' was not cancelled: %.500s", run, reason ? reason : "no reason is given");
        return STATUS_FAILED;
    }
    text_add_short(&text, run, 60);
    buf_add_string(&text, strcmp(type, "CANCELLED") == 0
                              ? " is cancelled.\n"
                              : " is told to end: it is cancelled when its process has ended.\n");
    screen_flush(&cli->screen, &text);
    return STATUS_DONE;
}

static int run_cancel(struct cli *cli, void *settings, int argc, char **argv)
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;
    struct error error;
    char id[ID_SIZE];

    (void)settings;
    (void)argc;
    if (api_find_run(cli, argv[0], id, &error) < 0)
        return fail_with(&error);
    buf_addf(&path, "/flow_runs/%s/set_state", id);
    if (api_post(cli, buf_string(&path), json_pack("{s:{s:s}}", "state", "type", "CANCELLING"),
                 &reply, &error) < 0)
        return fail_with(&error);
    if (cli->json) {
        print_json(cli, &reply);
        return STATUS_DONE;
    }
    return tell_cancelled(cli, argv[0], reply.json);
}

/* ---- the commands ---------------------------------------------------------------------------- */

bool is_terminal_type(const char *type)
{
    static const char *const types[] = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"};

    for (size_t i = 0; type && i < COUNT_OF(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static const struct option_row list_options[] = {{.name = "all",
                                                  .letter = 'a',
                                                  .help = "also those that are scheduled for later",
                                                  OPTION_FLAG(struct list_settings, all)},
                                                 {.name = "limit",
                                                  .letter = 'n',
                                                  .argument = "N",
                                                  .help = "how many, at most 200; default: 15",
                                                  OPTION_NUMBER(struct list_settings, limit),
                                                  .fallback = 15,
                                                  .least = 1,
                                                  .most = 200},
                                                 OPTIONS_END};

static const struct option_row log_options[] = {{.name = "follow",
                                                 .letter = 'f',
                                                 .help = "go on until the run ends",
                                                 OPTION_FLAG(struct log_settings, follow)},
                                                OPTIONS_END};

#define A_RUN "FLOW-RUN is an id, what one id alone begins with, or a name. "

const struct command flow_run_commands[] = {
    {.name = "flow-run ls",
     .arguments = "",
     .summary = "list flow runs, the latest first",
     .details = "Runs that are scheduled for later are left out.",
     .example = "fermata flow-run ls --limit 50",
     .run = run_list,
     .options = list_options,
     .settings_size = sizeof(struct list_settings)},
    {.name = "flow-run inspect",
     .arguments = "FLOW-RUN",
     .summary = "show one flow run",
     .details = A_RUN,
     .example = "fermata flow-run inspect merry-tiger",
     .run = run_inspect,
     .least = 1,
     .most = 1,
     .takes = WORD_FLOW_RUN},
    {.name = "flow-run logs",
     .arguments = "FLOW-RUN",
     .summary = "show a flow run's log",
     .details = A_RUN
     "With --follow new lines are shown as they come; the command ends with the run, and its exit "
     "status is 0 only if the run is COMPLETED. With --json each line is one JSON object.",
     .example = "fermata flow-run logs --follow merry-tiger",
     .run = run_logs,
     .options = log_options,
     .settings_size = sizeof(struct log_settings),
     .least = 1,
     .most = 1,
     .takes = WORD_FLOW_RUN},
    {.name = "flow-run cancel",
     .arguments = "FLOW-RUN",
     .summary = "cancel a flow run",
     .details = A_RUN "A run that has not started, or is suspended, is cancelled at once. Another "
                      "is told to end: it is CANCELLED when its process has ended.",
     .example = "fermata flow-run cancel merry-tiger",
     .run = run_cancel,
     .least = 1,
     .most = 1,
     .takes = WORD_FLOW_RUN},
    COMMANDS_END};
