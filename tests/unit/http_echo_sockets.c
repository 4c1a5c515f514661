/* The WebSockets of http_echo.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/http_echo.h"

#define FLOOD_SIZE 1000

struct echo {
    struct http_socket *socket;
    bool waits; /* a thread will wake it */
    bool gone;
    long flood; /* messages that are to be sent yet */
};

static void send_text(struct http_socket *socket, const char *text)
{
    http_socket_send(socket, text, strlen(text));
}

static void flood(struct echo *echo)
{
    char text[FLOOD_SIZE + 1];

    while (echo->flood && http_socket_has_room(echo->socket)) {
        snprintf(text, sizeof(text), "%0*ld", FLOOD_SIZE, --echo->flood);
        send_text(echo->socket, text);
    }
}

static void wake(void *context)
{
    http_socket_wake(context);
}

static void hold(struct echo *echo, enum http_socket_reading reading, const char *milliseconds)
{
    http_socket_set_reading(echo->socket, reading);
    echo->waits = true;
    work_later(atoi(milliseconds), wake, echo->socket);
}

static void on_message(void *data, struct http_socket *socket, const char *text, size_t length)
{
    struct echo *echo = data;
    int code;
    int end;

    if (strncmp(text, "hold ", 5) == 0) {
        hold(echo, HTTP_SOCKET_READS_TO_PING, text + 5);
    } else if (strncmp(text, "pause ", 6) == 0) {
        hold(echo, HTTP_SOCKET_PAUSED, text + 6);
    } else if (sscanf(text, "close %d %n", &code, &end) == 1) {
        http_socket_close(socket, code, "%s", text + end);
    } else if (strncmp(text, "flood ", 6) == 0) {
        echo->flood = atol(text + 6);
        flood(echo);
    } else {
        http_socket_send(socket, text, length);
    }
}

static void on_room(void *data, struct http_socket *socket)
{
    (void)socket;
    flood(data);
}

static void on_wake(void *data, struct http_socket *socket)
{
    struct echo *echo = data;

    echo->waits = false;
    if (echo->gone) {
        http_socket_release(socket);
        return;
    }
    send_text(socket, "released");
    http_socket_set_reading(socket, HTTP_SOCKET_READS);
}

static void on_gone(void *data, struct http_socket *socket)
{
    struct echo *echo = data;

    echo->gone = true;
    if (!echo->waits)
        http_socket_release(socket);
}

void accept_socket(struct http_request *request)
{
    static const struct http_socket_events events = {.on_message = on_message,
                                                     .on_room = on_room,
                                                     .on_wake = on_wake,
                                                     .on_gone = on_gone,
                                                     .on_free = free};
    struct echo *echo = calloc(1, sizeof(*echo));

    if (!echo)
        abort();
    const char *protocol = http_request_offers(request, "echo") ? "echo" : NULL;
    echo->socket = http_socket_accept(request, protocol, &events, echo);
    if (!echo->socket)
        abort();
}
