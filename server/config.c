#include "server/config.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/server.h"

/* Everything that can be set, in one place. */
static const struct setting {
    const char *option;
    const char *environment;
    enum { SETTING_TEXT, SETTING_NUMBER } type;
    size_t offset; /* in struct config */
    const char *fallback;
    int64_t minimum, maximum;
    const char *argument;
    const char *help;
} settings[] = {
    {"host", "FERMATA_HOST", SETTING_TEXT, offsetof(struct config, host), "127.0.0.1", 0, 0,
     "ADDRESS", "address to listen on"},
    {"port", "FERMATA_PORT", SETTING_NUMBER, offsetof(struct config, port), "4200", 0, 65535,
     "NUMBER", "port to listen on; 0 takes any free one"},
    {"data", "FERMATA_DATA", SETTING_TEXT, offsetof(struct config, data), ".fermata", 0, 0, "DIR",
     "directory of the database; made if it is not there"},
    {"secrets-key", "FERMATA_SECRETS_KEY", SETTING_TEXT, offsetof(struct config, secrets_key), "",
     0, 0, "FILE", "key with which blocks are sealed; without it secrets.key beside the database"},
    {"allowed-hosts", "FERMATA_ALLOWED_HOSTS", SETTING_TEXT, offsetof(struct config, allowed_hosts),
     "", 0, 0, "NAMES",
     "more host names, separated by commas, under which browsers may reach the server"},
    {"log-format", "FERMATA_LOG_FORMAT", SETTING_TEXT, offsetof(struct config, log_format), "plain",
     0, 0, "plain|json", "form of the log on standard error"},
    {"log-level", "FERMATA_LOG_LEVEL", SETTING_TEXT, offsetof(struct config, log_level), "info", 0,
     0, "LEVEL", "least level that is logged: debug, info, warning, error"},
    {"body-limit", "FERMATA_BODY_LIMIT", SETTING_NUMBER, offsetof(struct config, body_limit), "16",
     1, 1024, "MIB", "largest body of a request"},
    {"connection-limit", "FERMATA_CONNECTION_LIMIT", SETTING_NUMBER,
     offsetof(struct config, connection_limit), "20000", 1, 1000000, "NUMBER",
     "connections open at the same time"},
    {"receive-timeout", "FERMATA_RECEIVE_TIMEOUT", SETTING_NUMBER,
     offsetof(struct config, receive_timeout), "30", 1, 3600, "SECONDS",
     "time that a client may take to send a request"},
    {"retention", "FERMATA_RETENTION", SETTING_NUMBER, offsetof(struct config, retention), "0", 0,
     36500, "DAYS", "finished runs older than this are deleted; 0 keeps them for ever"},
    {"event-retention", "FERMATA_EVENT_RETENTION", SETTING_NUMBER,
     offsetof(struct config, event_retention), "7", 0, 36500, "DAYS",
     "events older than this are deleted; 0 keeps them for ever"},
    {"hold-polls", "FERMATA_HOLD_POLLS", SETTING_NUMBER, offsetof(struct config, hold_polls), "30",
     0, 55, "SECONDS", "polls of Prefect's client are held so long, until there is news; 0: never"},
    {"hold-receives", "FERMATA_HOLD_RECEIVES", SETTING_NUMBER,
     offsetof(struct config, hold_receives), "0", 0, 55, "SECONDS",
     "the same for receive_input, whose time-outs may then come so much later"},
};

#define SETTINGS COUNT_OF(settings)

bool server_setting(size_t index, struct server_setting *ret_setting)
{
    if (index >= SETTINGS)
        return false;
    const struct setting *setting = &settings[index];
    *ret_setting = (struct server_setting){.option = setting->option,
                                           .argument = setting->argument,
                                           .help = setting->help,
                                           .environment = setting->environment,
                                           .fallback = setting->fallback};
    return true;
}

static int set(struct config *config, const struct setting *setting, const char *text,
               const char *where, struct error *error)
{
    char *place = (char *)config + setting->offset;

    if (setting->type == SETTING_TEXT) {
        memcpy(place, &text, sizeof(text));
        return 0;
    }
    char *end;
    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < setting->minimum || number > setting->maximum)
        return error_set(error, EINVAL, "%s: \"%.100s\" is no number from %lld to %lld", where,
                         text, (long long)setting->minimum, (long long)setting->maximum);
    memcpy(place, &number, sizeof(number));
    return 0;
}

static int set_defaults(struct config *config, struct error *error)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *environment = getenv(settings[i].environment);
        const char *text = environment && *environment ? environment : settings[i].fallback;
        if (set(config, &settings[i], text, settings[i].environment, error) < 0)
            return -1;
    }
    return 0;
}

int config_read(int argc, char **argv, struct config *ret_config, struct error *error)
{
    struct option options[SETTINGS + 1] = {{0}};
    struct config config = {0};
    int index;
    int code;

    for (size_t i = 0; i < SETTINGS; i++)
        options[i] = (struct option){.name = settings[i].option, .has_arg = required_argument};
    if (set_defaults(&config, error) < 0)
        return -1;
    optind = 1;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":", options, &index)) != -1) {
        if (code != 0)
            return error_set(error, EINVAL, "%s %s; see fermata server --help", argv[optind - 1],
                             code == ':' ? "needs a value" : "is no option of the server");
        char where[64];
        snprintf(where, sizeof(where), "--%s", settings[index].option);
        if (set(&config, &settings[index], optarg, where, error) < 0)
            return -1;
    }
    if (optind < argc)
        return error_set(error, EINVAL,
                         "%s: the server takes options only; see fermata server "
                         "--help",
                         argv[optind]);
    *ret_config = config;
    return 0;
}
