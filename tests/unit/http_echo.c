/*
 * A server for tests/harness/http_echo.py: says back what it was sent, as JSON.
 *
 *   http_echo [host=H] [port=N] [body_limit=N] [held_limit=N] [connection_limit=N] [receive_ms=N]
 * [idle_ms=N] [send_ms=N] [ping_ms=N] [message_limit=N] [grace_ms=N] [allow=NAME]...
 *
 *   /thread?MS      the reply comes from another thread, after MS milliseconds
 *   /park           there is no reply until the client has gone, or until /release
 *   /release        answers all that are parked
 *   /big?N          N bytes
 *   /status?N       a reply with this status
 *   /inject         a header with a line break in its value
 *   /stats          the server's figures, how many clients went away while parked, and how many
 *                   rounds of requests came before
 *   /stop           the server stops
 *   /socket         a WebSocket, with or without the subprotocol "echo"
 *   anything else   an echo
 *
 * To a WebSocket's messages it does what they say, and says "released" when it is over:
 *
 *   hold MS         gives no pong for MS milliseconds
 *   pause MS        does not read for so long
 *   close CODE REASON
 *   flood N         N messages of 1000 bytes, as there is room: N-1, N-2, ... 0
 *   anything else   an echo
 *
 * Its first line is "port N"; it ends with "finished" once everything is freed.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/list.h"
#include "common/times.h"
#include "server/http/http.h"
#include "tests/unit/http_echo.h"
#include "json/writer.h"

#define WORKERS       4
#define ALLOWED_LIMIT 8

struct job {
    struct list node;
    struct http_request *request; /* or else: */
    void (*run)(void *context);
    void *context;
    int milliseconds;
};

static struct http_server *server;
static struct list parked = {&parked, &parked}; /* of the loop's thread */
static int gone;
static int rounds;
static struct list jobs = {&jobs, &jobs};
static bool jobs_end;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static struct job *job_new(struct http_request *request)
{
    struct job *job = calloc(1, sizeof(*job));

    if (!job)
        abort();
    job->request = request;
    list_init(&job->node);
    return job;
}

static void add_headers(struct json_writer *writer, const struct http_request *request)
{
    static const char *const names[HTTP_HEADER_COUNT] = {
        [HTTP_HEADER_CONTENT_TYPE] = "content-type",
        [HTTP_HEADER_AUTHORIZATION] = "authorization",
        [HTTP_HEADER_USER_AGENT] = "user-agent",
        [HTTP_HEADER_PREFER] = "prefer",
        [HTTP_HEADER_IF_NONE_MATCH] = "if-none-match",
        [HTTP_HEADER_IDEMPOTENCY_KEY] = "idempotency-key",
        [HTTP_HEADER_API_VERSION] = "x-prefect-api-version",
    };

    json_key(writer, "headers");
    json_begin_object(writer);
    for (enum http_header header = 0; header < HTTP_HEADER_COUNT; header++) {
        if (!names[header] || !http_request_header(request, header))
            continue;
        json_key(writer, names[header]);
        json_add_string(writer, http_request_header(request, header));
    }
    json_end_object(writer);
}

static void reply_echo(struct http_request *request)
{
    struct http_reply reply = {.status = 200};
    struct json_writer writer;
    size_t length;
    const char *body = http_request_body(request, &length);

    json_writer_init(&writer, &reply.body);
    json_begin_object(&writer);
    json_key(&writer, "method");
    json_add_string(&writer, http_method_name(http_request_method(request)));
    json_key(&writer, "path");
    json_add_string(&writer, http_request_path(request));
    json_key(&writer, "query");
    json_add_string(&writer, http_request_query(request));
    json_key(&writer, "peer");
    json_add_string(&writer, http_request_peer(request));
    add_headers(&writer, request);
    json_key(&writer, "body");
    json_add_string(&writer, body);
    json_key(&writer, "body_length");
    json_add_integer(&writer, (int64_t)length);
    json_end_object(&writer);
    http_reply(request, &reply);
}

static void reply_big(struct http_request *request)
{
    struct http_reply reply = {.status = 200, .content_type = "text/plain"};
    size_t length = (size_t)atol(http_request_query(request));
    char *bytes = buf_reserve(&reply.body, length);

    if (!bytes)
        abort();
    for (size_t i = 0, n; i < length; i += n) {
        n = length - i < 26 ? length - i : 26;
        memcpy(bytes + i, "abcdefghijklmnopqrstuvwxyz", n);
    }
    buf_added(&reply.body, length);
    http_reply(request, &reply);
}

static void reply_status(struct http_request *request)
{
    struct http_reply reply = {.status = atoi(http_request_query(request))};

    buf_add_string(&reply.body, "\"body\"");
    http_reply(request, &reply);
}

static void reply_inject(struct http_request *request)
{
    struct http_reply reply = {.status = 200, .headers = {{"X-Echo", "a\r\nX-Evil: b"}}};

    http_reply(request, &reply);
}

static void reply_stats(struct http_request *request)
{
    struct http_reply reply = {.status = 200};
    struct http_stats stats;

    http_server_stats(server, &stats);
    buf_addf(&reply.body,
             "{\"connections_open\":%lld,\"connections_total\":%lld,\"requests_total\":%lld,"
             "\"requests_open\":%lld,\"refused_total\":%lld,\"bytes_received\":%lld,\"rounds\":%d,"
             "\"bytes_sent\":%lld,\"sockets_open\":%lld,\"sockets_total\":%lld,\"gone\":%d}",
             (long long)stats.connections_open, (long long)stats.connections_total,
             (long long)stats.requests_total, (long long)stats.requests_open,
             (long long)stats.refused_total, (long long)stats.bytes_received, rounds,
             (long long)stats.bytes_sent, (long long)stats.sockets_open,
             (long long)stats.sockets_total, gone);
    http_reply(request, &reply);
}

static void park(struct http_request *request)
{
    struct job *job = job_new(request);

    http_request_set_data(request, job);
    list_append(&parked, &job->node);
}

static void unpark(struct job *job)
{
    struct http_request *request = job->request;

    list_remove(&job->node);
    free(job);
    reply_echo(request);
}

static void reply_release(struct http_request *request)
{
    while (!list_is_empty(&parked))
        unpark(list_item(parked.next, struct job, node));
    reply_echo(request);
}

static void queue(struct job *job, int milliseconds)
{
    job->milliseconds = milliseconds;
    pthread_mutex_lock(&lock);
    list_append(&jobs, &job->node);
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void reply_from_thread(struct http_request *request)
{
    queue(job_new(request), atoi(http_request_query(request)));
}

void work_later(int milliseconds, void (*run)(void *context), void *context)
{
    struct job *job = job_new(NULL);

    job->run = run;
    job->context = context;
    queue(job, milliseconds);
}

static void stop(struct http_request *request)
{
    http_server_stop(server);
    reply_echo(request);
}

static void on_request(void *context, struct http_request *request)
{
    static const struct {
        const char *path;
        void (*answer)(struct http_request *request);
    } routes[] = {
        {"/thread", reply_from_thread}, {"/park", park},
        {"/release", reply_release},    {"/big", reply_big},
        {"/status", reply_status},      {"/inject", reply_inject},
        {"/stats", reply_stats},        {"/stop", stop},
    };

    (void)context;
    if (http_request_wants_socket(request) && strcmp(http_request_path(request), "/socket") == 0) {
        accept_socket(request);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (strcmp(http_request_path(request), routes[i].path) == 0) {
            routes[i].answer(request);
            return;
        }
    }
    reply_echo(request);
}

static void on_round(void *context)
{
    (void)context;
    rounds++;
}

static void on_gone(void *context, struct http_request *request)
{
    (void)context;
    if (!http_request_data(request))
        return; /* a thread has it, and will reply */
    gone++;
    unpark(http_request_data(request));
}

static void *work(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    while (!jobs_end || !list_is_empty(&jobs)) {
        if (list_is_empty(&jobs)) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        struct job *job = list_item(jobs.next, struct job, node);
        list_remove(&job->node);
        pthread_mutex_unlock(&lock);
        struct timespec time = {job->milliseconds / 1000, job->milliseconds % 1000 * 1000000L};
        nanosleep(&time, NULL);
        if (job->run)
            job->run(job->context);
        else
            reply_echo(job->request);
        free(job);
        pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void handle_signal(int number)
{
    (void)number;
    http_server_stop(server);
}

/* The value of "name=value", or NULL if the argument is another. */
static const char *value_of(const char *argument, const char *name)
{
    size_t length = strlen(name);

    return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1
                                                                           : NULL;
}

static int64_t number_of(int argc, char **argv, const char *name, int64_t otherwise)
{
    for (int i = 1; i < argc; i++)
        if (value_of(argv[i], name))
            return atoll(value_of(argv[i], name));
    return otherwise;
}

static int run(const struct http_config *config, int64_t grace)
{
    pthread_t workers[WORKERS];
    struct error error;

    if (http_server_create(config, &server, &error) < 0) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    signal(SIGTERM, handle_signal);
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&workers[i], NULL, work, NULL))
            abort();
    printf("port %d\n", http_server_port(server));
    fflush(stdout);
    int r = http_server_run(server, grace, &error);
    if (r < 0)
        fprintf(stderr, "%s\n", error.message);
    pthread_mutex_lock(&lock);
    jobs_end = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    http_server_destroy(server);
    printf("finished\n");
    fflush(stdout);
    return r < 0;
}

int main(int argc, char **argv)
{
    const char *allowed[ALLOWED_LIMIT + 1] = {0};
    int count = 0;
    struct http_config config = {
        .host = "127.0.0.1",
        .port = (int)number_of(argc, argv, "port", 0),
        .body_limit = (size_t)number_of(argc, argv, "body_limit", 1 << 20),
        .held_limit = (size_t)number_of(argc, argv, "held_limit", 0),
        .connection_limit = (int)number_of(argc, argv, "connection_limit", 1000),
        .receive_timeout = number_of(argc, argv, "receive_ms", 30000) * 1000,
        .idle_timeout = number_of(argc, argv, "idle_ms", 0) * 1000,
        .send_timeout = number_of(argc, argv, "send_ms", 0) * 1000,
        .ping_interval = number_of(argc, argv, "ping_ms", 0) * 1000,
        .message_limit = (size_t)number_of(argc, argv, "message_limit", 1 << 20),
        .allowed_hosts = allowed,
        .on_request = on_request,
        .on_gone = on_gone,
        .on_round = on_round,
    };

    for (int i = 1; i < argc; i++) {
        if (value_of(argv[i], "host"))
            config.host = value_of(argv[i], "host");
        if (value_of(argv[i], "allow") && count < ALLOWED_LIMIT)
            allowed[count++] = value_of(argv[i], "allow");
    }
    return run(&config, number_of(argc, argv, "grace_ms", 2000) * 1000);
}
