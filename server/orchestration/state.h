/*
 * States of runs: what a client proposes, what is stored, what is given back.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/ids.h"
#include "server/resource/field.h"
#include "server/store/store.h"
#include "json/writer.h"

enum state_type {
    STATE_SCHEDULED,
    STATE_PENDING,
    STATE_RUNNING,
    STATE_COMPLETED,
    STATE_FAILED,
    STATE_CANCELLED,
    STATE_CRASHED,
    STATE_PAUSED,
    STATE_CANCELLING,
    STATE_NONE, /* a run that was created without a state */
};

/* Sets of types. */
#define STATE_BIT(type) (1u << (type))
#define STATES_TERMINAL                                                                            \
    (STATE_BIT(STATE_COMPLETED) | STATE_BIT(STATE_FAILED) | STATE_BIT(STATE_CANCELLED) |           \
     STATE_BIT(STATE_CRASHED))
#define STATES_ANY (STATE_BIT(STATE_NONE + 1) - 1)

extern const char *const state_type_names[]; /* by type; NULL for STATE_NONE, which ends it */

enum state_type state_type_parse(const char *name); /* STATE_NONE for anything else, or NULL */
bool state_is_terminal(enum state_type type);

/* In a transaction's or a request's memory; `details` is a reference that the arena drops. */
struct state {
    char id[ID_SIZE];
    enum state_type type;
    const char *name;
    int64_t timestamp;
    const char *message; /* or NULL */
    json_t *details;     /* an object; all members of state_detail_fields once it is stored */
    const char *data;    /* JSON as it came, or NULL */
};

/* The members of a state as clients send it, and of its details. */
extern const struct field state_create_fields[];
extern const struct field state_detail_fields[];
extern const struct field state_fields[]; /* as it is given back */

/* A state that a client proposes: checked against state_create_fields. `text` and `path` as for
 * record_from_create. A missing name is the type in title case. */
void state_from_body(struct state *ret_state, struct arena *arena, const json_t *value,
                     const char *text, const char *const *path);

/* A state of our own. `message` may be NULL. */
void state_make(struct state *ret_state, struct arena *arena, enum state_type type,
                const char *name, const char *message);

/* Members of the details: NULL, false or TIME_NEVER if they are not there. */
const char *state_detail(const struct state *state, const char *name);
bool state_detail_flag(const struct state *state, const char *name);
int64_t state_detail_time(const struct state *state, const char *name);
void state_set_detail(struct state *state, const char *name, json_t *value); /* steals the value */
void state_set_detail_time(struct state *state, const char *name, int64_t time);

/* Completes the details to all their members, times and ids in their usual form. */
void state_complete(struct state *state, struct arena *arena);

/* Whose states: "flow_run" or "task_run". Rows of flow_run_states, task_run_states. */
int state_insert(struct txn *txn, const char *kind, const char *run_id,
                 struct state *state) MUST_CHECK;

/* The state of that id; 0 if there is none. */
int state_load(struct txn *txn, const char *kind, const char *id,
               struct state *ret_state) MUST_CHECK;

void state_write(struct json_writer *writer, const struct state *state); /* of type NONE: null */

/* For resources that hold their current state: the SQL of its columns from a table joined as `s`,
 * and how they are written. */
#define STATE_COLUMNS      "s.id, s.type, s.name, s.timestamp, s.message, s.data, s.state_details"
#define STATE_COLUMN_COUNT 7
void state_write_columns(struct json_writer *writer, const struct rows *rows, int column);
