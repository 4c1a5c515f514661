#include "server/api/sockets.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/times.h"
#include "server/api/stream.h"
#include "server/log.h"
#include "json/text.h"

#define PROTOCOL "prefect" /* the subprotocol that begins with a message of type "auth" */

static const struct socket_kind *const all_sockets[] = {&event_intake, &event_stream.socket,
                                                        &log_stream.socket, &change_socket};

static const struct socket_kind *find(const char *path)
{
    for (size_t i = 0; i < COUNT_OF(all_sockets); i++)
        if (strcmp(all_sockets[i]->path, path) == 0)
            return all_sockets[i];
    return NULL;
}

bool sockets_know(const char *path)
{
    return find(path) != NULL;
}

static struct live *live_of(const struct socket *socket)
{
    return api_config(socket->api)->live;
}

/* ---- work in the store ---- */

bool socket_is_busy(const struct socket *socket)
{
    return socket->is_busy;
}

int socket_watch(struct txn *txn, struct socket *socket, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const char *topic = arena_vprintf(txn_arena(txn), format, args);
    va_end(args);
    return live_subscribe(live_of(socket), &socket->waiter, topic, txn_error(txn));
}

void socket_work(struct socket *socket)
{
    if (live_is_ending(live_of(socket)))
        return;
    socket->is_busy = true;
    store_submit(api_config(socket->api)->store, &socket->job);
}

static bool is_gone(const struct socket *socket)
{
    return __atomic_load_n(&socket->gone, __ATOMIC_ACQUIRE);
}

static enum job_result prepare(struct txn *txn, struct job *job)
{
    struct socket *socket = list_item(job, struct socket, job);

    return socket->kind->prepare(txn, socket);
}

static enum job_result run(struct txn *txn, struct job *job)
{
    struct socket *socket = list_item(job, struct socket, job);

    socket->parks = false;
    live_unsubscribe(live_of(socket), &socket->waiter);
    return socket->kind->run(txn, socket);
}

/* Parks, or looks again if something was published meanwhile. False: there is nobody to wait for.
 */
static bool park(struct socket *socket)
{
    if (live_park(live_of(socket), &socket->waiter, TIME_NEVER))
        return true; /* it may be running again already, or gone */
    if (is_gone(socket) || live_is_ending(live_of(socket)))
        return false;
    store_submit(api_config(socket->api)->store, &socket->job);
    return true;
}

static void done(struct job *job, enum job_result result, const struct error *error)
{
    struct socket *socket = list_item(job, struct socket, job);

    if (!error && socket->parks && park(socket))
        return;
    socket->result = result;
    if (error)
        socket->error = *error;
    http_socket_wake(socket->http);
}

static void wake(struct waiter *waiter, enum wake_reason reason)
{
    struct socket *socket = list_item(waiter, struct socket, waiter);

    if (reason == WAKE_ENDING)
        http_socket_wake(socket->http);
    else
        store_submit(api_config(socket->api)->store, &socket->job);
}

/* ---- the handshake ---- */

void socket_tell_problem(struct error *ret_problem, const char *what,
                         const struct problems *problems)
{
    json_auto_t *list = problems_for_person(problems);
    const json_t *first = json_array_get(list, 0);

    error_set(ret_problem, EINVAL, "Invalid %s: %s: %s", what,
              json_string_value(json_object_get(first, "path")),
              json_string_value(json_object_get(first, "message")));
}

static bool is_of_type(const char *text, size_t length, const char *type)
{
    struct error error;
    json_auto_t *message = json_parse(text, length, &error);
    const char *said = json_string_value(json_object_get(message, "type"));

    return said && strcmp(said, type) == 0;
}

/* There are no accounts: whatever token comes is taken, as Prefect's server does without a
 * password. */
static void authenticate(struct socket *socket, const char *text, size_t length)
{
    static const char success[] = "{\"type\":\"auth_success\"}";

    if (!is_of_type(text, length, "auth")) {
        http_socket_close(socket->http, HTTP_CLOSE_POLICY, "Expected 'auth' message");
        return;
    }
    socket->is_open = true;
    http_socket_send(socket->http, success, sizeof(success) - 1);
}

/* ---- what the loop tells ---- */

static void on_message(void *data, struct http_socket *http, const char *text, size_t length)
{
    struct socket *socket = data;

    if (length > SHORT_MESSAGE && !(socket->is_open && socket->kind->takes_long))
        http_socket_close(http, HTTP_CLOSE_TOO_BIG, "The message may have %d bytes", SHORT_MESSAGE);
    else if (socket->is_open)
        socket->kind->take(socket, text, length);
    else
        authenticate(socket, text, length);
}

static void on_room(void *data, struct http_socket *http)
{
    struct socket *socket = data;

    (void)http;
    if (!socket->is_busy)
        socket->kind->proceed(socket);
}

static void on_wake(void *data, struct http_socket *http)
{
    struct socket *socket = data;

    socket->is_busy = false;
    if (socket->result == JOB_FAILED) {
        log_event(LOG_LEVEL_ERROR, "a WebSocket failed", LOG_STRING("path", socket->kind->path),
                  LOG_STRING("error", socket->error.message));
        http_socket_close(http, HTTP_CLOSE_SERVER_ERROR, "%s", socket->error.message);
    } else if (!is_gone(socket) || socket->kind->finishes) {
        socket->kind->proceed(socket);
    }
    if (is_gone(socket) && !socket->is_busy)
        http_socket_release(http);
}

static void on_gone(void *data, struct http_socket *http)
{
    struct socket *socket = data;

    __atomic_store_n(&socket->gone, true, __ATOMIC_RELEASE);
    if (socket->kind->leave)
        socket->kind->leave(socket);
    if (!socket->is_busy || live_abandon(live_of(socket), &socket->waiter))
        http_socket_release(http);
}

static void on_free(void *data)
{
    struct socket *socket = data;

    live_unsubscribe(live_of(socket), &socket->waiter);
    socket->kind->release(socket);
    arena_release(&socket->job.arena);
    free(socket);
}

static const struct http_socket_events events = {.on_message = on_message,
                                                 .on_room = on_room,
                                                 .on_wake = on_wake,
                                                 .on_gone = on_gone,
                                                 .on_free = on_free};

bool sockets_accept(struct api *api, struct http_request *http)
{
    const struct socket_kind *kind = find(http_request_path(http));

    if (!kind || !http_request_wants_socket(http))
        return false;
    struct socket *socket = calloc(1, kind->size);
    if (!socket)
        log_out_of_memory();
    bool offers = http_request_offers(http, PROTOCOL);
    socket->api = api;
    socket->kind = kind;
    socket->is_open = !offers; /* older clients begin without a word */
    socket->waiter.wake = wake;
    socket->waiter.internal = true;
    socket->job = (struct job){.writes = kind->writes,
                               .reads_long = !kind->writes,
                               .prepare = kind->prepare ? prepare : NULL,
                               .run = run,
                               .done = done};
    if (kind->init)
        kind->init(socket);
    socket->http = http_socket_accept(http, offers ? PROTOCOL : NULL, &events, socket);
    if (!socket->http)
        free(socket); /* nothing was called back */
    return true;
}
