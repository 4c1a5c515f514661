#include "server/orchestration/made_event.h"

#include <errno.h>

enum { TEXT_RESOURCE, TEXT_RELATED, TEXT_PAYLOAD };

void made_event_begin(struct made_event *made, struct txn *txn, const char *name, const char *kind,
                      const char *id, const char *resource_name)
{
    *made = (struct made_event){.txn = txn, .event = {.name = name, .occurred = txn_now(txn)}};
    id_new(made->event.id);
    made->event.resource_id = arena_printf(txn_arena(txn), "%s.%s", kind, id);
    json_writer_init(&made->resource, &made->texts[TEXT_RESOURCE]);
    json_writer_init(&made->related, &made->texts[TEXT_RELATED]);
    json_writer_init(&made->payload, &made->texts[TEXT_PAYLOAD]);
    json_begin_object(&made->resource);
    json_begin_array(&made->related);
    json_begin_object(&made->payload);
    made_event_label(made, EVENT_RESOURCE_ID, made->event.resource_id);
    made_event_label(made, EVENT_RESOURCE_NAME, resource_name);
}

void made_event_release(struct made_event *made)
{
    for (size_t i = 0; i < COUNT_OF(made->texts); i++)
        buf_release(&made->texts[i]);
}

void made_event_label(struct made_event *made, const char *label, const char *value)
{
    json_key(&made->resource, label);
    json_add_string(&made->resource, value);
}

/* `label` is one more, or NULL. */
static void relate(struct made_event *made, const char *role, const char *kind, const char *id,
                   const char *name, const char *label, const char *value)
{
    struct event *event = &made->event;

    if (event->related_count == EVENT_RELATED_LIMIT)
        return;
    const char *resource_id = arena_printf(txn_arena(made->txn), "%s.%s", kind, id);
    made->related_ids[event->related_count++] = resource_id;
    json_begin_object(&made->related);
    json_key(&made->related, EVENT_RESOURCE_ID);
    json_add_string(&made->related, resource_id);
    json_key(&made->related, EVENT_RESOURCE_ROLE);
    json_add_string(&made->related, role);
    if (name) {
        json_key(&made->related, EVENT_RESOURCE_NAME);
        json_add_string(&made->related, name);
    }
    if (label) {
        json_key(&made->related, label);
        json_add_string(&made->related, value);
    }
    json_end_object(&made->related);
}

void made_event_relate(struct made_event *made, const char *role, const char *kind, const char *id,
                       const char *name)
{
    relate(made, role, kind, id, name, NULL, NULL);
}

void made_event_relate_work_pool(struct made_event *made, const char *id, const char *name,
                                 const char *type)
{
    relate(made, "work-pool", "prefect.work-pool", id, name, "prefect.work-pool.type", type);
}

int made_event_record(struct made_event *made)
{
    struct event *event = &made->event;

    json_end_object(&made->resource);
    json_end_array(&made->related);
    json_end_object(&made->payload);
    for (size_t i = 0; i < COUNT_OF(made->texts); i++)
        if (made->texts[i].failed)
            return txn_fail(made->txn, ENOMEM, "no memory for an event");
    event->resource = buf_string(&made->texts[TEXT_RESOURCE]);
    event->related = buf_string(&made->texts[TEXT_RELATED]);
    event->payload = buf_string(&made->texts[TEXT_PAYLOAD]);
    event->related_ids = made->related_ids;
    return event_record(made->txn, event) < 0 ? -1 : 0;
}
