/* `fermata server` and `fermata backup`: what has to do with the server itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "server/server.h"

struct backup_settings {
    const char *data;
};

static int run_backup(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct backup_settings *backup = settings;
    const char *data = backup->data ? backup->data : getenv("FERMATA_DATA");
    struct error error;

    (void)argc;
    if (server_backup(data && *data ? data : ".fermata", argv[0], &error) < 0)
        return fail_with(&error);
    if (!cli->quiet)
        fprintf(stderr, "Written to %s.\n", argv[0]);
    return STATUS_DONE;
}

static const struct option_row backup_options[] = {
    {.name = "data",
     .argument = "DIR",
     .help = "the server's data directory; default: FERMATA_DATA, .fermata",
     OPTION_TEXT(struct backup_settings, data),
     .takes = WORD_DIRECTORY},
    OPTIONS_END};

#define MOST_SETTINGS 32

/* The server's settings as options, for the help, completion and the manual; the server reads them
 * itself. */
static const struct option_row *server_options(void)
{
    static struct option_row rows[MOST_SETTINGS + 1];
    static char helps[MOST_SETTINGS][200];
    struct server_setting setting;
    size_t i = 0;

    for (; server_setting(i, &setting); i++) {
        if (i == MOST_SETTINGS)
            BUG("a server of more than %d settings", MOST_SETTINGS);
        snprintf(helps[i], sizeof(helps[i]), "%s; default: %s%s%s", setting.help,
                 setting.environment, *setting.fallback ? ", " : "", setting.fallback);
        rows[i] = (struct option_row){.name = setting.option,
                                      .argument = setting.argument,
                                      .help = helps[i],
                                      .takes = strcmp(setting.argument, "DIR") == 0 ? WORD_DIRECTORY
                                                                                    : WORD_NONE};
    }
    return rows;
}

const struct command server_commands[] = {
    {.name = "server",
     .arguments = "",
     .summary = "start the server",
     .details = "Runs the server in the foreground until Ctrl-C or SIGTERM: API, scheduler and "
                "store. What no option says, the environment variable of its default does.",
     .example = "fermata server --data /var/lib/fermata",
     .more_options = server_options,
     .raw = server_main},
    {.name = "backup",
     .arguments = "FILE",
     .summary = "write a copy of the database",
     .details =
         "Works beside a running server. The copy is complete and consistent: to restore it, put "
         "it into an empty data directory as fermata.db.",
     .example = "fermata backup --data /var/lib/fermata /backup/fermata.db",
     .run = run_backup,
     .options = backup_options,
     .settings_size = sizeof(struct backup_settings),
     .least = 1,
     .most = 1,
     .takes = WORD_FILE},
    COMMANDS_END};
