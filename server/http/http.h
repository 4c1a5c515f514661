/*
 * HTTP/1.1 (RFC 9110, RFC 9112): requests in, replies out; WebSockets (RFC 6455). The only folder
 * that knows libwebsockets.
 *
 * One thread, that of http_server_run, reads and writes all sockets. A whole request (headers and
 * body) is handed to `on_request` on that thread, which must not block; the request is then the
 * taker's until it calls http_reply, exactly once, from any thread. If the client goes away before,
 * `on_gone` is called (on the loop's thread, at most once, and never after http_reply has
 * returned): the taker still has to call http_reply, whose content is then dropped, and may do so
 * within `on_gone`. While `on_gone` runs, another thread may be inside http_reply for the same
 * request: the request stays valid until `on_gone` returns. A client that closes only its sending
 * side counts as gone.
 *
 * Refused here, with a JSON body {"detail": "..."} that says what the limit is, and never seen by
 * `on_request`: a body past `body_limit` (413), headers past 32 kB or 100 lines (431), a URL past
 * 8 kB (414), senders that take longer than `receive_timeout` for a request that they began (408),
 * more than `connection_limit` connections (503 with Retry-After), a request that is no HTTP (400)
 * or another version of it (505), a chunked or otherwise unmeasured body (411), an unknown Expect
 * (417), a foreign Host or Origin (403). After a refusal the connection is closed.
 *
 * Requests that a client sends without waiting for replies are taken one after the other.
 *
 * A request may ask for a WebSocket: see the end of this page.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"

struct http_server;
struct http_request;

/* In the order in which http_method_name has them. */
enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER, /* a method that we do not know; the router answers it with 405 or 404 */
};

/* The request headers that anybody here reads; others are dropped. */
enum http_header {
    HTTP_HEADER_CONTENT_TYPE,
    HTTP_HEADER_AUTHORIZATION,
    HTTP_HEADER_USER_AGENT,
    HTTP_HEADER_PREFER,
    HTTP_HEADER_IF_NONE_MATCH,
    HTTP_HEADER_IDEMPOTENCY_KEY,
    HTTP_HEADER_LEASE,       /* Fermata-Lease */
    HTTP_HEADER_API_VERSION, /* X-PREFECT-API-VERSION */
    HTTP_HEADER_ACCEPT,
    HTTP_HEADER_ACCEPT_ENCODING,
    HTTP_HEADER_HOST,
    HTTP_HEADER_FLOW_ID, /* X-Prefect-Flow-Id */
    HTTP_HEADER_COUNT,
};

/* What it points at lives as long as the server. */
struct http_config {
    const char *host;  /* to listen on: an address or a name; for the rest see above */
    int port;          /* 0: any free one, told by http_server_port */
    size_t body_limit; /* bytes */
    /* Bytes of bodies and replies, of all connections together. 0: no limit. Past it 503 with
     * Retry-After for what comes; replies that are made meanwhile are sent all the same. */
    size_t held_limit;
    int connection_limit;
    int64_t receive_timeout; /* microseconds */
    int64_t idle_timeout;    /* of a connection between requests; microseconds, 0: a minute */
    int64_t send_timeout;    /* for a client to take 64 kB of a reply, and for each MiB of all of
                                it; microseconds, 0: 30 s */
    int64_t ping_interval;   /* of WebSockets; microseconds, 0: 20 s */
    size_t message_limit;    /* bytes of one message of a WebSocket */
    /* More names that a Host or an Origin may carry, beside loopback's and `host`; NULL at the end.
     */
    const char *const *allowed_hosts;
    void (*on_request)(void *context, struct http_request *request);
    void (*on_gone)(void *context, struct http_request *request);
    /* After the requests that came together: what they have in common can be done once. NULL:
     * nothing. */
    void (*on_round)(void *context);
    /* The request ends, some time after http_reply, on the loop's thread, as all call-backs: here
     * the taker frees what it keeps as the request's data. NULL: nothing. */
    void (*on_free)(void *context, struct http_request *request);
    void *context;
};

/* What belongs to the request lives until http_reply returns. */
enum http_method http_request_method(const struct http_request *request);
const char *http_method_name(enum http_method method);
const char *http_request_path(const struct http_request *request); /* as sent: still %-encoded */
const char *
http_request_query(const struct http_request *request); /* "a=b&c", still encoded, or "" */
const char *http_request_body(const struct http_request *request,
                              size_t *ret_length); /* NUL behind */
const char *http_request_header(const struct http_request *request,
                                enum http_header header);          /* or NULL */
const char *http_request_peer(const struct http_request *request); /* address of the client */

/* A pointer of the taker's, NULL at first. */
void http_request_set_data(struct http_request *request, void *data);
void *http_request_data(const struct http_request *request);

/* A note of the taker's, HTTP_NOTE_SIZE bytes aligned for anything, that goes from one request of a
 * connection to its next: zeros in the first one. It belongs to the request until http_reply. */
#define HTTP_NOTE_SIZE 64
void *http_request_note(struct http_request *request);

#define HTTP_REPLY_HEADERS 8

struct http_reply {
    int status;
    const char *content_type; /* NULL: application/json */
    struct {
        const char *name; /* static or living until http_reply returns */
        const char *value;
    } headers[HTTP_REPLY_HEADERS]; /* ended by a NULL name, or full */
    struct buf body; /* taken over by http_reply, which leaves it empty; 204 and 304 have none */
};

/* Thread-safe. Takes the body; frees the request at a time of its own: after this call neither may
 * be touched. */
void http_reply(struct http_request *request, struct http_reply *reply);

/*
 * WebSockets
 *
 * A request that asks for one (http_request_wants_socket) comes to `on_request` like any other, and
 * is answered there either by http_reply or by http_socket_accept. The socket is then the taker's
 * until it calls http_socket_release, which it may do only after `on_gone`.
 *
 * Everything here is for the loop's thread, and all call-backs are made on it; only
 * http_socket_wake may be called from any. None of the functions calls back.
 *
 * Messages are texts, both ways. Closed with a code and a reason are peers that break the protocol
 * (1002), send what is no text (1003, 1007) or more than `message_limit` in one message (1009),
 * take longer than `receive_timeout` for a message (1008), or take nothing of what is sent to them
 * for `send_timeout` (1008). Peers that are silent for `ping_interval` are pinged; those that then
 * stay silent are dropped. Sockets may have half of `connection_limit` (503).
 */
struct http_socket;

/* RFC 6455, 7.4.1, and IANA's registry. */
enum http_close {
    HTTP_CLOSE_NORMAL = 1000,
    HTTP_CLOSE_PROTOCOL = 1002,
    HTTP_CLOSE_INVALID = 1007,
    HTTP_CLOSE_POLICY = 1008,
    HTTP_CLOSE_TOO_BIG = 1009,
    HTTP_CLOSE_SERVER_ERROR = 1011,
    HTTP_CLOSE_RESTART = 1012, /* the server stops: not 1001, after which the stock client does not
                                  come back */
};

enum http_socket_reading {
    HTTP_SOCKET_READS,
    HTTP_SOCKET_READS_TO_PING, /* the next ping or close is not answered yet, and what is behind it
                                  waits */
    HTTP_SOCKET_PAUSED,        /* everything waits */
};

struct http_socket_events {
    /* A whole message, with a NUL behind; it lives during the call. */
    void (*on_message)(void *data, struct http_socket *socket, const char *text, size_t length);
    /* There is room again after http_socket_has_room said that there was none. NULL: nothing. */
    void (*on_room)(void *data, struct http_socket *socket);
    /* Some time after http_socket_wake; once for several of these. */
    void (*on_wake)(void *data, struct http_socket *socket);
    /* The connection has ended: nothing comes or goes any more. */
    void (*on_gone)(void *data, struct http_socket *socket);
    /* The socket ends, after its release or with the server: here the taker frees its data. */
    void (*on_free)(void *data);
};

bool http_request_wants_socket(const struct http_request *request);

/* Whether the client offers this subprotocol. */
bool http_request_offers(const struct http_request *request, const char *protocol);

/* Takes the place of http_reply, within `on_request`. `protocol`: the subprotocol that was chosen,
 * or NULL. `events` live as long as the server. NULL: no memory; the connection is closed. */
struct http_socket *http_socket_accept(struct http_request *request, const char *protocol,
                                       const struct http_socket_events *events, void *data);

/* Queues a message; after a close or the peer's end it is dropped. */
void http_socket_send(struct http_socket *socket, const char *text, size_t length);

/* Whether little enough is queued that more should be made; never after a close. The queue itself
 * has a ceiling far above: a taker that does not ask has its socket cut. */
bool http_socket_has_room(struct http_socket *socket);

/* Sends what is queued and a close with a reason of up to 123 bytes; nothing is sent or read
 * after it. */
void http_socket_close(struct http_socket *socket, enum http_close code, const char *format, ...)
    PRINTF_LIKE(3, 4);

void http_socket_set_reading(struct http_socket *socket, enum http_socket_reading reading);
void http_socket_wake(struct http_socket *socket); /* thread-safe; until the release */
void http_socket_release(struct http_socket *socket);

/* Binds and listens: after it, connections are accepted by the kernel, if not yet answered. Raises
 * the process's limit of open files to what `connection_limit` needs, as far as it may. */
int http_server_create(const struct http_config *config, struct http_server **ret_server,
                       struct error *error) MUST_CHECK;
int http_server_port(const struct http_server *server);

/* As configured, or less if the process may not open so many files. */
int http_server_connection_limit(const struct http_server *server);

/* Whether bodies and replies have come to `held_limit`: whoever can should not make more;
 * thread-safe. */
bool http_server_is_full(const struct http_server *server);

/* Serves until http_server_stop; then no more connections are accepted, requests that were taken
 * get their replies (for at most `grace` microseconds; `on_gone` is called for those that did not),
 * and it returns. */
int http_server_run(struct http_server *server, int64_t grace, struct error *error) MUST_CHECK;
void http_server_stop(struct http_server *server); /* thread-safe, and from a signal handler */

/* After http_server_run, or instead of it. Frees the requests that still have no reply, too: no
 * thread may use one any more, nor call http_reply. */
void http_server_destroy(struct http_server *server);

/* Figures for /metrics; thread-safe. */
struct http_stats {
    int64_t connections_open;
    int64_t connections_total;
    int64_t requests_total;
    int64_t requests_open;
    int64_t refused_total; /* answered here, without `on_request` */
    int64_t bytes_received;
    int64_t bytes_sent;
    int64_t sockets_open;
    int64_t sockets_total;
};
void http_server_stats(const struct http_server *server, struct http_stats *ret_stats);
