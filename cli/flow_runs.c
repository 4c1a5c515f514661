/* `fermata flow-run …`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/list.h"
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

/* ---- flow-run ls ---- */

static const struct column list_columns[] = {
    {"ID", "id", COLUMN_TEXT},
    {"FLOW", "flow_id", COLUMN_FLOW},
    {"RUN", "name", COLUMN_TEXT},
    {"STATE", "state_name", COLUMN_TEXT},
    {"WHEN", "end_time,start_time,expected_start_time,created", COLUMN_WHEN},
    COLUMNS_END};

struct list_settings {
    bool all;
    int64_t limit;
    const char *flow;
    struct text_list states;
};

/* Without the runs that a schedule has made for later: there may be more of them than are shown. */
static json_t *not_for_later(void)
{
    char now[TIME_SIZE];

    time_format(time_now(), now);
    return json_pack("{s:s,s:{s:{s:[s]}},s:{s:s}}", "operator", "or_", "state", "name", "not_any_",
                     "Scheduled", "next_scheduled_start_time", "before_", now);
}

static json_t *in_states(const struct text_list *states)
{
    json_t *types = json_array();

    for (size_t i = 0; i < states->count; i++) {
        json_t *type = json_string(states->texts[i]);
        json_array_append_new(types, type);
    }
    return json_pack("{s:{s:{s:o}}}", "state", "type", "any_", types);
}

static json_t *list_body(const struct list_settings *list)
{
    json_t *body = json_pack("{s:s,s:I}", "sort", "EXPECTED_START_TIME_DESC", "limit",
                             (json_int_t)list->limit);

    if (list->states.count > 0)
        json_object_set_new(body, "flow_runs", in_states(&list->states));
    else if (!list->all)
        json_object_set_new(body, "flow_runs", not_for_later());
    if (list->flow)
        json_object_set_new(body, "flows", json_pack("{s:{s:[s]}}", "name", "any_", list->flow));
    return body;
}

static int run_list(struct cli *cli, void *settings, int argc, char **argv)
{
    struct list_settings *list = settings;
    const struct listing listing = {
        .path = "/flow_runs/filter",
        .columns = list_columns,
        .nothing = list->all || list->states.count > 0
                       ? "There are no such flow runs."
                       : "There are no flow runs, or only later ones: --all lists these, too."};

    (void)argc;
    (void)argv;
    return list_show(cli, &listing, list_body(list));
}

/* ---- flow-run inspect
 * ----------------------------------------------------------------------------- */

static const struct column run_lines[] = {{"Run", "name", COLUMN_TEXT},
                                          {"Flow", "flow_id", COLUMN_FLOW},
                                          {"Id", "id", COLUMN_TEXT},
                                          {"State", "state_name", COLUMN_TEXT},
                                          {"Message", "state.message", COLUMN_TEXT},
                                          {"Parameters", "parameters", COLUMN_VALUE},
                                          {"Tags", "tags", COLUMN_VALUE},
                                          {"Deployment", "deployment_id", COLUMN_TEXT},
                                          {"Created", "created", COLUMN_WHEN},
                                          {"Expected", "expected_start_time", COLUMN_WHEN},
                                          {"Started", "start_time", COLUMN_WHEN},
                                          {"Ended", "end_time", COLUMN_WHEN},
                                          {"Run count", "run_count", COLUMN_VALUE},
                                          COLUMNS_END};

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
    return details_show(cli, &reply, run_lines);
}

/* ---- the commands ---- */

static const struct option_row list_options[] = {
    {.name = "all",
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
    {.name = "flow",
     .argument = "NAME",
     .help = "only runs of this flow",
     OPTION_TEXT(struct list_settings, flow),
     .takes = WORD_FLOW},
    {.name = "state",
     .letter = 's',
     .argument = "TYPE",
     .help = "only runs in this state (\"FAILED\"); may be given again",
     OPTION_LIST(struct list_settings, states)},
    OPTIONS_END};

static const struct option_row log_options[] = {
    {.name = "follow",
     .letter = 'f',
     .help = "go on until the run ends",
     OPTION_FLAG(struct log_settings, follow)},
    {.name = "tail",
     .letter = 'n',
     .argument = "N",
     .help = "only the last lines; default: all",
     OPTION_NUMBER(struct log_settings, tail),
     .fallback = -1,
     .least = 0,
     .most = 10000},
    {.name = "level",
     .letter = 'l',
     .argument = "LEVEL",
     .help = "only lines of this level or above: debug, info, warning, error, critical",
     OPTION_TEXT(struct log_settings, level)},
    OPTIONS_END};

static const struct option_row wait_options[] = {{.name = "timeout",
                                                  .letter = 't',
                                                  .argument = "SECONDS",
                                                  .help = "give up after so long; default: never",
                                                  OPTION_NUMBER(struct wait_settings, timeout),
                                                  .least = 1,
                                                  .most = 100000000},
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
     "With --follow new lines are shown as they come, also after the server was away; the command "
     "ends with the run, and its exit status is 0 only if the run is COMPLETED. With --json each "
     "line is one JSON object.",
     .example = "fermata flow-run logs --follow merry-tiger\n"
                "fermata flow-run logs --tail 20 --level warning merry-tiger",
     .run = run_logs,
     .options = log_options,
     .settings_size = sizeof(struct log_settings),
     .least = 1,
     .most = 1,
     .takes = WORD_FLOW_RUN},
    {.name = "flow-run wait",
     .arguments = "FLOW-RUN",
     .summary = "wait until a flow run has ended",
     .details = A_RUN "The exit status is 0 only if the run is COMPLETED.",
     .example = "fermata flow-run wait --timeout 600 merry-tiger && echo done",
     .run = command_wait,
     .options = wait_options,
     .settings_size = sizeof(struct wait_settings),
     .least = 1,
     .most = 1,
     .takes = WORD_FLOW_RUN},
    {.name = "flow-run resume",
     .arguments = "FLOW-RUN...",
     .summary = "let paused flow runs go on that ask for no input",
     .details = A_RUN,
     .example = "fermata flow-run resume merry-tiger",
     .run = command_resume,
     .least = 1,
     .most = ANY_NUMBER,
     .takes = WORD_FLOW_RUN},
    {.name = "flow-run retry",
     .arguments = "FLOW-RUN...",
     .summary = "schedule flow runs again that have ended",
     .details = A_RUN "It is the same run with the same parameters; whoever serves its deployment "
                      "takes it.",
     .example = "fermata flow-run retry $(fermata flow-run ls --quiet --state FAILED)",
     .run = command_retry,
     .least = 1,
     .most = ANY_NUMBER,
     .takes = WORD_FLOW_RUN},
    {.name = "flow-run cancel",
     .arguments = "FLOW-RUN...",
     .summary = "cancel flow runs",
     .details = A_RUN "A run that has not started, or is suspended, is cancelled at once. Another "
                      "is told to end: it is CANCELLED when its process has ended.",
     .example = "fermata flow-run cancel merry-tiger",
     .run = command_cancel,
     .least = 1,
     .most = ANY_NUMBER,
     .takes = WORD_FLOW_RUN},
    {.name = "flow-run delete",
     .arguments = "FLOW-RUN...",
     .summary = "delete flow runs with all that belongs to them",
     .details = A_RUN,
     .example = "fermata flow-run delete merry-tiger",
     .run = command_delete,
     .least = 1,
     .most = ANY_NUMBER,
     .takes = WORD_FLOW_RUN},
    COMMANDS_END};
