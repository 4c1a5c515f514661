#include "lib/client.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base64.h"
#include "common/buf.h"
#include "lib/errors.h"
#include "lib/transport.h"

#define DEFAULT_URL   "http://127.0.0.1:4200/api"
#define LONGEST_SLEEP 1e9 /* seconds: as good as for ever */

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- the client ------------------------------------------------------------------------------ */

static const char *environment(const char *name)
{
    char full[64];

    for (size_t i = 0; i < 2; i++) {
        snprintf(full, sizeof(full), "%s_%s", i == 0 ? "FERMATA" : "PREFECT", name);
        const char *value = getenv(full);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* False without memory. */
static bool take_authorization(struct fm_client *client)
{
    const char *password = environment("API_AUTH_STRING");
    const char *key = environment("API_KEY");
    int n = 0;

    if (password) {
        buf_auto encoded = BUF_INIT;
        base64_encode((const uint8_t *)password, strlen(password), &encoded);
        n = encoded.failed
                ? -1
                : asprintf(&client->authorization, "Authorization: Basic %s", buf_string(&encoded));
    } else if (key) {
        n = asprintf(&client->authorization, "Authorization: Bearer %s", key);
    }
    if (n < 0)
        client->authorization = NULL;
    return n >= 0;
}

/* Behind the scheme, and the name and password that may stand there. */
static const char *host_of(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    const char *at = memrchr(host, '@', strcspn(host, "/"));

    return at ? at + 1 : host;
}

/* The address as it may be shown; NULL without memory. */
static char *without_password(const char *url)
{
    const char *scheme = strstr(url, "://");
    buf_auto shown = BUF_INIT;

    buf_add(&shown, url, scheme ? (size_t)(scheme + 3 - url) : 0);
    buf_add_string(&shown, host_of(url));
    return buf_steal(&shown);
}

static bool names_this_machine(const char *url)
{
    static const char *const hosts[] = {"127.", "localhost", "[::1]"};
    const char *host = host_of(url);

    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        if (strncasecmp(host, hosts[i], strlen(hosts[i])) == 0)
            return true;
    }
    return false;
}

int fm_client_create(const char *url, struct fm_client **ret_client, struct fm_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_condattr_t monotonic;

    pthread_once(&once, start_curl);
    if (!url)
        url = environment("API_URL");
    if (!url)
        url = DEFAULT_URL;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return fail(error, FM_INVALID, "'%s' is no address of an API: it has to begin with http://",
                    host_of(url));
    struct fm_client *client = calloc(1, sizeof(*client));
    if (!client)
        return fail_without_memory(error);
    pthread_mutex_init(&client->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&client->interruption, &monotonic);
    pthread_condattr_destroy(&monotonic);
    list_init(&client->idle);
    list_init(&client->busy);
    client->is_local = names_this_machine(url);
    client->url = strdup(url);
    for (size_t length = strlen(url); client->url && client->url[length - 1] == '/'; length--)
        client->url[length - 1] = '\0';
    client->shown_url = client->url ? without_password(client->url) : NULL;
    if (!client->shown_url || !take_authorization(client)) {
        fm_client_destroy(client);
        return fail_without_memory(error);
    }
    *ret_client = client;
    return 0;
}

int client_create_like(struct fm_client *client, struct fm_client **ret_client,
                       struct fm_error *error)
{
    int r = fm_client_create(client->url, ret_client, error);

    if (r < 0)
        return r;
    pthread_mutex_lock(&client->lock);
    (*ret_client)->was_reached = client->was_reached;
    pthread_mutex_unlock(&client->lock);
    return 0;
}

static void destroy_line(struct line *line)
{
    if (line->easy)
        curl_easy_cleanup(line->easy);
    if (line->multi)
        curl_multi_cleanup(line->multi);
    free(line);
}

void fm_client_destroy(struct fm_client *client)
{
    if (!client)
        return;
    list_for_each_safe(node, &client->idle)
        destroy_line(list_item(node, struct line, node));
    pthread_cond_destroy(&client->interruption);
    pthread_mutex_destroy(&client->lock);
    free(client->csrf_token);
    free(client->authorization);
    free(client->shown_url);
    free(client->url);
    free(client);
}

const char *fm_client_url(const struct fm_client *client)
{
    return client->url;
}

const char *client_shown_url(const struct fm_client *client)
{
    return client->shown_url;
}

void fm_client_interrupt(struct fm_client *client)
{
    pthread_mutex_lock(&client->lock);
    client->interrupted = true;
    list_for_each(node, &client->busy)
        curl_multi_wakeup(list_item(node, struct line, node)->multi);
    pthread_cond_broadcast(&client->interruption);
    pthread_mutex_unlock(&client->lock);
}

void client_reopen(struct fm_client *client)
{
    pthread_mutex_lock(&client->lock);
    client->interrupted = false;
    pthread_mutex_unlock(&client->lock);
}

bool client_is_interrupted(struct fm_client *client)
{
    pthread_mutex_lock(&client->lock);
    bool interrupted = client->interrupted;
    pthread_mutex_unlock(&client->lock);
    return interrupted;
}

int client_sleep(struct fm_client *client, double seconds)
{
    struct timespec until;

    seconds = fmin(fmax(seconds, 0), LONGEST_SLEEP);
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + (int64_t)(seconds * 1e9);
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_mutex_lock(&client->lock);
    while (!client->interrupted &&
           pthread_cond_timedwait(&client->interruption, &client->lock, &until) != ETIMEDOUT)
        ;
    bool interrupted = client->interrupted;
    pthread_mutex_unlock(&client->lock);
    return interrupted ? FM_CANCELLED : 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static struct line *new_line(void)
{
    struct line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    list_init(&line->node);
    line->easy = curl_easy_init();
    line->multi = curl_multi_init();
    if (!line->easy || !line->multi) {
        destroy_line(line);
        return NULL;
    }
    return line;
}

struct line *line_take(struct fm_client *client)
{
    struct line *line = NULL;

    pthread_mutex_lock(&client->lock);
    if (list_is_empty(&client->idle)) {
        line = new_line();
    } else {
        line = list_item(client->idle.next, struct line, node);
        list_remove(&line->node);
    }
    if (line)
        list_append(&client->busy, &line->node);
    pthread_mutex_unlock(&client->lock);
    return line;
}

void line_give_back(struct fm_client *client, struct line *line)
{
    curl_easy_reset(line->easy); /* keeps its connection */
    pthread_mutex_lock(&client->lock);
    list_remove(&line->node);
    list_append(&client->idle, &line->node);
    pthread_mutex_unlock(&client->lock);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void add_segment(struct buf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~", c);
        if (plain)
            buf_add_char(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

char *fm_path_segment(const char *text)
{
    buf_auto out = BUF_INIT;

    add_segment(&out, text, strlen(text));
    return buf_steal(&out);
}

int fm_deployment_path(const char *name, char **ret_path, struct fm_error *error)
{
    const char *slash = strchr(name, '/');
    buf_auto out = BUF_INIT;
    char id[ID_SIZE];

    if (id_parse(name, id)) {
        buf_addf(&out, "/deployments/%s", id);
    } else if (!slash || slash == name || !slash[1]) {
        return fail(error, FM_INVALID, "'%.100s' names no deployment: it has to be FLOW/DEPLOYMENT",
                    name);
    } else {
        buf_add_string(&out, "/deployments/name/");
        add_segment(&out, name, (size_t)(slash - name));
        buf_add_char(&out, '/');
        add_segment(&out, slash + 1, strlen(slash + 1));
    }
    char *path = buf_steal(&out);
    if (!path)
        return fail_without_memory(error);
    *ret_path = path;
    return 0;
}

void fm_new_id(char ret_id[static FM_ID_SIZE])
{
    id_new(ret_id);
}
