/*
 * Events that the server makes itself: put together label by label, then stored like any other.
 *
 *     made_event_auto made = {0};
 *
 *     made_event_begin(&made, txn, "prefect.deployment.ready", "prefect.deployment", id, name);
 *     made_event_label(&made, "prefect.run-count", "1");
 *     made_event_relate(&made, "flow", "prefect.flow", flow_id, flow_name);
 *     return made_event_record(&made);
 */
#pragma once

#include "server/orchestration/event.h"
#include "json/writer.h"

struct made_event {
    struct event event; /* id, occurred and follows may be changed: a new id, now, and nothing */
    struct txn *txn;
    struct buf texts[3];
    struct json_writer resource;
    struct json_writer related;
    struct json_writer payload; /* inside of its object: for keys and values */
    const char *related_ids[EVENT_RELATED_LIMIT];
};

#define made_event_auto CLEANUP(made_event_release) struct made_event

/* Ids of resources are "KIND.ID". What is handed over has to live until it is recorded. */
void made_event_begin(struct made_event *made, struct txn *txn, const char *name, const char *kind,
                      const char *id, const char *resource_name);
void made_event_release(struct made_event *made);

void made_event_label(struct made_event *made, const char *label, const char *value);

/* One more related resource, unless there are as many as may be; `name` may be NULL. */
void made_event_relate(struct made_event *made, const char *role, const char *kind, const char *id,
                       const char *name);

/* The same for a work pool, with the label of its type. */
void made_event_relate_work_pool(struct made_event *made, const char *id, const char *name,
                                 const char *type);

int made_event_record(struct made_event *made) MUST_CHECK;
