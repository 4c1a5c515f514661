/*
 * HTTP/1.1 (RFC 9110, RFC 9112): requests in, replies out. The only folder that knows
 * libwebsockets.
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
    HTTP_HEADER_FLOW_ID,     /* X-Prefect-Flow-Id */
    HTTP_HEADER_COUNT,
};

/* What it points at lives as long as the server. */
struct http_config {
    const char *host;  /* to listen on: an address or a name; for the rest see above */
    int port;          /* 0: any free one, told by http_server_port */
    size_t body_limit; /* bytes */
    int connection_limit;
    int64_t receive_timeout; /* microseconds */
    int64_t idle_timeout;    /* of a connection between requests; microseconds, 0: a minute */
    int64_t send_timeout;    /* for a client to take 64 kB of a reply; microseconds, 0: 30 s */
    /* More names that a Host or an Origin may carry, beside loopback's and `host`; NULL at the end.
     */
    const char *const *allowed_hosts;
    void (*on_request)(void *context, struct http_request *request);
    void (*on_gone)(void *context, struct http_request *request);
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

/* Binds and listens: after it, connections are accepted by the kernel, if not yet answered. Raises
 * the process's limit of open files to what `connection_limit` needs, as far as it may. */
int http_server_create(const struct http_config *config, struct http_server **ret_server,
                       struct error *error) MUST_CHECK;
int http_server_port(const struct http_server *server);

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
};
void http_server_stats(const struct http_server *server, struct http_stats *ret_stats);
