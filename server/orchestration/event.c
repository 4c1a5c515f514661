#include "server/orchestration/event.h"

#include <string.h>

#include "common/times.h"
#include "server/orchestration/heartbeat.h"
#include "server/orchestration/task_run_report.h"
#include "json/text.h"

const struct field event_create_fields[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .doc = "The id, made by the sender: an event that comes twice is stored once."},
    {.name = "occurred",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .doc = "When it happened, by the sender's clock."},
    {.name = "event",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .max_length = EVENT_NAME_LENGTH,
     .doc = "What happened: a name such as prefect.flow-run.Running."},
    {.name = "resource",
     .type = FIELD_MAP,
     .flags = FIELD_REQUIRED,
     .doc = "To what it happened: labels, among them prefect.resource.id."},
    {.name = "related",
     .type = FIELD_LIST,
     .fallback = "[]",
     .doc = "What else has to do with it: such labels, each with a prefect.resource.role."},
    {.name = "payload", .type = FIELD_MAP, .fallback = "{}", .doc = "Anything more about it."},
    {.name = "follows",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "The event before it, where the order might be in doubt."},
    FIELDS_END};

const struct body event_body = {.fields = event_create_fields, .open = true};

const struct field event_fields[] = {
    {.name = "id", .type = FIELD_ID, .doc = "The id, made by the sender."},
    {.name = "occurred", .type = FIELD_TIME, .doc = "When it happened, by the sender's clock."},
    {.name = "received", .type = FIELD_TIME, .doc = "When it was stored."},
    {.name = "event", .type = FIELD_TEXT, .doc = "What happened."},
    {.name = "resource", .type = FIELD_MAP, .doc = "To what it happened: labels."},
    {.name = "related", .type = FIELD_LIST, .doc = "What else has to do with it: such labels."},
    {.name = "payload", .type = FIELD_MAP, .doc = "Anything more about it."},
    {.name = "follows",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "The event before it, where the order might be in doubt."},
    {.name = "seq",
     .type = FIELD_INTEGER,
     .doc = "Its number in the order of arrival: the place from which to go on."},
    FIELDS_END};

/* ---- reading ---- */

static void check_label(const json_t *resource, const char *label, const char *whose,
                        struct problems *problems)
{
    const json_t *value = json_object_get(resource, label);

    if (!value)
        problems_add(problems, "value_error", resource, NULL,
                     "Value error, %s must include the %s label", whose, label);
    else if (json_is_string(value) && json_string_length(value) == 0)
        problems_add_at(problems, label, "value_error", value,
                        "Value error, The %s label must be non-empty", label);
}

/* Labels are strings, and not too many. `role`: of a related resource, which needs one. */
static void check_resource(const json_t *resource, bool role, struct problems *problems)
{
    const char *whose = role ? "Related Resources" : "Resources";
    const char *key;
    json_t *value;

    if (!json_is_object(resource)) {
        problems_add(problems, "dict_type", resource, NULL, "Input should be a valid dictionary");
        return;
    }
    if (json_object_size(resource) > EVENT_LABELS_LIMIT)
        problems_add(problems, "value_error", resource, NULL,
                     "Value error, The maximum number of labels per resource is %d",
                     EVENT_LABELS_LIMIT);
    json_object_foreach((json_t *)resource, key, value)
        if (!json_is_string(value))
            problems_add_at(problems, key, "string_type", value, "Input should be a valid string");
    check_label(resource, EVENT_RESOURCE_ID, whose, problems);
    if (role)
        check_label(resource, EVENT_RESOURCE_ROLE, whose, problems);
}

static void check_resources(const json_t *value, const char *text, struct problems *problems)
{
    const json_t *related = json_object_get(value, "related");
    size_t i;
    json_t *entry;

    if (strlen(text) > EVENT_SIZE_LIMIT)
        problems_add(problems, "value_error", NULL, NULL,
                     "Value error, An event may have at most %d bytes", EVENT_SIZE_LIMIT);
    problems_enter(problems, "resource");
    check_resource(json_object_get(value, "resource"), false, problems);
    problems_leave(problems);
    problems_enter(problems, "related");
    if (json_array_size(related) > EVENT_RELATED_LIMIT)
        problems_add(problems, "value_error", NULL, NULL,
                     "Value error, The maximum number of related resources is %d",
                     EVENT_RELATED_LIMIT);
    json_array_foreach(related, i, entry) {
        problems_enter_index(problems, i);
        check_resource(entry, true, problems);
        problems_leave(problems);
    }
    problems_leave(problems);
}

static const char *label(const json_t *resource, const char *name)
{
    return json_string_value(json_object_get(resource, name));
}

/* A member's text, or what holds without it: its own if `text` is the event's, or written anew. */
static const char *member(const json_t *value, const char *text, const char *name,
                          struct arena *arena)
{
    const struct field *field = field_find(event_create_fields, name);
    const json_t *sent = json_object_get(value, name);

    return sent ? field_value(field, arena, sent, text, NULL).text : field->fallback;
}

static void read_related_ids(struct event *event, const json_t *related, struct arena *arena)
{
    size_t count = json_array_size(related);
    const char **ids = arena_alloc(arena, (count + 1) * sizeof(*ids));

    for (size_t i = 0; i < count; i++)
        ids[i] = label(json_array_get(related, i), EVENT_RESOURCE_ID);
    event->related_ids = ids;
    event->related_count = (int)count;
}

bool event_read(struct event *ret_event, const json_t *value, const char *text, struct arena *arena,
                struct problems *problems)
{
    const json_t *resource = json_object_get(value, "resource");
    const json_t *follows = json_object_get(value, "follows");
    struct event event = {0};

    check_resources(value, text, problems);
    if (problems_any(problems))
        return false;
    if (!id_parse(label(value, "id"), event.id) ||
        !time_parse(label(value, "occurred"), &event.occurred) ||
        (json_is_string(follows) && !id_parse(json_string_value(follows), event.follows)))
        BUG("an event came past the check");
    event.name = label(value, "event");
    event.resource_id = label(resource, EVENT_RESOURCE_ID);
    event.resource = member(value, NULL, "resource", arena);
    event.related = member(value, NULL, "related", arena);
    event.payload = member(value, text, "payload", arena);
    read_related_ids(&event, json_object_get(value, "related"), arena);
    if (!task_run_report_read(&event, value, text, arena, problems))
        return false;
    *ret_event = event;
    return true;
}

/* ---- storing ---- */

/* The number that it gets; 0: it was there already. */
static int insert(struct txn *txn, const struct event *event, int64_t *ret_seq)
{
    rows_auto rows = {0};
    int inserted = db_first(
        txn, &rows,
        "INSERT INTO events (id, occurred, received, event, resource_id, resource, related,"
        " payload, follows) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO NOTHING RETURNING seq",
        V(event->id), V(event->occurred), V(txn_now(txn)), V(event->name), V(event->resource_id),
        V(event->resource), V(event->related), V(event->payload),
        value_text(*event->follows ? event->follows : NULL));

    if (inserted > 0)
        *ret_seq = rows_integer(&rows, 0);
    return inserted;
}

int event_record(struct txn *txn, const struct event *event)
{
    int64_t seq;
    int inserted = insert(txn, event, &seq);

    if (inserted <= 0)
        return inserted;
    for (int i = 0; i < event->related_count; i++)
        if (db_run(txn,
                   "INSERT INTO event_related (resource_id, occurred, event_seq) VALUES (?, ?, ?)"
                   " ON CONFLICT DO NOTHING",
                   V(event->related_ids[i]), V(event->occurred), V(seq)) < 0)
            return -1;
    txn_publish(txn, "events");
    txn_publish(txn, "events:name:%s", event->name);
    txn_publish(txn, "events:resource:%s", event->resource_id);
    for (int i = 0; i < event->related_count; i++)
        txn_publish(txn, "events:resource:%s", event->related_ids[i]);
    if (event->task_run && task_run_report_take(txn, event) < 0)
        return -1;
    return heartbeat_take(txn, event) < 0 ? -1 : 1;
}
