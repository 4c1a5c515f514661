/* `fermata version` and `fermata config`: what is there, and what it was told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/api.h"
#include "cli/text.h"
#include "lib/client.h"
#include "server/server.h"

/* ---- version --------------------------------------------------------------------------------- */

/* What answers at the API's address, as an object with its name and versions. Prefect's own server
 * knows only how to tell its version. */
static int ask_server(struct cli *cli, json_t **ret_server, struct error *error)
{
    api_reply_auto reply = {0};
    api_reply_auto version = {0};

    if (api_connect(cli, error) < 0 ||
        api_request(cli->client, "GET", "/admin/server", NULL, NULL, &reply, error) < 0)
        return -1;
    if (reply.status == 200 && json_is_object(reply.json)) {
        *ret_server = json_incref(reply.json);
        return 0;
    }
    if (api_get(cli, "/admin/version", &version, error) < 0)
        return -1;
    *ret_server = json_pack("{s:s,s:O}", "name", "prefect", "version", version.json);
    return *ret_server ? 0 : error_set(error, ENOMEM, "out of memory");
}

static void add_server(struct buf *to, const struct cli *cli, const json_t *server)
{
    const char *name = member_text(server, "name");
    const char *version = member_text(server, "version");
    const char *prefect = member_text(server, "prefect_version");

    buf_add_string(to, "server   ");
    text_add_short(to, name ? name : "", 40);
    buf_add_char(to, ' ');
    text_add_short(to, version ? version : "", 40);
    if (prefect) {
        buf_add_string(to, ", for clients of Prefect ");
        text_add_short(to, prefect, 40);
    }
    buf_add_string(to, ", at ");
    text_add_short(to, client_shown_url(cli->client), 200);
    buf_add_char(to, '\n');
}

static void print_versions(struct cli *cli, const json_t *server)
{
    buf_auto text = BUF_INIT;

    if (cli->json) {
        json_auto_t *versions =
            json_pack("{s:s,s:O?}", "client", FERMATA_VERSION, "server", server);
        answer_add_json(&text, versions);
        buf_add_char(&text, '\n');
    } else {
        buf_add_string(&text, "fermata  " FERMATA_VERSION "\n");
        if (server)
            add_server(&text, cli, server);
    }
    screen_flush(&cli->screen, &text);
}

static int run_version(struct cli *cli, void *settings, int argc, char **argv)
{
    json_auto_t *server = NULL;
    struct error error;

    (void)settings;
    (void)argc;
    (void)argv;
    if (cli->quiet) {
        fputs(FERMATA_VERSION "\n", cli->screen.out);
        return STATUS_DONE;
    }
    int r = ask_server(cli, &server, &error);
    print_versions(cli, server);
    return r < 0 ? fail_with(&error) : STATUS_DONE;
}

/* ---- config ---------------------------------------------------------------------------------- */

/* Adds a row to a list of settings. */
static void add_setting(json_t *list, const char *name, const char *value, const char *from)
{
    json_array_append_new(
        list, json_pack("{s:s,s:s,s:s}", "setting", name, "value", value, "from", from));
}

/* The first of these variables, up to a NULL, that is set to something. */
static const char *first_set(const char *const names[])
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value && *value)
            return *names;
    }
    return NULL;
}

/* An address may hold a password: "http://name:password@host". */
static void add_address(struct buf *to, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    size_t length = strcspn(host, "/");
    const char *at = memrchr(host, '@', length);

    buf_add(to, url, (size_t)(host - url));
    buf_addf(to, "%s%s", at ? "(not shown)@" : "", at ? at + 1 : host);
}

static void add_api(json_t *list, const struct cli *cli)
{
    static const char *const names[] = {"FERMATA_API_URL", "PREFECT_API_URL", NULL};
    const char *name = first_set(names);
    buf_auto address = BUF_INIT;

    if (cli->url)
        add_address(&address, cli->url);
    else
        add_address(&address, name ? getenv(name) : "http://127.0.0.1:4200/api");
    add_setting(list, "api", buf_string(&address), cli->url ? "--api" : name ? name : "default");
}

/* A password goes before a key, as it does where they are used. */
static void add_key(json_t *list)
{
    static const char *const names[] = {"FERMATA_API_AUTH_STRING", "PREFECT_API_AUTH_STRING",
                                        "FERMATA_API_KEY", "PREFECT_API_KEY", NULL};
    const char *name = first_set(names);

    add_setting(list, "api key", name ? "(not shown)" : "none", name ? name : "default");
}

static void add_colours(json_t *list)
{
    static const char *const names[] = {"NO_COLOR", NULL};
    const char *name = first_set(names);

    add_setting(list, "colours", name ? "never" : "on a terminal", name ? name : "default");
}

static void add_server_settings(json_t *list)
{
    struct server_setting setting;

    for (size_t i = 0; server_setting(i, &setting); i++) {
        const char *const names[] = {setting.environment, NULL};
        const char *name = first_set(names);
        buf_auto label = BUF_INIT;
        buf_addf(&label, "server --%s", setting.option);
        const char *value = name ? getenv(name) : setting.fallback;
        add_setting(list, buf_string(&label), *value ? value : "none", name ? name : "default");
    }
}

static int print_settings(struct cli *cli, const json_t *list, struct error *error)
{
    static const char *const headers[] = {"SETTING", "VALUE", "FROM"};
    table_auto table = {.headers = headers, .columns = COUNT_OF(headers)};
    buf_auto text = BUF_INIT;
    size_t i;
    json_t *row;

    if (cli->json) {
        answer_add_json(&text, list);
        buf_add_char(&text, '\n');
        screen_flush(&cli->screen, &text);
        return 0;
    }
    json_array_foreach(list, i, row) {
        table_add(&table, member_text(row, "setting"));
        table_add(&table, member_text(row, "value"));
        table_add(&table, member_text(row, "from"));
    }
    return table_print(&table, &cli->screen, error);
}

static int run_config(struct cli *cli, void *settings, int argc, char **argv)
{
    json_auto_t *list = json_array();
    struct error error;

    (void)settings;
    (void)argc;
    (void)argv;
    add_api(list, cli);
    if (cli->quiet) {
        print_members(cli, list, "value");
        return STATUS_DONE;
    }
    add_key(list);
    add_colours(list);
    add_server_settings(list);
    return print_settings(cli, list, &error) < 0 ? fail_with(&error) : STATUS_DONE;
}

const struct command about_commands[] = {
    {.name = "version",
     .arguments = "",
     .summary = "show the versions of the command and of the server",
     .details = "With --quiet only that of the command, and the server is not asked. The exit "
                "status is 1 if no server answers.",
     .example = "fermata version",
     .run = run_version},
    {.name = "config",
     .arguments = "",
     .summary = "show what is set, and where it comes from",
     .details =
         "The address of the API and what goes with it, then what 'fermata server' would "
         "be started with. Keys and passwords are not shown. With --quiet the address alone.",
     .example = "FERMATA_API_URL=http://build:4200/api fermata config",
     .run = run_config},
    COMMANDS_END};
