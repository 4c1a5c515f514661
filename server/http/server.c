#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/internal.h"
#include "server/http/listen.h"

#define IDLE_TIMEOUT    (60 * SECOND)
#define SEND_TIMEOUT    (30 * SECOND)
#define PING_INTERVAL   (20 * SECOND)
#define REFUSED_AT_ONCE 64 /* connections past the limit that are told so; more are just closed */
#define SPARE_FILES     256
#define FILES_LIMIT     (1 << 20)
#define ACCEPTS_AT_ONCE 64
#define ACCEPT_PAUSE    100 /* milliseconds */

static void handle_accept(uv_poll_t *poll, int status, int events);

/* A monotonic time as libuv counts: milliseconds from now, rounded up. */
static uint64_t milliseconds_until(int64_t time)
{
    int64_t left = time - time_monotonic();

    return left > 0 ? (uint64_t)(left + 999) / 1000 : 0;
}

bool server_is_own_thread(const struct http_server *server)
{
    return atomic_load(&server->running) && pthread_equal(server->thread, pthread_self());
}

/* What is held */

void server_hold(struct http_server *server, size_t bytes)
{
    atomic_fetch_add_explicit(&server->held, bytes, memory_order_relaxed);
}

void server_let_go(struct http_server *server, size_t bytes)
{
    atomic_fetch_sub_explicit(&server->held, bytes, memory_order_relaxed);
}

bool server_has_room(const struct http_server *server, size_t bytes)
{
    size_t limit = server->config.held_limit;
    size_t held = atomic_load_explicit(&server->held, memory_order_relaxed);

    return !limit || (held < limit && bytes <= limit - held);
}

bool http_server_is_full(const struct http_server *server)
{
    return !server_has_room(server, 1);
}

/* Time limits */

static void handle_deadline(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    int64_t now = time_monotonic();
    int64_t next = TIME_NEVER;

    server->deadline = TIME_NEVER;
    for (enum connection_state state = 0; state < CONNECTION_STATES; state++) {
        int64_t limit = connection_time_limit(server, state);
        struct list *list = &server->connections[state];
        if (limit == TIME_NEVER)
            continue;
        while (!list_is_empty(list)) {
            struct connection *first = list_item(list->next, struct connection, node);
            if (first->since + limit > now) {
                if (first->since + limit < next)
                    next = first->since + limit;
                break;
            }
            connection_expire(first);
        }
    }
    if (next != TIME_NEVER)
        server_set_deadline(server, next);
}

void server_set_deadline(struct http_server *server, int64_t deadline)
{
    if (deadline >= server->deadline)
        return;
    server->deadline = deadline;
    uv_update_time(&server->loop);
    uv_timer_start(&server->deadline_timer, handle_deadline, milliseconds_until(deadline), 0);
}

/* Accepting */

static void watch_listeners(struct http_server *server, bool watch)
{
    for (int i = 0; i < server->listener_count; i++) {
        if (watch)
            uv_poll_start(&server->listeners[i].poll, UV_READABLE, handle_accept);
        else
            uv_poll_stop(&server->listeners[i].poll);
    }
}

static void handle_accept_again(uv_timer_t *timer)
{
    struct http_server *server = timer->data;

    if (!server->stopping)
        watch_listeners(server, true);
}

static void write_peer(const struct sockaddr_storage *address, char ret_peer[static PEER_SIZE])
{
    const struct sockaddr_in *in = (const void *)address;
    const struct sockaddr_in6 *in6 = (const void *)address;

    memset(ret_peer, 0, PEER_SIZE);
    if (address->ss_family == AF_INET)
        inet_ntop(AF_INET, &in->sin_addr, ret_peer, PEER_SIZE);
    else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], ret_peer, PEER_SIZE);
    else
        inet_ntop(AF_INET6, &in6->sin6_addr, ret_peer, PEER_SIZE);
}

static void adopt(struct http_server *server, int fd, const struct sockaddr_storage *address)
{
    lws_sock_file_fd_type file = {.sockfd = fd};
    char peer[PEER_SIZE];
    int yes = 1;
    int limit = server->config.connection_limit;

    if (server->connection_count >= limit + REFUSED_AT_ONCE) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    write_peer(address, peer);
    server->accepted_peer = peer;
    server->accepted_too_many = server->connection_count >= limit;
    /* If it fails, libwebsockets has closed the socket. */
    lws_adopt_descriptor_vhost(server->vhost, LWS_ADOPT_SOCKET, file, "http", NULL);
}

static void handle_accept(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = poll->data;
    struct http_server *server = listener->server;
    struct sockaddr_storage address = {0};

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        socklen_t length = sizeof(address);
        int fd = accept4(listener->fd, (struct sockaddr *)&address, &length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            adopt(server, fd, &address);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* They stay in the kernel's queue until something else was closed. */
            watch_listeners(server, false);
            uv_timer_start(&server->accept_timer, handle_accept_again, ACCEPT_PAUSE, 0);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* Replies from other threads, and the end */

static void deliver_replies(struct http_server *server)
{
    pthread_mutex_lock(&server->queue_lock);
    struct http_request *request = server->queue_first;
    server->queue_first = NULL;
    server->queue_end = &server->queue_first;
    pthread_mutex_unlock(&server->queue_lock);
    while (request) {
        struct http_request *next = request->next;
        request_deliver(request);
        request = next;
    }
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_listeners(struct http_server *server)
{
    for (int i = 0; i < server->listener_count; i++) {
        struct listener *listener = &server->listeners[i];
        if (listener->fd < 0)
            continue;
        close_handle((uv_handle_t *)&listener->poll);
        close(listener->fd);
        listener->fd = -1;
    }
}

void server_check_finished(struct http_server *server)
{
    if (server->stopping && !server->connection_count && !server->request_count &&
        !server->socket_count)
        uv_stop(&server->loop);
}

static void handle_grace_over(uv_timer_t *timer)
{
    struct http_server *server = timer->data;

    for (enum connection_state state = 0; state < CONNECTION_STATES; state++)
        while (!list_is_empty(&server->connections[state]))
            connection_close(list_item(server->connections[state].next, struct connection, node));
    uv_stop(&server->loop);
}

static void begin_stop(struct http_server *server)
{
    server->stopping = true;
    close_listeners(server);
    for (enum connection_state state = 0; state < CONNECTION_STATES; state++)
        list_for_each_safe(node, &server->connections[state])
            connection_stop(list_item(node, struct connection, node));
    uv_timer_start(&server->grace_timer, handle_grace_over, (uint64_t)server->grace / 1000, 0);
    server_check_finished(server);
}

static void handle_wake(uv_async_t *wake)
{
    struct http_server *server = wake->data;

    deliver_replies(server);
    sockets_wake(server);
    if (atomic_load(&server->stop_wanted) && !server->stopping)
        begin_stop(server);
}

static void end_round(struct http_server *server)
{
    if (!server->in_round)
        return;
    server->in_round = false;
    if (server->config.on_round)
        server->config.on_round(server->config.context);
}

static void handle_before_poll(uv_prepare_t *prepare)
{
    end_round(prepare->data);
}

static void handle_after_poll(uv_check_t *check)
{
    end_round(check->data);
}

int http_server_run(struct http_server *server, int64_t grace, struct error *error)
{
    server->grace = grace;
    server->thread = pthread_self();
    atomic_store(&server->running, true);
    watch_listeners(server, true);
    uv_prepare_start(&server->before_poll, handle_before_poll);
    uv_check_start(&server->after_poll, handle_after_poll);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    end_round(server);
    atomic_store(&server->running, false);
    if (!server->stopping)
        return error_set(error, EIO, "the event loop ended by itself");
    return 0;
}

void http_server_stop(struct http_server *server)
{
    atomic_store(&server->stop_wanted, true);
    uv_async_send(&server->wake);
}

/* Making and ending */

/* libwebsockets has tables as long as the process may have files: it may be too few for
 * connection_limit, and containers may have it at a billion. How many connections there is room
 * for: those past it must be told, not left to hang because no file can be opened for them. */
static int set_file_limit(int connection_limit)
{
    struct rlimit limit;
    const rlim_t others = REFUSED_AT_ONCE + SPARE_FILES;
    rlim_t wanted = (rlim_t)connection_limit + others;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return connection_limit;
    if (limit.rlim_cur < wanted)
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    else if (limit.rlim_cur > FILES_LIMIT)
        limit.rlim_cur = wanted < FILES_LIMIT ? FILES_LIMIT : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return connection_limit;
    return (int)(limit.rlim_cur > 2 * others ? limit.rlim_cur - others : limit.rlim_cur / 2);
}

static int create_context(struct http_server *server, struct error *error)
{
    static const struct lws_protocols protocols[] = {
        {.name = "http", .callback = connection_callback, .tx_packet_size = PIECE_SIZE},
        {0},
    };
    void *loops[] = {&server->loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .pcontext = &server->context,
        .protocols = protocols,
        .user = server,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .pt_serv_buf_size = LWS_PRE + PIECE_SIZE,
        .vhost_name = "http",
    };

    lws_set_log_level(0, NULL);
    server->context = lws_create_context(&info);
    if (!server->context)
        return error_set(error, ENOTSUP,
                         "libwebsockets does not start: is its libuv loop "
                         "(libwebsockets-evlib-uv) installed?");
    server->vhost = lws_create_vhost(server->context, &info);
    if (!server->vhost)
        return error_set(error, ENOMEM, "libwebsockets does not make a virtual host");
    return 0;
}

/* Until all that is being closed is closed, even if something stops the loop in between. */
static void run_to_end(uv_loop_t *loop)
{
    while (uv_run(loop, UV_RUN_DEFAULT))
        ;
}

/* On a loop of another's, libwebsockets takes apart some, lets the loop run, and wants to be called
 * again (twice, in 4.3); when all is gone it sets the pointer that it was given to NULL. */
static void destroy_context(struct http_server *server)
{
    for (int i = 0; i < 4 && server->context; i++) {
        lws_context_destroy(server->context);
        run_to_end(&server->loop);
    }
}

static int create_loop(struct http_server *server, struct error *error)
{
    int r = uv_loop_init(&server->loop);

    if (r < 0)
        return error_set(error, -r, "cannot make an event loop: %s", uv_strerror(r));
    server->loop.data = server;
    uv_async_init(&server->loop, &server->wake, handle_wake);
    uv_prepare_init(&server->loop, &server->before_poll);
    uv_check_init(&server->loop, &server->after_poll);
    uv_timer_init(&server->loop, &server->deadline_timer);
    uv_timer_init(&server->loop, &server->accept_timer);
    uv_timer_init(&server->loop, &server->grace_timer);
    server->wake.data = server;
    server->before_poll.data = server;
    server->after_poll.data = server;
    server->deadline_timer.data = server;
    server->accept_timer.data = server;
    server->grace_timer.data = server;
    return 0;
}

static int create_listeners(struct http_server *server, struct error *error)
{
    int fds[LISTENER_LIMIT];
    int count = listen_on(server->config.host, server->config.port, LISTENER_LIMIT, fds,
                          &server->port, error);

    if (count < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        struct listener *listener = &server->listeners[i];
        listener->server = server;
        listener->fd = fds[i];
        listener->poll.data = listener;
        uv_poll_init(&server->loop, &listener->poll, fds[i]);
    }
    server->listener_count = count;
    return 0;
}

int http_server_create(const struct http_config *config, struct http_server **ret_server,
                       struct error *error)
{
    struct http_server *server = calloc(1, sizeof(*server));

    if (!server)
        return error_set(error, ENOMEM, "no memory for a server");
    server->config = *config;
    if (!server->config.idle_timeout)
        server->config.idle_timeout = IDLE_TIMEOUT;
    if (!server->config.send_timeout)
        server->config.send_timeout = SEND_TIMEOUT;
    if (!server->config.ping_interval)
        server->config.ping_interval = PING_INTERVAL;
    server->deadline = TIME_NEVER;
    server->queue_end = &server->queue_first;
    pthread_mutex_init(&server->queue_lock, NULL);
    list_init(&server->requests);
    list_init(&server->sockets);
    list_init(&server->woken);
    for (enum connection_state state = 0; state < CONNECTION_STATES; state++)
        list_init(&server->connections[state]);
    server->config.connection_limit = set_file_limit(config->connection_limit);
    if (create_loop(server, error) < 0) {
        free(server);
        return -1;
    }
    if (create_listeners(server, error) < 0 || create_context(server, error) < 0) {
        http_server_destroy(server);
        return -1;
    }
    *ret_server = server;
    return 0;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

int http_server_connection_limit(const struct http_server *server)
{
    return server->config.connection_limit;
}

void http_server_destroy(struct http_server *server)
{
    if (!server)
        return;
    close_listeners(server);
    close_handle((uv_handle_t *)&server->wake);
    close_handle((uv_handle_t *)&server->before_poll);
    close_handle((uv_handle_t *)&server->after_poll);
    close_handle((uv_handle_t *)&server->deadline_timer);
    close_handle((uv_handle_t *)&server->accept_timer);
    close_handle((uv_handle_t *)&server->grace_timer);
    destroy_context(server);
    run_to_end(&server->loop);
    uv_loop_close(&server->loop);
    list_for_each_safe(node, &server->requests)
        request_free(list_item(node, struct http_request, node));
    list_for_each_safe(node, &server->sockets)
        socket_free(list_item(node, struct http_socket, node));
    pthread_mutex_destroy(&server->queue_lock);
    free(server);
}

void http_server_stats(const struct http_server *server, struct http_stats *ret_stats)
{
    const struct http_server *s = server;

    *ret_stats = (struct http_stats){
        .connections_open = atomic_load_explicit(&s->connections_open, memory_order_relaxed),
        .connections_total = atomic_load_explicit(&s->connections_total, memory_order_relaxed),
        .requests_total = atomic_load_explicit(&s->requests_total, memory_order_relaxed),
        .requests_open = atomic_load_explicit(&s->requests_open, memory_order_relaxed),
        .refused_total = atomic_load_explicit(&s->refused_total, memory_order_relaxed),
        .bytes_received = atomic_load_explicit(&s->bytes_received, memory_order_relaxed),
        .bytes_sent = atomic_load_explicit(&s->bytes_sent, memory_order_relaxed),
        .sockets_open = atomic_load_explicit(&s->sockets_open, memory_order_relaxed),
        .sockets_total = atomic_load_explicit(&s->sockets_total, memory_order_relaxed),
    };
}
