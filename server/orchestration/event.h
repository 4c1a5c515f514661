/*
 * Events: what happened to which resource, from clients and from the server's own changes of state.
 *
 * An event is stored once, whoever sends it how often: its id decides. What only is carried
 * (its payload) is kept as the text that came. Its resources are written anew, with each label
 * once: what is given back and searched is what their indexes and checks have seen.
 */
#pragma once

#include "common/ids.h"
#include "server/resource/field.h"
#include "server/resource/problems.h"
#include "server/store/store.h"

struct reported_task_run;

#define EVENT_RESOURCE_ID   "prefect.resource.id"
#define EVENT_RESOURCE_NAME "prefect.resource.name"
#define EVENT_RESOURCE_ROLE "prefect.resource.role"

#define EVENT_NAME_LENGTH   1024    /* characters */
#define EVENT_LABELS_LIMIT  500     /* of a resource */
#define EVENT_RELATED_LIMIT 100     /* resources */
#define EVENT_SIZE_LIMIT    1500000 /* bytes of its JSON */

struct event {
    char id[ID_SIZE];
    char follows[ID_SIZE]; /* "": none */
    int64_t occurred;
    const char *name; /* "prefect.flow-run.Running" */
    const char *resource_id;
    const char *resource; /* JSON text: labels, strings all of them */
    const char *related;  /* JSON text: an array of such labels, with a role each */
    const char *payload;  /* JSON text: an object */
    const char *const *related_ids;
    int related_count;
    const struct reported_task_run *task_run; /* what it says of one, or NULL */
};

/* As clients send it; other members are ignored. */
extern const struct field event_create_fields[];
extern const struct body event_body;

/* As it is given back: columns of `events r`. */
extern const struct field event_fields[];

/* Reads an event that was checked against event_body; `text` is its own text. Both have to live as
 * long as the event, and so has the arena. False: what is wrong beyond that is in `problems` now.
 */
bool event_read(struct event *ret_event, const json_t *value, const char *text, struct arena *arena,
                struct problems *problems);

/*
 * Stores an event, with what follows from it: the task run that it reports, the run that it shows
 * to be alive. 1; 0: it was there
 * already, and nothing is done; -1. Those who wait for it are woken, by the topics
 * "events", "events:name:NAME" and "events:resource:ID" for each of its resources.
 */
int event_record(struct txn *txn, const struct event *event) MUST_CHECK;
