/* `fermata run` and `fermata serve`: any command as a flow. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/answer_print.h"
#include "cli/api.h"
#include "cli/field.h"
#include "cli/schema_options.h"
#include "cli/script.h"
#include "json/text.h"

#define ANYTHING "{\"title\":\"Parameters\",\"type\":\"object\"}"

/* ---- running it here ------------------------------------------------------------------------- */

struct run_settings {
    const char *name;
    const char *flow;
    struct text_list parameters;
    int64_t retries;
    int64_t retry_delay;
};

/* JSON, or else a text: so is a number, too, that would be written in another way, such as 1.10. */
static json_t *value_of(const char *typed)
{
    json_auto_t *parsed = json_parse(typed, strlen(typed), NULL);
    buf_auto written = BUF_INIT;

    if (json_is_number(parsed))
        field_add_json(&written, parsed);
    if (!parsed || (written.length && strcmp(buf_string(&written), typed) != 0))
        return json_string(typed);
    return json_incref(parsed);
}

static int set_parameter(json_t *parameters, const char *setting, struct error *error)
{
    const char *equals = strchr(setting, '=');
    buf_auto name = BUF_INIT;

    if (equals)
        buf_add(&name, setting, (size_t)(equals - setting));
    if (!equals || !is_shell_name(buf_string(&name)))
        return error_set(error, EINVAL,
                         "--param %.100s: it has to be NAME=VALUE, the name of letters, digits "
                         "and _",
                         setting);
    if (json_object_set_new(parameters, buf_string(&name), value_of(equals + 1)) < 0)
        return error_set(error, EINVAL, "--param %.100s: the value is no UTF-8", setting);
    return 0;
}

static int make_parameters(const struct text_list *settings, struct buf *to, struct error *error)
{
    json_auto_t *parameters = json_object();

    for (size_t i = 0; i < settings->count; i++)
        if (set_parameter(parameters, settings->texts[i], error) < 0)
            return -1;
    if (parameters)
        answer_add_json(to, parameters);
    return parameters && !to->failed ? 0 : error_set(error, ENOMEM, "out of memory");
}

static int run_run(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct run_settings *run = settings;
    buf_auto parameters = BUF_INIT;
    struct script script;
    struct error error;

    (void)argc;
    if (make_parameters(&run->parameters, &parameters, &error) < 0) {
        fail_with(&error);
        return STATUS_USAGE;
    }
    signal(SIGPIPE, SIG_IGN); /* the command goes on, whoever reads what it prints */
    script_init(&script, run->flow, ANYTHING, argv);
    script.captures = true;
    script.flow.retries = (int)run->retries;
    script.flow.retry_delay = (double)run->retry_delay;
    const struct fm_json given = {.text = buf_string(&parameters)};
    int status =
        fm_run_flow(&script.flow, .parameters = &given, .name = run->name, .url = cli->url);
    return status == STATUS_FAILED && script.status > 0 ? script.status : status;
}

/* ---- serving it ------------------------------------------------------------------------------ */

struct serve_settings {
    const char *name;
    const char *flow;
    struct text_list parameters; /* in the short notation */
    const char *schema;
    const char *description;
    const char *cron;
    const char *timezone;
    int64_t interval;
    int64_t limit;
    int64_t retries;
    int64_t retry_delay;
};

/* The processes of the runs begin as this one did, with the same options. They are to have the
 * schema that was registered, whatever its file holds by then, and what came from standard input or
 * a pipe is not there twice: so it is kept in memory, where they find it under this path. */
#define KEPT_SCHEMA "FERMATA_SERVED_SCHEMA"

static int keep_schema(const char *text, struct error *error)
{
    size_t length = strlen(text);
    char path[64];

    int fd = memfd_create("schema", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length)
        return error_set(error, errno, "the schema cannot be kept: %s", strerror(errno));
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
    if (setenv(KEPT_SCHEMA, path, true) < 0)
        return error_set(error, ENOMEM, "out of memory");
    return 0;
}

/* As text, which is to be freed. */
static int take_schema(const struct serve_settings *serve, char **ret_text, struct error *error)
{
    const char *kept = serve->schema ? getenv(KEPT_SCHEMA) : NULL;
    json_auto_t *schema = NULL;

    if (schema_from_options("Parameters", &serve->parameters, kept ? kept : serve->schema, &schema,
                            error) < 0)
        return -1;
    char *text = json_dumps(schema, JSON_COMPACT);
    if (!text)
        return error_set(error, ENOMEM, "out of memory");
    if (serve->schema && !kept && keep_schema(text, error) < 0) {
        free(text);
        return -1;
    }
    if (kept)
        unsetenv(KEPT_SCHEMA); /* not for what the command starts */
    *ret_text = text;
    return 0;
}

static int run_serve(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct serve_settings *serve = settings;
    struct script script;
    struct error error;
    char *text = NULL;

    (void)argc;
    if (!serve->name) {
        complain("the deployment needs a name: fermata serve --name NAME -- %.100s", argv[0]);
        return STATUS_USAGE;
    }
    if (take_schema(serve, &text, &error) < 0) {
        fail_with(&error);
        return STATUS_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    script_init(&script, serve->flow, text, argv);
    script.flow.retries = (int)serve->retries;
    script.flow.retry_delay = (double)serve->retry_delay;
    const struct fm_deployment deployments[] = {{.flow = &script.flow,
                                                 .name = serve->name,
                                                 .description = serve->description,
                                                 .cron = serve->cron,
                                                 .timezone = serve->timezone,
                                                 .interval = (double)serve->interval},
                                                {.flow = NULL}};
    const struct fm_serve_options options = {.limit = (int)serve->limit, .url = cli->url};
    int status = fm_serve_with(deployments, &options);
    free(text);
    return status;
}

/* ---- the commands ---------------------------------------------------------------------------- */

#define RETRY_OPTIONS(settings)                                                                    \
    {.name = "flow",                                                                               \
     .argument = "FLOW",                                                                           \
     .help = "the flow's name; default: that of the command's file",                               \
     OPTION_TEXT(settings, flow),                                                                  \
     .takes = WORD_FLOW},                                                                          \
        {.name = "retries",                                                                        \
         .argument = "N",                                                                          \
         .help = "how often a failed run is tried again",                                          \
         OPTION_NUMBER(settings, retries),                                                         \
         .most = 1000},                                                                            \
    {                                                                                              \
        .name = "retry-delay", .argument = "SECONDS", .help = "how long it waits before it is",    \
        OPTION_NUMBER(settings, retry_delay), .most = 1000000                                      \
    }

static const struct option_row run_options[] = {
    {.name = "name",
     .letter = 'n',
     .argument = "NAME",
     .help = "the run's name; default: one that the server makes up",
     OPTION_TEXT(struct run_settings, name)},
    {.name = "param",
     .letter = 'p',
     .argument = "NAME=VALUE",
     .help = "a parameter, JSON or a text, which the command finds as $FERMATA_PARAM_NAME; may be "
             "given again",
     OPTION_LIST(struct run_settings, parameters)},
    RETRY_OPTIONS(struct run_settings),
    OPTIONS_END};

static const struct option_row serve_options[] = {
    {.name = "name",
     .letter = 'n',
     .argument = "NAME",
     .help = "the deployment's name; it is run as FLOW/NAME",
     OPTION_TEXT(struct serve_settings, name)},
    {.name = "param",
     .letter = 'p',
     .argument = "FIELD",
     .help = "a parameter, such as 'days: integer >= 1 = 7' (see 'fermata pause --help'), which "
             "the command finds as $FERMATA_PARAM_DAYS; may be given again",
     OPTION_LIST(struct serve_settings, parameters)},
    {.name = "schema",
     .argument = "FILE",
     .help = "the parameters as a JSON Schema, instead of --param",
     OPTION_TEXT(struct serve_settings, schema),
     .takes = WORD_FILE},
    {.name = "description",
     .argument = "TEXT",
     .help = "what the deployment is for, in Markdown",
     OPTION_TEXT(struct serve_settings, description)},
    {.name = "cron",
     .argument = "EXPRESSION",
     .help = "when it is run, such as '0 9 * * 1-5'",
     OPTION_TEXT(struct serve_settings, cron)},
    {.name = "timezone",
     .argument = "ZONE",
     .help = "of --cron, such as Europe/Berlin; default: UTC",
     OPTION_TEXT(struct serve_settings, timezone)},
    {.name = "interval",
     .argument = "SECONDS",
     .help = "how often it is run",
     OPTION_NUMBER(struct serve_settings, interval),
     .most = 1000000000},
    {.name = "limit",
     .argument = "N",
     .help = "how many runs there are at a time; default: any number",
     OPTION_NUMBER(struct serve_settings, limit),
     .most = 1000000},
    RETRY_OPTIONS(struct serve_settings),
    OPTIONS_END};

const struct command script_commands[] = {
    {.name = "run",
     .arguments = "-- COMMAND [ARGUMENT...]",
     .summary = "run a command as a flow run",
     .details = "What the command prints is shown and goes to the run's log, standard error as "
                "warnings; its exit status is the run's final state and that of 'fermata run'. "
                "Ctrl-C, SIGTERM and a terminal that is closed cancel the run: the command and all "
                "that it has started get SIGTERM, and SIGKILL 20 seconds later, or with a second "
                "Ctrl-C. The command has no terminal; it asks with "
                "'fermata pause' and 'fermata confirm'. Further exit statuses: 1 no server, 126 "
                "and 127 the command cannot be started, 130 interrupted.",
     .example = "fermata run -- ./deploy.sh eu-west\n"
                "fermata run --name nightly -p days=7 --retries 2 -- ./backup.sh",
     .run = run_run,
     .options = run_options,
     .settings_size = sizeof(struct run_settings),
     .least = 1,
     .most = ANY_NUMBER,
     .rest = true},
    {.name = "serve",
     .arguments = "-- COMMAND [ARGUMENT...]",
     .summary = "serve a command as a deployment",
     .details = "Waits for runs of the deployment, of a schedule or started by 'fermata "
                "deployment run', and starts the command for each. Serves until Ctrl-C or SIGTERM.",
     .example = "fermata serve --name prod -- ./deploy.sh\n"
                "fermata serve --name weekly -p 'days: integer = 7' -- ./cleanup.sh\n"
                "fermata serve --name weekly --cron '0 18 * * 5' -- ./cleanup.sh",
     .run = run_serve,
     .options = serve_options,
     .settings_size = sizeof(struct serve_settings),
     .least = 1,
     .most = ANY_NUMBER,
     .rest = true},
    COMMANDS_END};
