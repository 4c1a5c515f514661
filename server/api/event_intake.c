/*
 * /api/events/in: events from clients, one a message, never answered.
 *
 * A pong is the client's receipt: it forgets the events that it sent before its ping. So a ping
 * gets its pong when all that was read before it is on disk, and a close its answer. What was read
 * of a client that goes without a word is stored, too. Events that come while others are being
 * stored go together into the next transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "server/api/sockets.h"
#include "server/log.h"
#include "server/orchestration/event.h"
#include "json/text.h"

#define BATCH   200                  /* events that are stored at once */
#define WAITING ((size_t)256 * 1024) /* bytes of messages that wait: then no more are read */

struct message {
    struct list node;
    bool fits; /* `event` has been read from it */
    struct event event;
    size_t length;
    char text[];
};

struct intake {
    struct socket socket;
    struct list waiting; /* messages that were read */
    size_t waiting_bytes;
    struct list stored; /* those that the job has */
    struct arena arena; /* what was made of these */
    struct error problem;
};

static struct intake *intake_of(struct socket *socket)
{
    return list_item(socket, struct intake, socket);
}

static void free_messages(struct list *messages)
{
    list_for_each_safe(node, messages)
        free(list_item(node, struct message, node));
    list_init(messages);
}

/* ---- the loop's thread ---- */

static void init(struct socket *socket)
{
    struct intake *intake = intake_of(socket);

    list_init(&intake->waiting);
    list_init(&intake->stored);
    intake->arena.out_of_memory = log_out_of_memory;
}

static size_t size_of(const struct message *message)
{
    return sizeof(*message) + message->length;
}

/* Has the next of what waits stored; not when the server stops. */
static void start(struct intake *intake)
{
    for (int i = 0; i < BATCH && !list_is_empty(&intake->waiting); i++) {
        struct list *first = intake->waiting.next;
        list_remove(first);
        list_append(&intake->stored, first);
        intake->waiting_bytes -= size_of(list_item(first, struct message, node));
    }
    socket_work(&intake->socket);
}

static void set_reading(struct intake *intake)
{
    enum http_socket_reading reading = HTTP_SOCKET_READS;

    if (intake->waiting_bytes >= WAITING)
        reading = HTTP_SOCKET_PAUSED;
    else if (!list_is_empty(&intake->waiting) || !list_is_empty(&intake->stored))
        reading = HTTP_SOCKET_READS_TO_PING;
    http_socket_set_reading(intake->socket.http, reading);
}

static void take(struct socket *socket, const char *text, size_t length)
{
    struct intake *intake = intake_of(socket);
    struct message *message = malloc(sizeof(*message) + length + 1);

    if (!message)
        log_out_of_memory();
    *message = (struct message){.length = length};
    memcpy(message->text, text, length + 1);
    list_append(&intake->waiting, &message->node);
    intake->waiting_bytes += size_of(message);
    if (!socket_is_busy(socket))
        start(intake);
    set_reading(intake);
}

/* What was stored is on disk. */
static void proceed(struct socket *socket)
{
    struct intake *intake = intake_of(socket);

    free_messages(&intake->stored);
    arena_release(&intake->arena);
    if (intake->problem.code) {
        http_socket_close(socket->http, HTTP_CLOSE_INVALID, "%s", intake->problem.message);
        return;
    }
    if (!list_is_empty(&intake->waiting))
        start(intake);
    set_reading(intake);
}

static void release(struct socket *socket)
{
    struct intake *intake = intake_of(socket);

    free_messages(&intake->waiting);
    free_messages(&intake->stored);
    arena_release(&intake->arena);
}

/* ---- the job ---- */

static void free_json(void *json)
{
    json_decref(json);
}

static bool read_message(struct intake *intake, struct message *message)
{
    problems_auto problems = {0};
    struct error error;
    json_t *value = json_parse(message->text, message->length, &error);

    problems_init(&problems, "event");
    if (!value) {
        error_set(&intake->problem, error.code, "Invalid event: %s", error.message);
        return false;
    }
    arena_on_release(&intake->arena, free_json, value);
    body_check(&event_body, value, &problems);
    message->fits = !problems_any(&problems) &&
                    event_read(&message->event, value, message->text, &intake->arena, &problems);
    if (!message->fits)
        socket_tell_problem(&intake->problem, "event", &problems);
    return message->fits;
}

/* One that is malformed ends the socket: those before it are stored, and those behind it not. */
static enum job_result prepare(struct txn *txn, struct socket *socket)
{
    struct intake *intake = intake_of(socket);

    (void)txn;
    list_for_each(node, &intake->stored)
        if (!read_message(intake, list_item(node, struct message, node)))
            break;
    return JOB_KEEP;
}

static enum job_result run(struct txn *txn, struct socket *socket)
{
    struct intake *intake = intake_of(socket);

    list_for_each(node, &intake->stored) {
        struct message *message = list_item(node, struct message, node);
        if (!message->fits)
            break;
        if (event_record(txn, &message->event) < 0)
            return JOB_FAILED;
    }
    return JOB_KEEP;
}

const struct socket_kind event_intake = {.path = "/api/events/in",
                                         .size = sizeof(struct intake),
                                         .writes = true,
                                         .takes_long = true,
                                         .finishes = true,
                                         .init = init,
                                         .take = take,
                                         .prepare = prepare,
                                         .run = run,
                                         .proceed = proceed,
                                         .release = release};
