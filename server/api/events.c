/* Events: taken in, listed by pages. */
#include "server/api/routes.h"
#include "server/orchestration/event.h"
#include "json/text.h"

/* ---- storing ---- */

struct events {
    size_t count;
    struct event list[];
};

/* Reads all events before the transaction. */
static int read_events(struct txn *txn, struct request *request, struct http_reply *reply)
{
    size_t count = json_array_size(request->body);
    struct events *events =
        arena_alloc(&request->arena, sizeof(*events) + count * sizeof(*events->list));
    const char *at = request->body_text;
    problems_auto problems;
    size_t length, i;
    json_t *value;

    (void)txn;
    problems_init(&problems, "body");
    json_array_foreach(request->body, i, value) {
        const char *entry = json_next_entry(&at, &length);
        const char *text = arena_strndup(&request->arena, entry, length);
        problems_enter_index(&problems, i);
        bool fits =
            event_read(&events->list[events->count], value, text, &request->arena, &problems);
        problems_leave(&problems);
        events->count += fits;
    }
    if (problems_any(&problems)) {
        reply_problems(reply, request, &problems);
        return 1;
    }
    request->prepared = events;
    return 0;
}

static int create_events(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct events *events = request->prepared;

    for (size_t i = 0; i < events->count; i++)
        if (event_record(txn, &events->list[i]) < 0)
            return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

/* ---- routes ---- */

static const struct body create_body = {.fields = event_create_fields, .list = true, .open = true};

const struct route event_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/events",
     .handle = create_events,
     .prepare = read_events,
     .flags = ROUTE_WRITES,
     .body = &create_body,
     .summary = "Stores events; those that are there already are left as they are.",
     .status = 204,
     .shape = REPLY_NOTHING},
    {.path = NULL},
};
