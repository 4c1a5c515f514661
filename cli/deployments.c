/* `fermata deployment …`. */
#include "cli/deployments.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/list.h"
#include "cli/text.h"
#include "lib/client.h"

static int find(struct cli *cli, const char *name, struct api_reply *ret_reply, struct error *error)
{
    struct fm_error path_error;
    char *path;

    if (fm_deployment_path(name, &path, &path_error) < 0)
        return error_set(error, EINVAL, "%s", path_error.message);
    int r = api_connect(cli, error);
    if (r == 0)
        r = api_request(cli->client, "GET", path, NULL, NULL, ret_reply, error);
    free(path);
    return r;
}

int deployment_find(struct cli *cli, const char *name, struct api_reply *ret_reply,
                    struct error *error)
{
    if (find(cli, name, ret_reply, error) < 0)
        return -1;
    if (ret_reply->status == 404)
        return error_set(error, ENOENT,
                         "there is no deployment '%.200s': start the program that serves it, which "
                         "prints its name",
                         name);
    if (api_check(ret_reply, error) < 0)
        return -1;
    return member_text(ret_reply->json, "id")
               ? 0
               : error_set(error, EPROTO, "what answers at %s is no API of Fermata's",
                           client_shown_url(cli->client));
}

int deployment_refuse(const struct error *error)
{
    int status = fail_with(error);

    return error->code == EINVAL ? STATUS_USAGE : status;
}

static int run_list(struct cli *cli, void *settings, int argc, char **argv)
{
    static const struct column columns[] = {{"FLOW", "flow_id", COLUMN_FLOW},
                                            {"DEPLOYMENT", "name", COLUMN_TEXT},
                                            {"STATUS", "status", COLUMN_TEXT},
                                            {"PAUSED", "paused", COLUMN_YES},
                                            {"LAST SEEN", "last_polled", COLUMN_WHEN},
                                            {"ID", "id", COLUMN_TEXT},
                                            COLUMNS_END};
    static const struct listing listing = {
        .path = "/deployments/filter",
        .columns = columns,
        .nothing = "Nothing is served yet: a program that serves flows is listed once it runs.",
        .whole = true};

    (void)settings;
    (void)argc;
    (void)argv;
    return list_show(cli, &listing, json_pack("{s:s}", "sort", "NAME_ASC"));
}

static int run_inspect(struct cli *cli, void *settings, int argc, char **argv)
{
    static const struct column lines[] = {{"Deployment", "name", COLUMN_TEXT},
                                          {"Flow", "flow_id", COLUMN_FLOW},
                                          {"Id", "id", COLUMN_TEXT},
                                          {"Status", "status", COLUMN_TEXT},
                                          {"Paused", "paused", COLUMN_VALUE},
                                          {"Description", "description", COLUMN_TEXT},
                                          {"Tags", "tags", COLUMN_VALUE},
                                          {"Parameters", "parameters", COLUMN_VALUE},
                                          {"Schedules", "schedules", COLUMN_VALUE},
                                          {"Last seen", "last_polled", COLUMN_WHEN},
                                          {"Created", "created", COLUMN_WHEN},
                                          COLUMNS_END};
    api_reply_auto reply = {0};
    struct error error;

    (void)settings;
    (void)argc;
    if (deployment_find(cli, argv[0], &reply, &error) < 0)
        return deployment_refuse(&error);
    return details_show(cli, &reply, lines);
}

/* POST, or another method, to the deployment's path with `verb` behind it. */
static int act(struct cli *cli, const char *name, const char *method, const char *verb,
               const char *said)
{
    api_reply_auto deployment = {0};
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;
    buf_auto line = BUF_INIT;
    struct error error;

    if (deployment_find(cli, name, &deployment, &error) < 0)
        return deployment_refuse(&error);
    buf_addf(&path, "/deployments/%s%s", member_text(deployment.json, "id"), verb);
    if (api_send(cli, method, buf_string(&path), NULL, &reply, &error) < 0)
        return fail_with(&error);
    if (cli->quiet || cli->json)
        return STATUS_DONE;
    text_add_short(&line, name, 80);
    buf_addf(&line, " %s\n", said);
    screen_flush(&cli->screen, &line);
    return STATUS_DONE;
}

static int run_pause(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    (void)argc;
    return act(cli, argv[0], "POST", "/pause_deployment", "is paused: its schedules make no runs.");
}

static int run_resume(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    (void)argc;
    return act(cli, argv[0], "POST", "/resume_deployment", "goes on.");
}

static int run_delete(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    (void)argc;
    return act(cli, argv[0], "DELETE", "", "is deleted; its runs stay.");
}

static const struct option_row run_options[] = {
    {.name = "param",
     .letter = 'p',
     .argument = "NAME=VALUE",
     .help = "one parameter (\"size=3\"); may be given again",
     OPTION_LIST(struct deployment_run_settings, settings)},
    {.name = "params",
     .argument = "JSON",
     .help = "all parameters, as an object",
     OPTION_TEXT(struct deployment_run_settings, parameters)},
    {.name = "name",
     .letter = 'n',
     .argument = "NAME",
     .help = "the run's name; default: one is made up",
     OPTION_TEXT(struct deployment_run_settings, name)},
    {.name = "watch",
     .letter = 'w',
     .help = "show the run's log until it ends",
     OPTION_FLAG(struct deployment_run_settings, watch)},
    OPTIONS_END};

const struct command deployment_commands[] = {
    {.name = "deployment ls",
     .arguments = "",
     .summary = "list what can be run",
     .example = "fermata deployment ls",
     .run = run_list},
    {.name = "deployment inspect",
     .arguments = "FLOW/DEPLOYMENT",
     .summary = "show one deployment",
     .example = "fermata deployment inspect clean-up/nightly",
     .run = run_inspect,
     .least = 1,
     .most = 1,
     .takes = WORD_DEPLOYMENT},
    {.name = "deployment run",
     .arguments = "FLOW/DEPLOYMENT",
     .summary = "start a run of a deployment",
     .details =
         "The run starts as soon as a program that serves the deployment has room for it. VALUE is "
         "read as the parameter's type wants it. With --watch the command ends with the run, and "
         "its exit status is 0 only if the run is COMPLETED.",
     .example = "fermata deployment run clean-up/nightly --param days=7 --watch",
     .run = run_deployment_run,
     .options = run_options,
     .settings_size = sizeof(struct deployment_run_settings),
     .least = 1,
     .most = 1,
     .takes = WORD_DEPLOYMENT},
    {.name = "deployment pause",
     .arguments = "FLOW/DEPLOYMENT",
     .summary = "have a deployment's schedules make no more runs",
     .example = "fermata deployment pause clean-up/nightly",
     .run = run_pause,
     .least = 1,
     .most = 1,
     .takes = WORD_DEPLOYMENT},
    {.name = "deployment resume",
     .arguments = "FLOW/DEPLOYMENT",
     .summary = "have a paused deployment's schedules make runs again",
     .example = "fermata deployment resume clean-up/nightly",
     .run = run_resume,
     .least = 1,
     .most = 1,
     .takes = WORD_DEPLOYMENT},
    {.name = "deployment delete",
     .arguments = "FLOW/DEPLOYMENT",
     .summary = "delete a deployment, and keep its runs",
     .example = "fermata deployment delete clean-up/nightly",
     .run = run_delete,
     .least = 1,
     .most = 1,
     .takes = WORD_DEPLOYMENT},
    COMMANDS_END};
