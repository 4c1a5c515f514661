/* `fermata flow ls` and `fermata task-run ls`. */
#include <string.h>

#include "cli/list.h"
#include "common/ids.h"

struct limit_settings {
    int64_t limit;
};

static const struct option_row limit_options[] = {{.name = "limit",
                                                   .letter = 'n',
                                                   .argument = "N",
                                                   .help = "how many, at most 200; default: 50",
                                                   OPTION_NUMBER(struct limit_settings, limit),
                                                   .fallback = 50,
                                                   .least = 1,
                                                   .most = 200},
                                                  OPTIONS_END};

static int run_flows(struct cli *cli, void *settings, int argc, char **argv)
{
    static const struct column columns[] = {{"ID", "id", COLUMN_TEXT},
                                            {"FLOW", "name", COLUMN_TEXT},
                                            {"TAGS", "tags", COLUMN_VALUE},
                                            {"CREATED", "created", COLUMN_WHEN},
                                            COLUMNS_END};
    static const struct listing listing = {.path = "/flows/filter",
                                           .columns = columns,
                                           .quiet = "name",
                                           .nothing = "There are no flows yet."};
    const struct limit_settings *limit = settings;

    (void)argc;
    (void)argv;
    return list_show(cli, &listing,
                     json_pack("{s:s,s:I}", "sort", "NAME_ASC", "limit", (json_int_t)limit->limit));
}

const struct command flow_commands[] = {{.name = "flow ls",
                                         .arguments = "",
                                         .summary = "list flows",
                                         .example = "fermata flow ls",
                                         .run = run_flows,
                                         .options = limit_options,
                                         .settings_size = sizeof(struct limit_settings)},
                                        COMMANDS_END};

static int run_task_runs(struct cli *cli, void *settings, int argc, char **argv)
{
    static const struct column columns[] = {
        {"ID", "id", COLUMN_TEXT},
        {"TASK RUN", "name", COLUMN_TEXT},
        {"STATE", "state_name", COLUMN_TEXT},
        {"WHEN", "end_time,start_time,expected_start_time,created", COLUMN_WHEN},
        COLUMNS_END};
    static const struct listing listing = {
        .path = "/task_runs/filter", .columns = columns, .nothing = "There are no task runs."};
    const struct limit_settings *limit = settings;
    struct error error;
    char id[ID_SIZE];

    json_t *body = json_pack("{s:s,s:I}", "sort", "EXPECTED_START_TIME_DESC", "limit",
                             (json_int_t)limit->limit);
    if (argc == 0)
        return list_show(cli, &listing, body);
    if (api_find_run(cli, argv[0], id, &error) < 0) {
        json_decref(body);
        return fail_with(&error);
    }
    json_object_set_new(body, "flow_runs", json_pack("{s:{s:[s]}}", "id", "any_", id));
    return list_show(cli, &listing, body);
}

const struct command task_run_commands[] = {{.name = "task-run ls",
                                             .arguments = "[FLOW-RUN]",
                                             .summary = "list task runs, the latest first",
                                             .details = "Of one flow run, or of all.",
                                             .example = "fermata task-run ls merry-tiger",
                                             .run = run_task_runs,
                                             .options = limit_options,
                                             .settings_size = sizeof(struct limit_settings),
                                             .most = 1,
                                             .takes = WORD_FLOW_RUN},
                                            COMMANDS_END};
