/*
 * Load on an HTTP/1.1 server: each connection sends a request, waits for its reply, and sends the
 * next at once. Prints what latencies_print prints; a reply other than 2xx, and a connection that
 * breaks, counts as an error.
 *
 *   load port=N path=PATH [method=GET] [body=TEXT] [header=LINE] [connections=1]
 *        [seconds=5 | requests=N] [pause=0] [warmup=0] [first=1] [ids=FILE]
 *
 *   {n} in path, body and header is a number of ten digits that grows from `first` with each
 *   request; {id} is one line after the other of FILE, which are of the same length, and the first
 *   again after the last. After each reply a connection rests for `pause` milliseconds. Replies in
 * the first `warmup` seconds are not counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/latencies.h"
#include "bench/options.h"
#include "common/buf.h"
#include "common/list.h"

#define NUMBER_DIGITS 10
#define PLACES        8
#define REQUEST_LIMIT 65536
#define EVENTS        64
#define SILENCE       60000 /* milliseconds without any reply after which none is awaited any more */

/* Where a request has something of its own. */
struct place {
    size_t offset;
    bool is_id; /* else a number */
};

struct connection {
    struct list node; /* in `resting` */
    int64_t rests_until;
    int socket;
    bool waits;   /* for a reply */
    int64_t sent; /* when */
    struct buf reply;
    size_t expected; /* length of the whole reply; 0: its head is not there yet */
};

struct load {
    uint16_t port;
    char *request;
    size_t length;
    struct place places[PLACES];
    int place_count;
    char *ids; /* lines without their ends */
    size_t id_length, id_count;
    uint64_t next; /* number of the next request */
    uint64_t first;
    uint64_t requests; /* to send; 0: until the time is over */
    uint64_t open;     /* sent and not yet answered */
    int64_t pause;
    struct list resting; /* connections, in order of the end of their rest */
    int64_t counted_from;
    int64_t until;
    int epoll;
    uint64_t errors;
    struct latencies latencies;
};

/* ---- the request ---- */

static void read_ids(struct load *load, const char *path)
{
    struct buf text = {.ceiling = (size_t)1 << 30};
    char line[256];
    FILE *file = fopen(path, "r");

    if (!file)
        fail_errno(path);
    while (fgets(line, sizeof(line), file)) {
        size_t length = strcspn(line, "\n");
        if (load->id_count++ == 0)
            load->id_length = length;
        if (length != load->id_length) {
            fprintf(stderr, "load: lines of %s differ in length\n", path);
            exit(1);
        }
        buf_add(&text, line, length);
    }
    fclose(file);
    if (text.failed || load->id_count == 0) {
        fprintf(stderr, "load: %s has no lines, or too many\n", path);
        exit(1);
    }
    load->ids = buf_steal(&text);
}

/* Adds the text with room where it has {n} and {id}. */
static void add_template(struct load *load, struct buf *request, const char *text)
{
    while (*text) {
        bool is_id = load->ids && strncmp(text, "{id}", 4) == 0;
        if (!is_id && strncmp(text, "{n}", 3) != 0) {
            buf_add(request, text++, 1);
            continue;
        }
        if (load->place_count == PLACES) {
            fprintf(stderr, "load: more than %d places\n", PLACES);
            exit(2);
        }
        load->places[load->place_count++] = (struct place){request->length, is_id};
        size_t length = is_id ? load->id_length : NUMBER_DIGITS;
        for (size_t i = 0; i < length; i++)
            buf_add_char(request, '0');
        text += is_id ? 4 : 3;
    }
}

static void make_request(struct load *load, int argc, char **argv)
{
    buf_auto body = {.ceiling = REQUEST_LIMIT};
    struct buf request = {.ceiling = REQUEST_LIMIT};
    const char *header = option_text(argc, argv, "header", "");

    add_template(load, &request, option_text(argc, argv, "method", "GET"));
    buf_add_string(&request, " ");
    add_template(load, &request, option_text(argc, argv, "path", NULL));
    buf_addf(&request, " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n", load->port);
    add_template(load, &request, header);
    buf_add_string(&request, *header ? "\r\n" : "");
    int before = load->place_count;
    add_template(load, &body, option_text(argc, argv, "body", ""));
    if (body.length)
        buf_addf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                 body.length);
    buf_add_string(&request, "\r\n");
    for (int i = before; i < load->place_count; i++)
        load->places[i].offset += request.length;
    buf_add(&request, buf_string(&body), body.length);
    if (request.failed) {
        fprintf(stderr, "load: the request is longer than %d bytes\n", REQUEST_LIMIT);
        exit(2);
    }
    load->length = request.length;
    load->request = buf_steal(&request);
}

static void fill_in(struct load *load)
{
    char number[32];
    size_t line = load->ids ? (load->next - load->first) % load->id_count : 0;

    snprintf(number, sizeof(number), "%0*llu", NUMBER_DIGITS, (unsigned long long)load->next);
    for (int i = 0; i < load->place_count; i++) {
        bool is_id = load->places[i].is_id;
        if (is_id)
            memcpy(load->request + load->places[i].offset, load->ids + line * load->id_length,
                   load->id_length);
        else
            memcpy(load->request + load->places[i].offset, number, NUMBER_DIGITS);
    }
    load->next++;
}

/* ---- connections ---- */

static void connect_to(struct load *load, struct connection *connection)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(load->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->socket < 0)
        fail_errno("making a socket");
    if (connect(connection->socket, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail_errno("connecting to the server");
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->socket, &event) < 0)
        fail_errno("watching a socket");
}

static bool may_send(const struct load *load)
{
    if (load->requests)
        return load->next - load->first < load->requests;
    return latency_clock() < load->until;
}

/* The socket blocks for writing, which is no loss: nothing else of ours is on its way. */
static void send_next(struct load *load, struct connection *connection)
{
    if (!may_send(load))
        return;
    fill_in(load);
    connection->waits = true;
    connection->sent = latency_clock();
    connection->expected = 0;
    connection->reply.length = 0;
    load->open++;
    if (send(connection->socket, load->request, load->length, MSG_NOSIGNAL) !=
            (ssize_t)load->length &&
        errno != EPIPE && errno != ECONNRESET)
        fail_errno("sending a request");
}

/* The next request, now or after the pause. */
static void go_on(struct load *load, struct connection *connection)
{
    if (!load->pause) {
        send_next(load, connection);
        return;
    }
    connection->rests_until = latency_clock() + load->pause;
    list_append(&load->resting, &connection->node);
}

static void count_reply(struct load *load, struct connection *connection, bool good)
{
    int64_t now = latency_clock();

    connection->waits = false;
    load->open--;
    if (now >= load->counted_from) {
        load->errors += !good;
        if (good)
            latencies_add(&load->latencies, now - connection->sent);
    }
}

/* The server has closed the connection: in the middle of a reply, while it rested, or at the end.
 */
static void closed(struct load *load, struct connection *connection)
{
    bool waited = connection->waits;

    close(connection->socket);
    connection->socket = -1;
    if (waited)
        count_reply(load, connection, false);
    if (may_send(load))
        connect_to(load, connection);
    if (waited)
        go_on(load, connection);
}

/* The length of a reply from its head, which ends at `end`. */
static size_t length_of(const char *head, const char *end)
{
    static const char name[] = "\r\ncontent-length:";

    for (const char *at = head; at < end; at++)
        if (strncasecmp(at, name, sizeof(name) - 1) == 0)
            return (size_t)(end - head) + (size_t)atoll(at + sizeof(name) - 1);
    return (size_t)(end - head);
}

static void read_reply(struct load *load, struct connection *connection)
{
    struct buf *reply = &connection->reply;
    char *room = buf_reserve(reply, 16384);

    if (!room) {
        fprintf(stderr, "load: a reply is longer than %zu bytes\n", reply->ceiling);
        exit(1);
    }
    ssize_t n = recv(connection->socket, room, 16384, 0);
    if (n <= 0) {
        closed(load, connection);
        return;
    }
    buf_added(reply, (size_t)n);
    const char *text = buf_string(reply);
    const char *end = connection->expected ? NULL : strstr(text, "\r\n\r\n");
    if (end)
        connection->expected = length_of(text, end + 4);
    if (connection->expected && reply->length >= connection->expected) {
        bool good = strncmp(text, "HTTP/1.1 2", 10) == 0;
        count_reply(load, connection, good);
        go_on(load, connection);
    }
}

/* Wakes connections that have rested; milliseconds until the next has. */
static int wake_rested(struct load *load)
{
    while (!list_is_empty(&load->resting)) {
        struct connection *first = list_item(load->resting.next, struct connection, node);
        int64_t rest = first->rests_until - latency_clock();
        if (rest > 0)
            return (int)(rest / 1000000) + 1;
        list_remove(&first->node);
        send_next(load, first);
    }
    return SILENCE;
}

static void run(struct load *load)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int wait = wake_rested(load);
        if (load->open == 0 && list_is_empty(&load->resting))
            return;
        int count = epoll_wait(load->epoll, events, EVENTS, wait);
        if (count < 0 && errno != EINTR)
            fail_errno("waiting for replies");
        if (count == 0 && wait == SILENCE) {
            load->errors += load->open;
            return;
        }
        for (int i = 0; i < count; i++)
            read_reply(load, events[i].data.ptr);
    }
}

int main(int argc, char **argv)
{
    static struct load load;
    int count = (int)option_number(argc, argv, "connections", "1");
    int64_t seconds = option_number(argc, argv, "seconds", "5");
    int64_t warmup = option_number(argc, argv, "warmup", "0");
    const char *ids = option_text(argc, argv, "ids", "");

    load.port = (uint16_t)option_number(argc, argv, "port", NULL);
    load.first = load.next = (uint64_t)option_number(argc, argv, "first", "1");
    load.requests = (uint64_t)option_number(argc, argv, "requests", "0");
    load.pause = option_number(argc, argv, "pause", "0") * 1000000;
    list_init(&load.resting);
    if (*ids)
        read_ids(&load, ids);
    make_request(&load, argc, argv);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load.epoll < 0)
        fail_errno("epoll");
    struct connection *connections = calloc((size_t)count, sizeof(*connections));
    if (!connections)
        fail_errno("connections");
    for (int i = 0; i < count; i++) {
        connections[i].reply.ceiling = (size_t)1 << 26;
        connect_to(&load, &connections[i]);
    }
    load.counted_from = latency_clock() + warmup * 1000000000;
    load.until = load.counted_from + seconds * 1000000000;
    for (int i = 0; i < count; i++)
        send_next(&load, &connections[i]);
    run(&load);
    latencies_print(&load.latencies, stdout, load.errors, latency_clock() - load.counted_from);
    for (int i = 0; i < count; i++) {
        if (connections[i].socket >= 0)
            close(connections[i].socket);
        buf_release(&connections[i].reply);
    }
    free(connections);
    free(load.request);
    free(load.ids);
    close(load.epoll);
    return 0;
}
