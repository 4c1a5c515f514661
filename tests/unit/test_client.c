#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/times.h"
#include "include/fermata.h"

/* ---- a server with canned answers, in a thread ----------------------------------------------- */

#define REQUESTS 16

struct answer {
    const char *status;  /* "200 OK"; NULL: closes the connection without a word */
    const char *headers; /* "Etag: \"1\"\r\n" or NULL */
    const char *body;
    bool silent; /* never answers */
};

struct server {
    const struct answer *answers;
    int listener;
    int port;
    pthread_t thread;
    char *requests[REQUESTS]; /* head and body, as they came */
    size_t heard;
    size_t connections;
};

/* Reads one request, up to the end of its body; false if the connection ended. */
static bool hear(struct server *server, int fd)
{
    struct buf request = BUF_INIT;
    size_t length = 0;

    for (;;) {
        char *room = buf_reserve(&request, 4096);
        ssize_t n = read(fd, room, 4096);
        if (n <= 0) {
            buf_release(&request);
            return false;
        }
        buf_added(&request, (size_t)n);
        const char *end = strstr(request.data, "\r\n\r\n");
        const char *measure = strstr(request.data, "Content-Length: ");
        if (measure)
            length = strtoul(measure + 16, NULL, 10);
        if (end && request.length >= (size_t)(end + 4 - request.data) + length)
            break;
    }
    server->requests[server->heard++] = buf_steal(&request);
    return true;
}

static bool say(int fd, const struct answer *answer)
{
    buf_auto text = BUF_INIT;
    const char *body = answer->body ? answer->body : "";

    if (!answer->status)
        return false;
    buf_addf(&text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", answer->status, strlen(body),
             answer->headers ? answer->headers : "", body);
    assert_int_equal(write(fd, text.data, text.length), text.length);
    return true;
}

static void *serve(void *context)
{
    struct server *server = context;
    const struct answer *answer = server->answers;

    while (answer->status || answer->body || answer->silent) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            break;
        server->connections++;
        while ((answer->status || answer->body || answer->silent) && hear(server, fd)) {
            const struct answer *now = answer++;
            if (now->silent) {
                char byte;
                assert_true(read(fd, &byte, 1) <= 0); /* until the client goes away */
                break;
            }
            if (!say(fd, now))
                break;
        }
        close(fd);
    }
    return NULL;
}

/* `answers` end with an empty one; one with a body but no status closes the connection. */
static void start(struct server *server, const struct answer *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    *server = (struct server){.answers = answers};
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (size_t i = 0; i < server->heard; i++)
        free(server->requests[i]);
}

static struct fm_client *client_of(const struct server *server)
{
    struct fm_client *client = NULL;
    struct fm_error error;
    char url[64];

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/api/", server->port);
    assert_int_equal(fm_client_create(url, &client, &error), 0);
    return client;
}

/* Whether request number i has this text in it. */
static bool heard(const struct server *server, size_t i, const char *text)
{
    return i < server->heard && strstr(server->requests[i], text);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void calls_share_a_connection(void **state)
{
    static const struct answer answers[] = {
        {"200 OK", "ETag: \"7\"\r\nPreference-Applied: wait=20\r\n", "{\"a\":1}", false},
        {"304 Not Modified", NULL, NULL, false},
        {"201 Created", NULL, "null", false},
        {0},
    };
    struct server server;
    struct fm_reply reply;
    struct fm_error error;

    (void)state;
    start(&server, answers);
    struct fm_client *client = client_of(&server);
    assert_int_equal(fm_client_call(client, "GET", "/x", NULL, &reply, &error, .wait = 19.5), 0);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "{\"a\":1}");
    assert_string_equal(reply.etag, "\"7\"");
    assert_true(reply.wait == 20);
    fm_reply_release(&reply);
    assert_int_equal(
        fm_client_call(client, "GET", "/x", NULL, &reply, &error, .if_none_match = "\"7\""), 0);
    assert_int_equal(reply.status, 304);
    assert_true(reply.wait < 0);
    assert_int_equal(fm_reply_check(&reply, &error), 0);
    fm_reply_release(&reply);
    assert_int_equal(
        fm_client_call(client, "POST", "/y/", "{\"b\":2}", &reply, &error, .idempotency_key = "k1"),
        0);
    fm_reply_release(&reply);
    fm_client_destroy(client);

    assert_true(heard(&server, 0, "GET /api/x HTTP/1.1\r\n"));
    assert_true(heard(&server, 0, "Prefer: wait=20\r\n"));
    assert_true(heard(&server, 1, "If-None-Match: \"7\"\r\n"));
    assert_false(heard(&server, 1, "Prefer:"));
    assert_true(heard(&server, 2, "POST /api/y/ HTTP/1.1\r\n"));
    assert_true(heard(&server, 2, "Idempotency-Key: k1\r\n"));
    assert_true(heard(&server, 2, "Content-Type: application/json\r\n"));
    assert_true(heard(&server, 2, "\r\n\r\n{\"b\":2}"));
    stop(&server);
    assert_int_equal(server.connections, 1);
}

static void a_busy_server_is_asked_again(void **state)
{
    static const struct answer answers[] = {
        {"503 Service Unavailable", "Retry-After: 0\r\n", "{}", false},
        {"429 Too Many Requests", "Retry-After: 0\r\n", "{}", false},
        {"200 OK", NULL, "true", false},
        {0},
    };
    struct server server;
    struct fm_reply reply;
    struct fm_error error;

    (void)state;
    start(&server, answers);
    struct fm_client *client = client_of(&server);
    assert_int_equal(
        fm_client_call(client, "POST", "/z", "{}", &reply, &error, .idempotency_key = "same"), 0);
    assert_int_equal(reply.status, 200);
    fm_reply_release(&reply);
    fm_client_destroy(client);
    for (size_t i = 0; i < 3; i++)
        assert_true(heard(&server, i, "Idempotency-Key: same\r\n"));
    stop(&server);
}

static void tries_end_some_time(void **state)
{
    static const struct answer answers[] = {
        {"503 Service Unavailable", "Retry-After: 0\r\n", "{\"detail\":\"full\"}", false},
        {"503 Service Unavailable", "Retry-After: 0\r\n", "{\"detail\":\"full\"}", false},
        {"500 Internal Server Error", NULL, "{\"exception_message\":\"oh\"}", false},
        {0},
    };
    struct server server;
    struct fm_reply reply;
    struct fm_error error;

    (void)state;
    start(&server, answers);
    struct fm_client *client = client_of(&server);
    assert_int_equal(fm_client_call(client, "GET", "/z", NULL, &reply, &error, .retries = 1), 0);
    assert_int_equal(reply.status, 503);
    assert_int_equal(fm_reply_check(&reply, &error), FM_UNREACHABLE);
    assert_string_equal(error.message, "full");
    fm_reply_release(&reply);
    assert_int_equal(fm_client_call(client, "GET", "/z", NULL, &reply, &error), 0);
    assert_int_equal(reply.status, 500);
    assert_int_equal(fm_reply_check(&reply, &error), FM_FAILED);
    fm_reply_release(&reply);
    fm_client_destroy(client);
    stop(&server);
    assert_int_equal(server.heard, 3);
}

static void a_lost_connection_is_tried_again(void **state)
{
    static const struct answer answers[] = {
        {NULL, NULL, "closes", false},
        {"200 OK", NULL, "1", false},
        {0},
    };
    struct server server;
    struct fm_reply reply;
    struct fm_error error;

    (void)state;
    start(&server, answers);
    struct fm_client *client = client_of(&server);
    int64_t before = time_monotonic();
    assert_int_equal(fm_client_call(client, "GET", "/", NULL, &reply, &error), 0);
    assert_true(time_monotonic() - before > SECOND); /* 2 s, give or take a fifth */
    fm_reply_release(&reply);
    fm_client_destroy(client);
    stop(&server);
    assert_int_equal(server.heard, 2);
}

static void nobody_there_is_said_at_once(void **state)
{
    static const struct answer none[] = {{0}};
    struct server server;
    struct fm_reply reply;
    struct fm_error error;

    (void)state;
    start(&server, none);
    struct fm_client *client = client_of(&server);
    stop(&server);
    int64_t before = time_monotonic();
    assert_int_equal(fm_client_call(client, "GET", "/", NULL, &reply, &error), FM_UNREACHABLE);
    assert_true(time_monotonic() - before < SECOND);
    assert_non_null(strstr(error.message, "is `fermata server` running?"));
    fm_client_destroy(client);
}

static void *interrupt_soon(void *client)
{
    poll(NULL, 0, 100);
    fm_client_interrupt(client);
    return NULL;
}

static void a_call_can_be_interrupted(void **state)
{
    static const struct answer answers[] = {{NULL, NULL, NULL, true}, {0}};
    struct server server;
    struct fm_reply reply;
    struct fm_error error;
    pthread_t thread;

    (void)state;
    start(&server, answers);
    struct fm_client *client = client_of(&server);
    pthread_create(&thread, NULL, interrupt_soon, client);
    int64_t before = time_monotonic();
    assert_int_equal(fm_client_call(client, "GET", "/", NULL, &reply, &error, .wait = 30),
                     FM_CANCELLED);
    assert_true(time_monotonic() - before < 900 * SECOND / 1000);
    assert_int_equal(fm_client_call(client, "GET", "/", NULL, &reply, &error), FM_CANCELLED);
    pthread_join(thread, NULL);
    fm_client_destroy(client);
    stop(&server);
}

static void a_token_is_fetched_where_one_is_asked_for(void **state)
{
    static const struct answer answers[] = {
        {"403 Forbidden", NULL, "{\"detail\":\"Missing CSRF token.\"}", false},
        {"200 OK", NULL, "{\"token\":\"t0k\",\"client\":\"c\"}", false},
        {"201 Created", NULL, "{}", false},
        {0},
    };
    struct server server;
    struct fm_reply reply;
    struct fm_error error;

    (void)state;
    setenv("FERMATA_API_AUTH_STRING", "admin:pass", 1);
    start(&server, answers);
    struct fm_client *client = client_of(&server);
    unsetenv("FERMATA_API_AUTH_STRING");
    assert_int_equal(fm_client_call(client, "POST", "/w", "{}", &reply, &error), 0);
    assert_int_equal(reply.status, 201);
    fm_reply_release(&reply);
    fm_client_destroy(client);
    assert_true(heard(&server, 0, "Authorization: Basic YWRtaW46cGFzcw==\r\n"));
    assert_true(heard(&server, 1, "GET /api/csrf-token?client="));
    assert_true(heard(&server, 2, "Prefect-Csrf-Token: t0k\r\n"));
    stop(&server);
}

static void refusals_are_told_in_words(void **state)
{
    static const struct {
        int status;
        const char *body;
        int code;
        const char *message;
    } cases[] = {
        {404, "{\"detail\":\"Flow run not found\"}", FM_NOT_FOUND, "Flow run not found"},
        {409, "{\"detail\":\"taken\"}", FM_CONFLICT, "taken"},
        {422,
         "{\"exception_message\":\"Invalid request received.\",\"exception_detail\":[{\"loc\":"
         "[\"body\",\"state\",\"type\"],\"msg\":\"Field required\"},{\"loc\":[\"body\",\"tags\",0],"
         "\"msg\":\"Input should be a valid string\"}]}",
         FM_INVALID, "state.type: Field required; tags[0]: Input should be a valid string"},
        {422, "{\"detail\":\"x\",\"errors\":[{\"path\":\"age\",\"message\":\"too young\"}]}",
         FM_INVALID, "age: too young"},
        {401, "{\"exception_message\":\"Unauthorized\"}", FM_REFUSED, "Unauthorized"},
        {500, "<html>", FM_FAILED, "the server answered with status 500"},
        {404, "{\"detail\":\"Not Found\"}", FM_NOT_FOUND,
         "Not Found: the server has no API at this address, which mostly ends with /api"},
        {404, "{\"detail\":\"Flow run not found\"}", FM_NOT_FOUND, "Flow run not found"},
    };
    struct fm_error error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char body[512];
        snprintf(body, sizeof(body), "%s", cases[i].body);
        const struct fm_reply reply = {
            .status = cases[i].status, .body = body, .length = strlen(body)};
        assert_int_equal(fm_reply_check(&reply, &error), cases[i].code);
        assert_string_equal(error.message, cases[i].message);
    }
}

static void segments_of_paths_are_escaped(void **state)
{
    char *segment = fm_path_segment("a b/\xc3\xa9~%");

    (void)state;
    assert_string_equal(segment, "a%20b%2F%C3%A9~%25");
    free(segment);
}

static void deployments_are_found_by_name_or_id(void **state)
{
    static const char *const none[] = {"work", "/x", "x/", "/", ""};
    static const struct {
        const char *name, *path;
    } rows[] = {
        {"work/test", "/deployments/name/work/test"},
        {"a b/c/d", "/deployments/name/a%20b/c%2Fd"},
        {"01A21B35-5426-72F3-B836-C01A3B6CC473",
         "/deployments/01a21b35-5426-72f3-b836-c01a3b6cc473"},
    };
    struct fm_error error;
    char *path = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(fm_deployment_path(rows[i].name, &path, &error), 0);
        assert_string_equal(path, rows[i].path);
        free(path);
    }
    path = NULL;
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        assert_int_equal(fm_deployment_path(none[i], &path, &error), FM_INVALID);
        assert_null(path);
    }
    assert_string_equal(error.message, "'' names no deployment: it has to be FLOW/DEPLOYMENT");
}

static void an_address_that_is_none_is_refused(void **state)
{
    struct fm_client *client = NULL;
    struct fm_error error;

    (void)state;
    assert_int_equal(fm_client_create("localhost:4200", &client, &error), FM_INVALID);
    assert_null(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_share_a_connection),
        cmocka_unit_test(a_busy_server_is_asked_again),
        cmocka_unit_test(tries_end_some_time),
        cmocka_unit_test(a_lost_connection_is_tried_again),
        cmocka_unit_test(nobody_there_is_said_at_once),
        cmocka_unit_test(a_call_can_be_interrupted),
        cmocka_unit_test(a_token_is_fetched_where_one_is_asked_for),
        cmocka_unit_test(refusals_are_told_in_words),
        cmocka_unit_test(segments_of_paths_are_escaped),
        cmocka_unit_test(deployments_are_found_by_name_or_id),
        cmocka_unit_test(an_address_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
