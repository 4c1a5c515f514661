/* WebSockets: connections that carry messages after their handshake. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/internal.h"

#define ROOM PIECE_SIZE /* bytes that may be queued before a taker should wait */

bool http_request_wants_socket(const struct http_request *request)
{
    return request->head.wants_socket;
}

bool http_request_offers(const struct http_request *request, const char *protocol)
{
    return websocket_offers(request->head.socket_protocols, protocol);
}

bool socket_is_one_too_many(const struct http_server *server)
{
    return server->socket_count >= (server->config.connection_limit + 1) / 2;
}

/* ---- sending ---- */

static size_t queued(const struct connection *connection)
{
    return connection->out_body.length - connection->out_sent;
}

bool http_socket_has_room(struct http_socket *socket)
{
    socket->wants_room = socket->connection && queued(socket->connection) >= ROOM;
    return !socket->wants_room && !socket->is_closing;
}

/* What was sent of the queue must not make it grow for ever. */
static struct buf *queue_of(struct connection *connection)
{
    struct buf *queue = &connection->out_body;

    if (connection->out_sent >= PIECE_SIZE) {
        queue->length -= connection->out_sent;
        memmove(queue->data, queue->data + connection->out_sent, queue->length);
        connection->out_sent = 0;
    }
    return queue;
}

/* The rest is done when the loop says that the socket can be written to: so nothing is called back
 * from here, and many messages go out together. */
static void send_soon(struct connection *connection)
{
    if (connection->state != CONNECTION_SOCKET_SENDING)
        connection_set_state(connection, CONNECTION_SOCKET_SENDING);
    if (connection->out_body.failed)
        connection->doomed = true;
    lws_callback_on_writable(connection->wsi);
}

static void send_frame(struct http_socket *socket, enum websocket_opcode opcode, const void *data,
                       size_t length)
{
    if (!socket->connection || socket->is_closing)
        return;
    websocket_write(queue_of(socket->connection), opcode, data, length);
    send_soon(socket->connection);
}

void http_socket_send(struct http_socket *socket, const char *text, size_t length)
{
    send_frame(socket, WEBSOCKET_TEXT, text, length);
}

static void send_close(struct http_socket *socket, int code, const char *reason)
{
    struct connection *connection = socket->connection;

    if (!connection || socket->is_closing)
        return;
    websocket_write_close(queue_of(connection), code, reason);
    socket->is_closing = true;
    connection->close_after_reply = true;
    send_soon(connection);
}

void http_socket_close(struct http_socket *socket, enum http_close code, const char *format, ...)
{
    char reason[ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    message_format(reason, format, args);
    va_end(args);
    send_close(socket, code, reason);
}

void socket_sent(struct http_socket *socket)
{
    if (socket->wants_room && !socket->is_closing && http_socket_has_room(socket) &&
        socket->events->on_room)
        socket->events->on_room(socket->data, socket);
}

/* ---- receiving ---- */

bool socket_is_held(const struct http_socket *socket)
{
    return socket->reading == HTTP_SOCKET_PAUSED || socket->unanswered != WEBSOCKET_FOUND_NOTHING ||
           queued(socket->connection) >= 2 * (size_t)ROOM;
}

static void take_message(struct http_socket *socket)
{
    struct buf *message = &socket->websocket.message;

    socket->events->on_message(socket->data, socket, buf_string(message), message->length);
    buf_release(message);
}

/* A ping with its payload, a close with its code, or with one of ours if it had none. */
static void answer(struct http_socket *socket, enum websocket_found found)
{
    const struct websocket *websocket = &socket->websocket;

    if (found == WEBSOCKET_FOUND_PING)
        send_frame(socket, WEBSOCKET_PONG, websocket->control, websocket->control_length);
    else
        send_close(socket, websocket->code == 1005 ? HTTP_CLOSE_NORMAL : websocket->code, "");
}

static void use_found(struct http_socket *socket, enum websocket_found found)
{
    switch (found) {
    case WEBSOCKET_FOUND_TEXT:
        take_message(socket);
        break;
    case WEBSOCKET_FOUND_PING:
    case WEBSOCKET_FOUND_CLOSE:
        if (socket->reading == HTTP_SOCKET_READS_TO_PING)
            socket->unanswered = found;
        else
            answer(socket, found);
        break;
    case WEBSOCKET_FOUND_FAULT:
        send_close(socket, socket->websocket.code, socket->websocket.reason);
        break;
    case WEBSOCKET_FOUND_PONG:
    case WEBSOCKET_FOUND_NOTHING:
        break;
    }
}

/* Whatever comes in the midst of a message, its time goes on. */
static void check_time(struct http_socket *socket)
{
    int64_t limit = socket->server->config.receive_timeout;

    if (!websocket_is_within(&socket->websocket))
        return;
    if (time_monotonic() - socket->message_since > limit)
        http_socket_close(socket, HTTP_CLOSE_POLICY, "The message did not come within %g seconds",
                          (double)limit / SECOND);
}

size_t socket_take(struct http_socket *socket, const char *data, size_t length)
{
    enum websocket_found found;

    if (socket->is_closing)
        return length;
    if (socket_is_held(socket))
        return 0;
    if (!websocket_is_within(&socket->websocket))
        socket->message_since = time_monotonic();
    size_t used = websocket_read(&socket->websocket, data, length, &found);
    check_time(socket);
    use_found(socket, found);
    return socket->is_closing ? length : used;
}

void http_socket_set_reading(struct http_socket *socket, enum http_socket_reading reading)
{
    if (socket->reading == reading)
        return;
    socket->reading = reading;
    if (!socket->connection || reading == HTTP_SOCKET_PAUSED)
        return;
    if (socket->unanswered != WEBSOCKET_FOUND_NOTHING && reading == HTTP_SOCKET_READS) {
        answer(socket, socket->unanswered);
        socket->unanswered = WEBSOCKET_FOUND_NOTHING;
    }
    /* While it was held, the message could not come. */
    socket->message_since = time_monotonic();
    lws_callback_on_writable(socket->connection->wsi);
}

/* ---- time ---- */

void socket_heard(struct http_socket *socket)
{
    socket->is_pinged = false;
    if (socket->connection->state == CONNECTION_SOCKET)
        connection_set_state(socket->connection, CONNECTION_SOCKET);
}

/* Nothing was heard, or nothing was taken, for too long. */
void socket_expire(struct http_socket *socket)
{
    struct connection *connection = socket->connection;

    if (connection->state == CONNECTION_SOCKET && socket_is_held(socket)) {
        connection_set_state(connection, CONNECTION_SOCKET); /* it is we who do not listen */
    } else if (connection->state == CONNECTION_SOCKET && !socket->is_pinged) {
        check_time(socket);
        socket->is_pinged = true;
        send_frame(socket, WEBSOCKET_PING, NULL, 0);
    } else if (connection->state == CONNECTION_SOCKET_SENDING && !socket->is_closing) {
        http_socket_close(socket, HTTP_CLOSE_POLICY,
                          "The client took nothing of what was sent to it for %g seconds",
                          (double)socket->server->config.send_timeout / SECOND);
        connection_set_state(connection, CONNECTION_SOCKET_SENDING); /* for as long again */
    } else {
        connection_close(connection);
    }
}

/* ---- waking from other threads ---- */

void http_socket_wake(struct http_socket *socket)
{
    struct http_server *server = socket->server;

    pthread_mutex_lock(&server->queue_lock);
    bool is_first = list_is_empty(&server->woken);
    list_remove(&socket->woken);
    list_append(&server->woken, &socket->woken);
    if (is_first)
        uv_async_send(&server->wake);
    pthread_mutex_unlock(&server->queue_lock);
}

static struct http_socket *take_woken(struct http_server *server, struct list *woken)
{
    struct http_socket *socket = NULL;

    pthread_mutex_lock(&server->queue_lock);
    if (!list_is_empty(woken)) {
        socket = list_item(woken->next, struct http_socket, woken);
        list_remove(&socket->woken);
    }
    pthread_mutex_unlock(&server->queue_lock);
    return socket;
}

/* Those that are woken meanwhile have their turn after others of the loop. */
void sockets_wake(struct http_server *server)
{
    struct http_socket *socket;
    struct list woken;

    list_init(&woken);
    pthread_mutex_lock(&server->queue_lock);
    list_move_all(&woken, &server->woken);
    pthread_mutex_unlock(&server->queue_lock);
    while ((socket = take_woken(server, &woken)))
        socket->events->on_wake(socket->data, socket);
}

/* ---- making and ending ---- */

static void write_handshake(struct buf *to, const struct http_request *request,
                            const char *protocol)
{
    char accept[WEBSOCKET_ACCEPT_SIZE];

    websocket_accept(request->head.socket_key, accept);
    buf_addf(to,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n",
             accept);
    if (protocol)
        buf_addf(to, "Sec-WebSocket-Protocol: %s\r\n", protocol);
    buf_add(to, "\r\n", 2);
}

static struct http_socket *socket_new(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct http_socket *socket = calloc(1, sizeof(*socket));

    if (!socket)
        return NULL;
    socket->server = server;
    socket->connection = connection;
    socket->websocket.message.ceiling = server->config.message_limit;
    list_init(&socket->woken);
    list_append(&server->sockets, &socket->node);
    server->socket_count++;
    COUNT(server->sockets_open, 1);
    COUNT(server->sockets_total, 1);
    connection->socket = socket;
    return socket;
}

struct http_socket *http_socket_accept(struct http_request *request, const char *protocol,
                                       const struct http_socket_events *events, void *data)
{
    struct connection *connection = request->connection;
    struct http_socket *socket = socket_new(connection);

    connection->request = NULL;
    connection->doomed = !socket;
    if (socket) {
        socket->events = events;
        socket->data = data;
        write_handshake(&connection->out_body, request, protocol);
        send_soon(connection);
    }
    request_free(request);
    return socket;
}

void socket_gone(struct http_socket *socket)
{
    socket->connection = NULL;
    buf_release(&socket->websocket.message);
    socket->events->on_gone(socket->data, socket);
}

void socket_free(struct http_socket *socket)
{
    struct http_server *server = socket->server;

    pthread_mutex_lock(&server->queue_lock);
    list_remove(&socket->woken);
    pthread_mutex_unlock(&server->queue_lock);
    list_remove(&socket->node);
    server->socket_count--;
    COUNT(server->sockets_open, -1);
    buf_release(&socket->websocket.message);
    socket->events->on_free(socket->data);
    free(socket);
    server_check_finished(server);
}

void http_socket_release(struct http_socket *socket)
{
    if (socket->connection)
        BUG("a socket is released whose peer is there");
    socket_free(socket);
}
