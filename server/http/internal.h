/*
 * What the files of this folder share.
 *
 * The way of a request: server.c accepts a connection and gives it to libwebsockets, which reads
 * and writes it as a plain socket; connection.c gathers a request from what it reads (head.c cuts
 * up the head, guard.c looks at Host and Origin); request.c is the taker's view of it, and carries
 * the reply back to the loop's thread; connection.c sends it.
 *
 * A request that becomes a WebSocket leaves its connection to socket.c, which does the same for
 * messages, with websocket.c for their frames.
 *
 * HTTP itself is ours and not libwebsockets' because that decodes the path, answers what it does
 * not like with a page of its own or a bare close, and merges headers that came twice.
 */
#pragma once

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/list.h"
#include "common/times.h"
#include "server/http/head.h"
#include "server/http/http.h"
#include "server/http/websocket.h"

#define PEER_SIZE      64
#define PIECE_SIZE     (64 * 1024) /* bytes read or written at once */
#define LISTENER_LIMIT 8

/* Each has a list of its connections, those that have been in it longest first. */
enum connection_state {
    CONNECTION_IDLE,      /* no byte of a request yet; in the end it is closed without a word */
    CONNECTION_RECEIVING, /* some of a request is here; in the end 408 */
    CONNECTION_WAITING,   /* its request is with the taker, for as long as that likes */
    CONNECTION_SENDING,   /* the kernel has not taken all of the reply; in the end it is cut */
    CONNECTION_LINGERING, /* after its last reply, until the client closes too: a close while the
                             client still sends could take the reply away from it */
    CONNECTION_SOCKET,    /* a WebSocket, all is sent; in the end it is pinged, or dropped */
    CONNECTION_SOCKET_SENDING, /* a WebSocket, the kernel has not taken all; in the end it is told,
                                  and cut */
    CONNECTION_STATES,
};

struct connection {
    struct http_server *server;
    struct lws *wsi;
    struct list node;
    enum connection_state state;
    int64_t since;                /* in this state, or making progress in it; monotonic */
    struct http_request *request; /* whose body comes, or that the taker has */
    struct http_socket *socket;   /* that it has become, or NULL */
    struct buf in;                /* came, but is not used yet */
    size_t scanned;               /* of the head at the front of `in` */
    struct buf out_head;          /* the reply being sent */
    struct buf out_body;          /* or the frames of a socket */
    size_t out_sent;              /* of both */
    size_t held;                  /* by the reply in them */
    int64_t send_until;           /* by when all of it has to be taken; monotonic */
    bool close_after_reply;
    bool paused; /* not read from */
    bool inside; /* one of its functions runs and will go on by itself */
    bool doomed; /* to be closed as soon as none runs */
    char peer[PEER_SIZE];
    char note[HTTP_NOTE_SIZE]; /* as the last request left it */
};

struct http_request {
    struct http_server *server;
    struct connection *connection; /* NULL: the client has gone; for the loop's thread only */
    struct list node;              /* in the server's list of all */
    struct http_request *next;     /* in the queue of replies */
    bool is_replied;               /* under the queue's lock */
    bool is_head;
    bool keep_alive;
    void *data;
    struct head head;
    struct buf body;
    struct buf reply_head; /* without the line Connection and the empty line */
    struct buf reply_body;
    char peer[PEER_SIZE];
    _Alignas(max_align_t) char note[HTTP_NOTE_SIZE];
    char text[]; /* that `head` points into */
};

struct http_socket {
    struct http_server *server;
    struct connection *connection; /* NULL: the peer has gone */
    struct list node;              /* in the server's list of all */
    struct list woken;             /* among those to be woken; under the queue's lock */
    const struct http_socket_events *events;
    void *data;
    struct websocket websocket;
    enum http_socket_reading reading;
    enum websocket_found unanswered; /* a ping or a close that waits, as `websocket` has it */
    bool is_pinged;                  /* and has not been heard since */
    bool is_closing;                 /* a close is queued, or sent */
    bool wants_room;
    int64_t message_since; /* when the first byte of the present message came; monotonic */
};

struct listener {
    struct http_server *server;
    int fd;
    uv_poll_t poll;
};

struct http_server {
    struct http_config config;
    struct lws_context *context;
    struct lws_vhost *vhost;
    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t before_poll; /* these two end a round of requests */
    uv_check_t after_poll;
    bool in_round;             /* some were handed over */
    uv_timer_t deadline_timer; /* at the earliest end of a connection's time in its state */
    int64_t deadline;          /* that it is set for; TIME_NEVER if for none */
    uv_timer_t accept_timer;   /* after there were no more files to open */
    uv_timer_t grace_timer;
    int64_t grace;
    struct listener listeners[LISTENER_LIMIT];
    int listener_count;
    int port;
    bool stopping; /* seen by the loop's thread */
    atomic_bool stop_wanted;
    struct list connections[CONNECTION_STATES];
    int connection_count;
    struct list requests;
    int request_count;
    struct list sockets;
    int socket_count;
    const char *accepted_peer; /* of the connection that is just being adopted */
    bool accepted_too_many;

    pthread_t thread; /* the loop's, once it runs */
    atomic_bool running;
    pthread_mutex_t queue_lock;
    struct http_request *queue_first;
    struct http_request **queue_end;
    struct list woken; /* sockets; under the queue's lock */

    _Atomic size_t held; /* bytes of bodies and replies */
    _Atomic int64_t connections_open;
    _Atomic int64_t connections_total;
    _Atomic int64_t requests_total;
    _Atomic int64_t requests_open;
    _Atomic int64_t refused_total;
    _Atomic int64_t bytes_received;
    _Atomic int64_t bytes_sent;
    _Atomic int64_t sockets_open;
    _Atomic int64_t sockets_total;
    unsigned char piece[LWS_PRE + PIECE_SIZE];
};

#define COUNT(counter, n) atomic_fetch_add_explicit(&(counter), (n), memory_order_relaxed)

/* server.c */
void server_hold(struct http_server *server, size_t bytes);
void server_let_go(struct http_server *server, size_t bytes);
bool server_has_room(const struct http_server *server, size_t bytes); /* to hold */
void server_set_deadline(struct http_server *server, int64_t deadline);
void server_check_finished(struct http_server *server);
bool server_is_own_thread(const struct http_server *server);

/* connection.c; of the loop's thread */
int64_t connection_time_limit(const struct http_server *server, enum connection_state state);
int connection_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *data,
                        size_t length);
void connection_expire(struct connection *connection); /* its time in its state is over */
void connection_stop(struct connection *connection);   /* the server is stopping */
void connection_close(struct connection *connection);
void connection_reply(struct connection *connection, struct http_request *request);
void connection_set_state(struct connection *connection, enum connection_state state);

/* socket.c; of the loop's thread */
bool socket_is_one_too_many(const struct http_server *server);
size_t socket_take(struct http_socket *socket, const char *data, size_t length);
bool socket_is_held(const struct http_socket *socket); /* it takes nothing at present */
void socket_heard(struct http_socket *socket);
void socket_sent(struct http_socket *socket); /* all or some of what was queued */
void socket_expire(struct http_socket *socket);
void socket_gone(struct http_socket *socket);
void socket_free(struct http_socket *socket);
void sockets_wake(struct http_server *server);

/* request.c */
struct http_request *request_new(struct connection *connection, const char *text, size_t length);
void request_free(struct http_request *request);
void request_deliver(struct http_request *request); /* on the loop's thread */
void reply_write_head(struct buf *to, const struct http_reply *reply);
void reply_write_refusal(const struct refusal *refusal, struct buf *ret_head, struct buf *ret_body);
