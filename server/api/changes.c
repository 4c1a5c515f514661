/* /api/live: which of the topics that a client names have changed.
 *
 * It says nothing of what they are now: that is read over HTTP. So a page needs one socket for all
 * that it shows, and has lost nothing after the socket was away. */
#include <stdlib.h>
#include <string.h>

#include "server/api/sockets.h"
#include "json/text.h"

#define TOPIC_LENGTH 200

struct changes {
    struct socket socket;
    struct watcher watcher;
    json_t *topics; /* an array of strings: those that are watched */
    bool asked;     /* the last message has no answer yet */
};

/* Topics as clients name them: "flow_runs", "flow_run:ID". */
static bool is_topic(const json_t *topic)
{
    return json_is_string(topic) && json_string_length(topic) > 0 &&
           json_string_length(topic) <= TOPIC_LENGTH;
}

static void notify(struct watcher *watcher)
{
    struct changes *changes = list_item(watcher, struct changes, watcher);

    http_socket_wake(changes->socket.http);
}

static void init(struct socket *socket)
{
    struct changes *changes = list_item(socket, struct changes, socket);

    changes->watcher.notify = notify;
}

/* The names without those that come twice; NULL: they are none, or too many. */
static json_t *read_topics(const json_t *sent)
{
    json_auto_t *seen = json_object();
    json_auto_t *topics = json_array();
    size_t i;
    json_t *topic;

    if (!json_is_array(sent))
        return NULL;
    json_array_foreach(sent, i, topic) {
        if (!is_topic(topic))
            return NULL;
        if (json_object_get(seen, json_string_value(topic)))
            continue;
        if (json_array_size(topics) == WATCHER_TOPICS)
            return NULL;
        json_object_set_new(seen, json_string_value(topic), json_true());
        json_array_append(topics, topic);
    }
    return json_incref(topics);
}

static void proceed(struct socket *socket)
{
    struct changes *changes = list_item(socket, struct changes, socket);

    if (!http_socket_has_room(socket->http))
        return; /* the changes wait in the watcher */
    uint64_t changed = live_take_changed(api_config(socket->api)->live, &changes->watcher);
    if (!changed && !changes->asked)
        return;
    changes->asked = false;
    json_auto_t *names = json_array();
    for (size_t i = 0; i < json_array_size(changes->topics); i++)
        if (changed & UINT64_C(1) << i)
            json_array_append(names, json_array_get(changes->topics, i));
    json_auto_t *message = json_pack("{s:O}", "changed", names);
    char *text = json_dumps(message, JSON_COMPACT);
    if (text)
        http_socket_send(socket->http, text, strlen(text));
    free(text);
}

/* {"topics": [NAME, …]}: these and no others are watched from now on. It is answered even if none
 * has changed: a client that hears nothing knows that its socket is dead. */
static void take(struct socket *socket, const char *text, size_t length)
{
    struct changes *changes = list_item(socket, struct changes, socket);
    const char *names[WATCHER_TOPICS];
    struct error error;
    json_auto_t *message = json_parse(text, length, &error);
    json_t *topics = read_topics(json_object_get(message, "topics"));

    if (!topics) {
        http_socket_close(socket->http, HTTP_CLOSE_POLICY,
                          "Expected {\"topics\": [...]} with up to %d names", WATCHER_TOPICS);
        return;
    }
    for (size_t i = 0; i < json_array_size(topics); i++)
        names[i] = json_string_value(json_array_get(topics, i));
    if (live_watch(api_config(socket->api)->live, &changes->watcher, names, json_array_size(topics),
                   &error) < 0) {
        json_decref(topics);
        http_socket_close(socket->http, HTTP_CLOSE_SERVER_ERROR, "%s", error.message);
        return;
    }
    json_decref(changes->topics);
    changes->topics = topics;
    changes->asked = true;
    proceed(socket); /* what had changed before is told under its new place */
}

static void leave(struct socket *socket)
{
    struct changes *changes = list_item(socket, struct changes, socket);

    live_unwatch(api_config(socket->api)->live, &changes->watcher);
}

static void release(struct socket *socket)
{
    struct changes *changes = list_item(socket, struct changes, socket);

    json_decref(changes->topics);
}

const struct socket_kind change_socket = {.path = "/api/live",
                                          .size = sizeof(struct changes),
                                          .init = init,
                                          .take = take,
                                          .proceed = proceed,
                                          .leave = leave,
                                          .release = release};
