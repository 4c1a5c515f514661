/* Starting and stopping: what belongs together is made here, in order, and ended in reverse. */
#include "server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/times.h"
#include "server/api/api.h"
#include "server/config.h"
#include "server/http/http.h"
#include "server/live/lease.h"
#include "server/live/live.h"
#include "server/log.h"
#include "server/secrets/secrets.h"
#include "server/services/services.h"
#include "server/store/store.h"

#define READERS           4             /* for what clients have it look for */
#define SHORT_READERS     2             /* for the rest, so that it is not held up by that */
#define TIME_LIMIT        (5 * SECOND)  /* of a transaction */
#define GRACE             (10 * SECOND) /* for requests that run when the server is told to stop */
#define MAX_ALLOWED_HOSTS 64
#define HELD_LIMIT        (512 << 20) /* bytes of bodies and answers, beside the largest body */
#define MESSAGE_LIMIT     ((size_t)2 << 20) /* of a WebSocket; events have up to 1.5 MB */

struct server {
    struct config config;
    struct live *live;
    struct leases *leases;
    struct leases *run_leases;
    struct store *store;
    struct secrets *secrets;
    struct api *api;
    struct services *services;
    struct http_server *http;
    char *allowed_hosts_text;
    const char *allowed_hosts[MAX_ALLOWED_HOSTS + 1];
};

static void publish(void *context, const char *topic)
{
    struct server *server = context;

    live_publish(server->live, topic);
}

static void report(void *context, const struct error *error)
{
    (void)context;
    if (error)
        log_error("the database's log grows until this is over; it is tried again each second: %s",
                  error->message);
    else
        log_info("the database's log is moved into the database again");
}

static void disk_failed(const struct error *error)
{
    log_error("%s", error->message);
}

static int split_allowed_hosts(struct server *server, struct error *error)
{
    int count = 0;
    char *rest = NULL;

    server->allowed_hosts_text = strdup(server->config.allowed_hosts);
    if (!server->allowed_hosts_text)
        return error_set(error, ENOMEM, "no memory for the allowed hosts");
    for (char *name = strtok_r(server->allowed_hosts_text, ", ", &rest); name;
         name = strtok_r(NULL, ", ", &rest)) {
        if (count == MAX_ALLOWED_HOSTS)
            return error_set(error, EINVAL, "more than %d allowed hosts", MAX_ALLOWED_HOSTS);
        server->allowed_hosts[count++] = name;
    }
    return 0;
}

static int start_log(const struct config *config, struct error *error)
{
    enum log_level level;
    bool json = strcmp(config->log_format, "json") == 0;

    if (!json && strcmp(config->log_format, "plain") != 0)
        return error_set(error, EINVAL, "--log-format: \"%.100s\" is neither plain nor json",
                         config->log_format);
    if (!log_level_parse(config->log_level, &level))
        return error_set(error, EINVAL,
                         "--log-level: \"%.100s\" is none of debug, info, warning, error",
                         config->log_level);
    log_start(json ? LOG_JSON : LOG_PLAIN, level);
    return 0;
}

/* ---- the key of secrets ---- */

static enum job_result look_for_secrets(struct txn *txn, void *context)
{
    bool *found = context;
    rows_auto rows = {0};
    int r = db_first(txn, &rows, "SELECT 1 FROM block_documents LIMIT ?", V(1));

    *found = r > 0;
    return r < 0 ? JOB_FAILED : JOB_UNDO;
}

/* A new key is made only where nothing was sealed with another. */
static int open_secrets(struct server *server, struct error *error)
{
    const struct config *config = &server->config;
    bool sealed = false;
    char file[PATH_MAX];

    if (store_run(server->store, false, look_for_secrets, &sealed, error) < 0)
        return -1;
    int length = *config->secrets_key
                     ? snprintf(file, sizeof(file), "%s", config->secrets_key)
                     : snprintf(file, sizeof(file), "%s/secrets.key", config->data);
    if (length < 0 || (size_t)length >= sizeof(file))
        return error_set(error, EINVAL, "--secrets-key: the name of the file is too long");
    if (secrets_open(file, !sealed, &server->secrets, error) < 0)
        return -1;
    if (!secrets_has_key(server->secrets))
        log_warning("the key of secrets, %s, is not there: blocks can be neither read nor written",
                    file);
    return 0;
}

static int open_parts(struct server *server, struct error *error)
{
    const struct config *config = &server->config;

    if (live_create(&server->live, error) < 0 || leases_create(false, &server->leases, error) < 0 ||
        leases_create(true, &server->run_leases, error) < 0)
        return -1;
    const struct store_config store_config = {.directory = config->data,
                                              .readers = READERS,
                                              .short_readers = SHORT_READERS,
                                              .time_limit = TIME_LIMIT,
                                              .publish = publish,
                                              .report = report,
                                              .context = server,
                                              .out_of_memory = log_out_of_memory,
                                              .disk_failed = disk_failed};
    if (store_open(&store_config, &server->store, error) < 0 || open_secrets(server, error) < 0)
        return -1;
    const struct api_config api_config = {.store = server->store,
                                          .live = server->live,
                                          .leases = server->leases,
                                          .run_leases = server->run_leases,
                                          .secrets = server->secrets,
                                          .http = &server->http,
                                          .hold_polls = config->hold_polls * SECOND,
                                          .hold_receives = config->hold_receives * SECOND};
    if (api_create(&api_config, &server->api, error) < 0)
        return -1;
    const struct http_config http_config = {
        .host = config->host,
        .port = (int)config->port,
        .body_limit = (size_t)config->body_limit << 20,
        .held_limit = HELD_LIMIT + ((size_t)config->body_limit << 20),
        .connection_limit = (int)config->connection_limit,
        .receive_timeout = config->receive_timeout * SECOND,
        .message_limit = MESSAGE_LIMIT,
        .allowed_hosts = server->allowed_hosts,
        .on_request = api_on_request,
        .on_gone = api_on_gone,
        .on_round = api_on_round,
        .on_free = api_on_free,
        .context = server->api,
    };
    if (http_server_create(&http_config, &server->http, error) < 0)
        return -1;
    const struct services_config services_config = {.store = server->store,
                                                    .live = server->live,
                                                    .run_leases = server->run_leases,
                                                    .retention = config->retention * DAY,
                                                    .event_retention =
                                                        config->event_retention * DAY};
    return services_start(&services_config, &server->services, error);
}

static void close_parts(struct server *server)
{
    services_stop(server->services);
    store_close(server->store);
    http_server_destroy(server->http);
    api_destroy(server->api);
    secrets_close(server->secrets);
    leases_destroy(server->run_leases);
    leases_destroy(server->leases);
    live_destroy(server->live);
    free(server->allowed_hosts_text);
}

/* ---- signals: one thread waits for them ---- */

static void *signal_thread(void *context)
{
    struct server *server = context;
    sigset_t signals;
    int number;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigwait(&signals, &number) == 0) {
        log_info("stopping: runs are left as they are");
        api_set_ready(server->api, false);
        live_end(server->live);
        http_server_stop(server->http);
    }
    return NULL;
}

static int block_signals(struct error *error)
{
    sigset_t signals;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0)
        return error_set(error, EINVAL, "blocking signals failed");
    return 0;
}

/* ---- running ---- */

static bool is_loopback(const char *host)
{
    struct in_addr address;

    if (inet_pton(AF_INET, host, &address) == 1)
        return ntohl(address.s_addr) >> 24 == 127;
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

static void warn_of_files(const struct server *server)
{
    int limit = http_server_connection_limit(server->http);

    if (limit < server->config.connection_limit)
        log_warning("the process may open too few files for %lld connections: there are %d at the "
                    "most; raise the hard limit of open files (ulimit -Hn) for more",
                    (long long)server->config.connection_limit, limit);
}

static void say_ready(const struct server *server)
{
    const char *host = server->config.host;
    bool six = strchr(host, ':') != NULL;
    char url[300];
    char ready[sizeof(url) + 32];

    snprintf(url, sizeof(url), "http://%s%s%s:%d", six ? "[" : "", host, six ? "]" : "",
             http_server_port(server->http));
    if (!is_loopback(host))
        log_warning("there are no accounts yet: whoever reaches %s can do everything", url);
    snprintf(ready, sizeof(ready), "Fermata is ready at %s", url);
    log_event(LOG_LEVEL_INFO, ready, LOG_STRING("url", url),
              LOG_STRING("data", server->config.data), LOG_STRING("version", FERMATA_VERSION));
}

static int run(struct server *server, struct error *error)
{
    pthread_t signals;

    errno = pthread_create(&signals, NULL, signal_thread, server);
    if (errno)
        return error_errno(error, "starting a thread");
    api_set_ready(server->api, true);
    warn_of_files(server);
    say_ready(server);
    int r = http_server_run(server->http, GRACE, error);
    pthread_kill(signals, SIGTERM); /* if it waits still */
    pthread_join(signals, NULL);
    return r;
}

/* Half of a JSON value would be worse than none: a policy without its pauses, a filter that lets
 * everything through. So the server ends, as it does where a request has no memory. */
static void *json_memory(size_t size)
{
    void *memory = malloc(size);

    if (!memory)
        log_out_of_memory();
    return memory;
}

static int start_and_run(int argc, char **argv, struct server *server, struct error *error)
{
    if (config_read(argc, argv, &server->config, error) < 0)
        return -1;
    if (start_log(&server->config, error) < 0 || split_allowed_hosts(server, error) < 0 ||
        block_signals(error) < 0)
        return -1;
    if (sodium_init() < 0)
        return error_set(error, EIO, "the random generator does not work");
    json_set_alloc_funcs(json_memory, free);
    json_object_seed(0);
    if (open_parts(server, error) < 0)
        return -1;
    return run(server, error);
}

int server_main(int argc, char **argv)
{
    struct server server = {0};
    struct error error = {0};
    int r = start_and_run(argc, argv, &server, &error);

    close_parts(&server);
    if (r >= 0)
        return 0;
    fprintf(stderr, "fermata server: %s\n", error.message);
    return error.code == EINVAL ? 2 : 1;
}

int server_backup(const char *directory, const char *file, struct error *error)
{
    return store_backup(directory, file, error);
}
