/*
 * Many receivers, each with a waiting read of its own on a run of its own; then inputs are sent to
 * one after another of them, in an order that looks random.
 *
 *   crowd port=N receivers=N [sends=500] [pause=5]
 *
 * Prints "waiting" once all wait and goes on when a line comes on standard input; then the
 * microseconds from before a send to the input's arrival at its receiver, a line each. `pause` is
 * the milliseconds before each send.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/latencies.h"
#include "bench/options.h"
#include "common/ids.h"

#define WAIT_SECONDS 600
#define REPLY_SIZE   8192
#define STRIDE       7919 /* a prime, so that each receiver has its turn */

struct receiver {
    int socket;
    int turn; /* how many inputs it has had; each has a prefix of its own */
    char run_id[ID_SIZE];
};

struct crowd {
    uint16_t port;
    int caller; /* the connection for all that does not wait */
    int epoll;
    int count;
    struct receiver *receivers;
};

_Noreturn static void fail_with_reply(const char *what, const char *reply)
{
    fprintf(stderr, "crowd: %s: %.300s\n", what, reply);
    exit(1);
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fail_errno("crowd: connecting to the server");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static void post(const struct crowd *crowd, int fd, const char *path, int wait, const char *body)
{
    char request[2048];
    char prefer[64] = "";

    if (wait)
        snprintf(prefer, sizeof(prefer), "Prefer: wait=%d\r\n", wait);
    int length = snprintf(request, sizeof(request),
                          "POST /api%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s"
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          path, crowd->port, prefer, strlen(body), body);
    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length)
        fail_errno("crowd: sending a request");
}

/* Reads one reply, which blocks until it is whole; returns where its body begins. */
static char *read_reply(int fd, char reply[static REPLY_SIZE])
{
    size_t length = 0, expected = REPLY_SIZE;
    char *body = NULL;

    while (length < expected) {
        ssize_t n = recv(fd, reply + length, REPLY_SIZE - 1 - length, 0);
        if (n <= 0)
            fail_errno("crowd: reading a reply");
        length += (size_t)n;
        reply[length] = '\0';
        char *end = body ? NULL : strstr(reply, "\r\n\r\n");
        if (end) {
            const char *field = strcasestr(reply, "\r\ncontent-length:");
            body = end + 4;
            expected = (size_t)(body - reply) + (field ? (size_t)atoll(field + 17) : 0);
            if (expected >= REPLY_SIZE)
                fail_with_reply("a reply is too long", reply);
        }
    }
    if (strncmp(reply, "HTTP/1.1 2", 10) != 0)
        fail_with_reply("the server refused a request", reply);
    return body;
}

static void call_for_id(const struct crowd *crowd, const char *path, const char *body,
                        char ret_id[static ID_SIZE])
{
    char reply[REPLY_SIZE];

    post(crowd, crowd->caller, path, 0, body);
    const char *id = strstr(read_reply(crowd->caller, reply), "\"id\":\"");
    if (!id || strlen(id) < 6 + ID_SIZE)
        fail_with_reply("a reply has no id", reply);
    snprintf(ret_id, ID_SIZE, "%s", id + 6);
}

/* ---- the receivers --------------------------------------------------------------------------- */

static void wait_for_input(const struct crowd *crowd, const struct receiver *receiver)
{
    char path[96];
    char body[96];

    snprintf(path, sizeof(path), "/flow_runs/%s/input/filter", receiver->run_id);
    snprintf(body, sizeof(body), "{\"prefix\":\"turn-%d-\",\"limit\":1,\"exclude_keys\":[]}",
             receiver->turn);
    post(crowd, receiver->socket, path, WAIT_SECONDS, body);
}

static void gather(struct crowd *crowd)
{
    char flow_id[ID_SIZE];
    char body[96];

    call_for_id(crowd, "/flows/", "{\"name\":\"crowd\"}", flow_id);
    snprintf(body, sizeof(body), "{\"flow_id\":\"%s\"}", flow_id);
    for (int i = 0; i < crowd->count; i++) {
        struct receiver *receiver = &crowd->receivers[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = receiver};
        call_for_id(crowd, "/flow_runs/", body, receiver->run_id);
        receiver->socket = connect_to(crowd->port);
        if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, receiver->socket, &event) < 0)
            fail_errno("crowd: watching a socket");
        wait_for_input(crowd, receiver);
    }
}

/* Sends to one receiver; returns the nanoseconds until it has what was sent. */
static int64_t send_to(const struct crowd *crowd, struct receiver *receiver)
{
    struct epoll_event event;
    char reply[REPLY_SIZE];
    char path[96];
    char body[96];

    snprintf(path, sizeof(path), "/flow_runs/%s/input", receiver->run_id);
    snprintf(body, sizeof(body), "{\"key\":\"turn-%d-x\",\"value\":\"{}\"}", receiver->turn);
    int64_t sent = latency_clock();
    post(crowd, crowd->caller, path, 0, body);
    if (epoll_wait(crowd->epoll, &event, 1, -1) != 1)
        fail_errno("crowd: waiting for an input");
    if (event.data.ptr != receiver)
        fail_with_reply("another receiver was woken", receiver->run_id);
    const char *inputs = read_reply(receiver->socket, reply);
    int64_t took = latency_clock() - sent;
    if (!strstr(inputs, "\"turn-"))
        fail_with_reply("a receiver got no input", reply);
    read_reply(crowd->caller, reply);
    return took;
}

static void send_to_many(struct crowd *crowd, int sends, int pause)
{
    const struct timespec rest = {.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000L};

    for (int i = 0; i < sends; i++) {
        struct receiver *receiver = &crowd->receivers[(int64_t)i * STRIDE % crowd->count];
        nanosleep(&rest, NULL);
        printf("%lld\n", (long long)(send_to(crowd, receiver) / 1000));
        receiver->turn++;
        wait_for_input(crowd, receiver);
    }
}

int main(int argc, char **argv)
{
    int sends = (int)option_number(argc, argv, "sends", "500");
    int pause = (int)option_number(argc, argv, "pause", "5");
    struct crowd crowd = {
        .port = (uint16_t)option_number(argc, argv, "port", NULL),
        .count = (int)option_number(argc, argv, "receivers", NULL),
        .epoll = epoll_create1(EPOLL_CLOEXEC),
    };

    if (crowd.count == 0 || crowd.epoll < 0)
        fail_errno("crowd: nobody is to wait, or epoll");
    crowd.receivers = calloc((size_t)crowd.count, sizeof(*crowd.receivers));
    if (!crowd.receivers)
        fail_errno("crowd: receivers");
    crowd.caller = connect_to(crowd.port);
    gather(&crowd);
    puts("waiting");
    fflush(stdout);
    getchar();
    send_to_many(&crowd, sends, pause);
    for (int i = 0; i < crowd.count; i++)
        close(crowd.receivers[i].socket);
    close(crowd.caller);
    close(crowd.epoll);
    free(crowd.receivers);
    return 0;
}
