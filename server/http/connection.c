#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/http/guard.h"
#include "server/http/internal.h"

#define LINGER_TIME    (5 * SECOND)
#define PIECES_AT_ONCE 4 /* before others have their turn */

int64_t connection_time_limit(const struct http_server *server, enum connection_state state)
{
    switch (state) {
    case CONNECTION_IDLE:
        return server->config.idle_timeout;
    case CONNECTION_RECEIVING:
        return server->config.receive_timeout;
    case CONNECTION_SENDING:
        return server->config.send_timeout;
    case CONNECTION_LINGERING:
        return LINGER_TIME;
    case CONNECTION_SOCKET:
        return server->config.ping_interval;
    case CONNECTION_SOCKET_SENDING:
        return server->config.send_timeout;
    default:
        return TIME_NEVER;
    }
}

void connection_set_state(struct connection *connection, enum connection_state state)
{
    struct http_server *server = connection->server;
    int64_t limit = connection_time_limit(server, state);

    connection->state = state;
    connection->since = time_monotonic();
    list_remove(&connection->node);
    list_append(&server->connections[state], &connection->node);
    if (limit != TIME_NEVER)
        server_set_deadline(server, connection->since + limit);
}

static void pause_reading(struct connection *connection, bool pause)
{
    if (connection->paused == pause)
        return;
    connection->paused = pause;
    lws_rx_flow_control(connection->wsi, !pause);
}

/* Sending */

static void release_reply(struct connection *connection)
{
    server_let_go(connection->server, connection->held);
    connection->held = 0;
    buf_release(&connection->out_head);
    buf_release(&connection->out_body);
}

static void finish_sending(struct connection *connection)
{
    release_reply(connection);
    connection->out_sent = 0;
    if (connection->close_after_reply || (connection->server->stopping && !connection->socket)) {
        shutdown(lws_get_socket_fd(connection->wsi), SHUT_WR);
        buf_release(&connection->in);
        connection_set_state(connection, CONNECTION_LINGERING);
    } else if (connection->socket) {
        connection_set_state(connection, CONNECTION_SOCKET);
    } else {
        connection_set_state(connection, CONNECTION_IDLE);
    }
    pause_reading(connection, false);
}

/* The next bytes to write: from head and body together, so that a short reply is one packet. */
static size_t next_piece(struct connection *connection, unsigned char *to)
{
    const struct buf *const parts[] = {&connection->out_head, &connection->out_body};
    size_t skip = connection->out_sent;
    size_t length = 0;

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        size_t n = 0;
        if (skip < parts[i]->length) {
            n = parts[i]->length - skip;
            if (n > PIECE_SIZE - length)
                n = PIECE_SIZE - length;
            memcpy(to + length, parts[i]->data + skip, n);
            length += n;
        }
        skip = skip + n > parts[i]->length ? skip - parts[i]->length : 0;
    }
    return length;
}

static void write_piece(struct connection *connection, size_t length)
{
    struct http_server *server = connection->server;

    /* What the kernel does not take, libwebsockets keeps and sends first. */
    if (lws_write(connection->wsi, server->piece + LWS_PRE, length, LWS_WRITE_RAW) < (int)length)
        connection->doomed = true;
    else
        COUNT(server->bytes_sent, (int64_t)length);
}

static void send_more(struct connection *connection)
{
    size_t total = connection->out_head.length + connection->out_body.length;

    for (int pieces = 0; connection->out_sent < total && !connection->doomed; pieces++) {
        if (pieces == PIECES_AT_ONCE || lws_partial_buffered(connection->wsi))
            break;
        size_t length = next_piece(connection, connection->server->piece + LWS_PRE);
        write_piece(connection, length);
        connection->out_sent += length;
    }
    if (connection->doomed)
        return;
    if (connection->out_sent < total || lws_partial_buffered(connection->wsi)) {
        if (!connection->socket)
            pause_reading(connection, true);
        lws_callback_on_writable(connection->wsi);
    } else {
        finish_sending(connection);
    }
}

/* However it is spread: a client that takes a little now and then must not keep it for ever. */
static int64_t send_end(const struct connection *connection)
{
    int64_t mebibytes = (int64_t)(connection->out_body.length >> 20);

    return connection->since + connection->server->config.send_timeout * (1 + mebibytes);
}

static void start_reply(struct connection *connection, bool says_keep_alive)
{
    static const char close_line[] = "Connection: close\r\n";
    static const char keep_alive_line[] = "Connection: keep-alive\r\n";

    if (connection->close_after_reply)
        buf_add_string(&connection->out_head, close_line);
    else if (says_keep_alive)
        buf_add_string(&connection->out_head, keep_alive_line);
    buf_add(&connection->out_head, "\r\n", 2);
    if (connection->out_head.failed) {
        connection->doomed = true;
        return;
    }
    connection->out_sent = 0;
    connection_set_state(connection, CONNECTION_SENDING);
    connection->send_until = send_end(connection);
    send_more(connection);
}

static void send_refusal(struct connection *connection, const struct refusal *refusal,
                         bool without_body)
{
    COUNT(connection->server->refused_total, 1);
    if (connection->request) {
        request_free(connection->request);
        connection->request = NULL;
    }
    reply_write_refusal(refusal, &connection->out_head, &connection->out_body);
    if (without_body)
        buf_release(&connection->out_body);
    connection->close_after_reply = true;
    start_reply(connection, false);
}

/* Receiving */

static void send_continue(struct connection *connection)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";

    memcpy(connection->server->piece + LWS_PRE, line, sizeof(line) - 1);
    write_piece(connection, sizeof(line) - 1);
}

static void hand_over(struct connection *connection)
{
    const struct http_config *config = &connection->server->config;

    connection_set_state(connection, CONNECTION_WAITING);
    COUNT(connection->server->requests_total, 1);
    connection->server->in_round = true;
    config->on_request(config->context, connection->request);
}

static int refuse_for_now(const struct http_server *server, struct refusal *refusal)
{
    return refuse(refusal, 503,
                  "The server has its limit of %zu bytes in bodies and answers: try again later",
                  server->config.held_limit);
}

static int check_request(struct http_request *request, size_t length, struct refusal *refusal)
{
    const struct http_config *config = &request->server->config;

    if (head_parse(request->text, length, &request->head, refusal) < 0)
        return -1;
    request->is_head = request->head.method == HTTP_HEAD;
    request->keep_alive = request->head.keep_alive;
    if (guard_check(config, &request->head, refusal) < 0)
        return -1;
    if (request->head.content_length > config->body_limit)
        return refuse(refusal, 413, "The request's body is too long: it may have %zu bytes",
                      config->body_limit);
    if (request->head.content_length &&
        !server_has_room(request->server, request->head.content_length))
        return refuse_for_now(request->server, refusal);
    if (request->head.wants_socket && socket_is_one_too_many(request->server))
        return refuse(refusal, 503,
                      "The server has its limit of WebSockets, half of its %d connections: try "
                      "again later",
                      config->connection_limit);
    return request->head.wants_socket ? websocket_check(&request->head, refusal) : 0;
}

static size_t take_head(struct connection *connection, const char *data, size_t length)
{
    struct refusal refusal = {503, "The server has no memory for this request"};
    int end = head_find_end(data, length, &connection->scanned, &refusal);

    if (!end)
        return 0;
    connection->scanned = 0;
    struct http_request *request = NULL;
    if (end > 0)
        request = connection->request = request_new(connection, data, (size_t)end);
    if (!request || check_request(request, (size_t)end, &refusal) < 0) {
        send_refusal(connection, &refusal, request && request->is_head);
        return length; /* what follows is of no use any more */
    }
    if (!request->head.content_length)
        hand_over(connection);
    else if (request->head.expects_continue && (size_t)end == length)
        send_continue(connection);
    return (size_t)end;
}

static size_t take_body(struct connection *connection, const char *data, size_t length)
{
    struct refusal refusal = {503, "The server has no memory for this request"};
    struct http_request *request = connection->request;
    size_t wanted = request->head.content_length - request->body.length;
    size_t held = request->body.capacity;

    if (length > wanted)
        length = wanted;
    buf_add(&request->body, data, length);
    held = request->body.capacity - held;
    bool has_room = server_has_room(request->server, held);
    server_hold(request->server, held);
    if (!has_room)
        refuse_for_now(request->server, &refusal);
    if (request->body.failed || !has_room)
        send_refusal(connection, &refusal, request->is_head);
    else if (length == wanted)
        hand_over(connection);
    return length;
}

/* Returns how much was used, 0 if it has to wait for more or for its turn. */
static size_t take(struct connection *connection, const char *data, size_t length)
{
    switch (connection->state) {
    case CONNECTION_IDLE:
        /* RFC 9112, 2.2: an empty line before a request is no harm */
        if (*data == '\r' || *data == '\n')
            return 1;
        connection_set_state(connection, CONNECTION_RECEIVING);
        return take_head(connection, data, length);
    case CONNECTION_RECEIVING:
        return connection->request ? take_body(connection, data, length)
                                   : take_head(connection, data, length);
    case CONNECTION_LINGERING:
        return length;
    case CONNECTION_SOCKET:
    case CONNECTION_SOCKET_SENDING:
        return socket_take(connection->socket, data, length);
    default:
        return 0;
    }
}

static size_t take_all(struct connection *connection, const char *data, size_t length)
{
    size_t used = 0;
    size_t n = 1;

    while (used < length && n && !connection->doomed) {
        n = take(connection, data + used, length - used);
        used += n;
    }
    return used;
}

static void use_kept_input(struct connection *connection)
{
    struct buf *in = &connection->in;

    if (!in->length)
        return;
    size_t used = take_all(connection, in->data, in->length);
    if (used >= in->length) {
        buf_release(in);
    } else if (used) {
        memmove(in->data, in->data + used, in->length - used);
        in->length -= used;
    }
}

static void receive(struct connection *connection, const char *data, size_t length)
{
    COUNT(connection->server->bytes_received, (int64_t)length);
    if (connection->socket)
        socket_heard(connection->socket);
    if (connection->in.length) {
        buf_add(&connection->in, data, length);
        use_kept_input(connection);
    } else {
        size_t used = take_all(connection, data, length);
        if (used < length)
            buf_add(&connection->in, data + used, length - used);
    }
    if (connection->in.failed)
        connection->doomed = true;
    else if (connection->in.length >= PIECE_SIZE)
        pause_reading(connection, true);
}

/* Entries from the loop */

/* Between these two, whatever is called back may reply; the connection goes on by itself. */
static void enter(struct connection *connection)
{
    connection->inside = true;
}

static bool leave(struct connection *connection)
{
    connection->inside = false;
    return !connection->doomed;
}

void connection_close(struct connection *connection)
{
    lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

void connection_reply(struct connection *connection, struct http_request *request)
{
    bool was_inside = connection->inside;

    connection->request = NULL;
    memcpy(connection->note, request->note, sizeof(connection->note));
    connection->out_head = request->reply_head;
    connection->out_body = request->reply_body;
    connection->held = request->reply_body.capacity;
    request->reply_head = (struct buf)BUF_INIT;
    request->reply_body = (struct buf)BUF_INIT;
    if (!request->keep_alive || connection->server->stopping)
        connection->close_after_reply = true;
    enter(connection);
    start_reply(connection, request->head.is_old);
    if (was_inside)
        return;
    use_kept_input(connection);
    if (!leave(connection))
        connection_close(connection);
}

static void refuse_from_outside(struct connection *connection, const struct refusal *refusal)
{
    enter(connection);
    send_refusal(connection, refusal, false);
    if (!leave(connection))
        connection_close(connection);
}

/* It is a WebSocket, and not yet at its end. */
static bool is_socket(const struct connection *connection)
{
    return connection->state == CONNECTION_SOCKET || connection->state == CONNECTION_SOCKET_SENDING;
}

void connection_expire(struct connection *connection)
{
    struct refusal refusal;

    if (connection->state == CONNECTION_RECEIVING) {
        refuse(&refusal, 408, "The request did not come within %g seconds",
               (double)connection->server->config.receive_timeout / SECOND);
        refuse_from_outside(connection, &refusal);
    } else if (is_socket(connection)) {
        socket_expire(connection->socket);
    } else {
        connection_close(connection);
    }
}

void connection_stop(struct connection *connection)
{
    static const struct refusal stopping = {503, "The server is stopping"};

    if (connection->state == CONNECTION_IDLE)
        connection_close(connection);
    else if (connection->state == CONNECTION_RECEIVING)
        refuse_from_outside(connection, &stopping);
    else if (is_socket(connection))
        http_socket_close(connection->socket, HTTP_CLOSE_RESTART, "%s", stopping.detail);
}

/* The kernel takes more, or a socket asked to be heard. */
static void go_on(struct connection *connection)
{
    if (connection->state == CONNECTION_SENDING && time_monotonic() > connection->send_until) {
        connection->doomed = true;
        return;
    }
    if (connection->state == CONNECTION_SENDING || connection->state == CONNECTION_SOCKET_SENDING) {
        connection_set_state(connection, connection->state); /* there was progress */
        send_more(connection);
    }
    use_kept_input(connection);
    if (!is_socket(connection))
        return;
    if (connection->in.length < PIECE_SIZE)
        pause_reading(connection, false);
    socket_sent(connection->socket);
}

static int adopt(struct lws *wsi)
{
    struct http_server *server = lws_context_user(lws_get_context(wsi));
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return -1;
    connection->server = server;
    connection->wsi = wsi;
    connection->in.ceiling = (size_t)4 * PIECE_SIZE;
    memcpy(connection->peer, server->accepted_peer, sizeof(connection->peer));
    lws_set_opaque_user_data(wsi, connection);
    list_init(&connection->node);
    server->connection_count++;
    COUNT(server->connections_open, 1);
    COUNT(server->connections_total, 1);
    connection_set_state(connection, CONNECTION_IDLE);
    if (server->accepted_too_many) {
        struct refusal refusal;
        refuse(&refusal, 503, "The server has its limit of %d connections: try again later",
               server->config.connection_limit);
        send_refusal(connection, &refusal, false);
    }
    return connection->doomed ? -1 : 0;
}

static bool is_replied(struct http_request *request)
{
    struct http_server *server = request->server;

    pthread_mutex_lock(&server->queue_lock);
    bool result = request->is_replied;
    pthread_mutex_unlock(&server->queue_lock);
    return result;
}

static void closed(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct http_request *request = connection->request;
    struct http_socket *socket = connection->socket;
    bool is_taken = connection->state == CONNECTION_WAITING;

    list_remove(&connection->node);
    server->connection_count--;
    COUNT(server->connections_open, -1);
    buf_release(&connection->in);
    release_reply(connection);
    free(connection);
    if (request && is_taken) {
        request->connection = NULL;
        if (!is_replied(request))
            server->config.on_gone(server->config.context, request);
    } else if (request) {
        request_free(request);
    }
    if (socket)
        socket_gone(socket);
    server_check_finished(server);
}

int connection_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *data,
                        size_t length)
{
    struct connection *connection;

    (void)user;
    switch (reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        return adopt(wsi);
    case LWS_CALLBACK_RAW_RX:
    case LWS_CALLBACK_RAW_WRITEABLE:
        connection = lws_get_opaque_user_data(wsi);
        enter(connection);
        if (reason == LWS_CALLBACK_RAW_RX) {
            receive(connection, data, length);
        } else {
            go_on(connection);
        }
        return leave(connection) ? 0 : -1;
    case LWS_CALLBACK_RAW_CLOSE:
        connection = lws_get_opaque_user_data(wsi);
        if (connection) {
            lws_set_opaque_user_data(wsi, NULL);
            closed(connection);
        }
        return 0;
    default:
        return 0;
    }
}
