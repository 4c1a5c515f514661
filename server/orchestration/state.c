#include "server/orchestration/state.h"

#include <ctype.h>
#include <string.h>

#include "common/times.h"
#include "server/store/sql.h"
#include "json/text.h"

const char *const state_type_names[] = {
    [STATE_SCHEDULED] = "SCHEDULED",   [STATE_PENDING] = "PENDING",
    [STATE_RUNNING] = "RUNNING",       [STATE_COMPLETED] = "COMPLETED",
    [STATE_FAILED] = "FAILED",         [STATE_CANCELLED] = "CANCELLED",
    [STATE_CRASHED] = "CRASHED",       [STATE_PAUSED] = "PAUSED",
    [STATE_CANCELLING] = "CANCELLING", [STATE_NONE] = NULL,
};

static const struct field keyset_fields[] = {
    {.name = "schema", .type = FIELD_TEXT, .flags = FIELD_NULLABLE},
    {.name = "response", .type = FIELD_TEXT, .flags = FIELD_NULLABLE},
    {.name = "description", .type = FIELD_TEXT, .flags = FIELD_NULLABLE},
    FIELDS_END};

const struct field state_detail_fields[] = {
    {.name = "flow_run_id", .type = FIELD_ID, .flags = FIELD_NULLABLE},
    {.name = "task_run_id", .type = FIELD_ID, .flags = FIELD_NULLABLE},
    {.name = "child_flow_run_id", .type = FIELD_ID, .flags = FIELD_NULLABLE},
    {.name = "scheduled_time", .type = FIELD_TIME, .flags = FIELD_NULLABLE},
    {.name = "cache_key", .type = FIELD_TEXT, .flags = FIELD_NULLABLE},
    {.name = "cache_expiration", .type = FIELD_TIME, .flags = FIELD_NULLABLE},
    {.name = "deferred", .type = FIELD_BOOLEAN, .flags = FIELD_NULLABLE, .fallback = "false"},
    {.name = "untrackable_result", .type = FIELD_BOOLEAN, .fallback = "false"},
    {.name = "pause_timeout", .type = FIELD_TIME, .flags = FIELD_NULLABLE},
    {.name = "pause_reschedule", .type = FIELD_BOOLEAN, .fallback = "false"},
    {.name = "pause_key", .type = FIELD_TEXT, .flags = FIELD_NULLABLE},
    {.name = "run_input_keyset",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE | FIELD_OPEN,
     .fields = keyset_fields},
    {.name = "refresh_cache", .type = FIELD_BOOLEAN, .flags = FIELD_NULLABLE},
    {.name = "retriable", .type = FIELD_BOOLEAN, .flags = FIELD_NULLABLE},
    {.name = "transition_id", .type = FIELD_ID, .flags = FIELD_NULLABLE},
    {.name = "task_parameters_id", .type = FIELD_ID, .flags = FIELD_NULLABLE},
    {.name = "traceparent", .type = FIELD_TEXT, .flags = FIELD_NULLABLE},
    {.name = "deployment_concurrency_lease_id", .type = FIELD_ID, .flags = FIELD_NULLABLE},
    FIELDS_END};

const struct field state_create_fields[] = {
    {.name = "type",
     .type = FIELD_ENUM,
     .flags = FIELD_REQUIRED,
     .choices = state_type_names,
     .doc = "What kind of state it is."},
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "The name; without one the type in title case."},
    {.name = "message", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "For a person."},
    {.name = "data",
     .type = FIELD_JSON,
     .flags = FIELD_NULLABLE,
     .doc = "A result, kept as it is."},
    {.name = "state_details",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE | FIELD_OPEN,
     .fields = state_detail_fields,
     .doc = "What belongs to some kinds of states."},
    FIELDS_END};

const struct field state_fields[] = {
    {.name = "id", .type = FIELD_ID, .doc = "The id, made by the server."},
    {.name = "type", .type = FIELD_ENUM, .choices = state_type_names, .doc = "The kind of state."},
    {.name = "name", .type = FIELD_TEXT, .doc = "The name."},
    {.name = "timestamp", .type = FIELD_TIME, .doc = "When it began, by the server's clock."},
    {.name = "message", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "For a person."},
    {.name = "data", .type = FIELD_JSON, .flags = FIELD_NULLABLE, .doc = "A result."},
    {.name = "state_details",
     .type = FIELD_OBJECT,
     .fields = state_detail_fields,
     .doc = "What belongs to some kinds of states."},
    FIELDS_END};

enum state_type state_type_parse(const char *name)
{
    int type = 0;

    while (name && state_type_names[type] && strcmp(state_type_names[type], name) != 0)
        type++;
    return name ? (enum state_type)type : STATE_NONE;
}

bool state_is_terminal(enum state_type type)
{
    return STATE_BIT(type) & STATES_TERMINAL;
}

/* ---- making ---- */

/* "CANCELLING" -> "Cancelling" */
static const char *title(struct arena *arena, const char *type)
{
    char *name = arena_strdup(arena, type);

    for (char *p = name + 1; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return name;
}

void state_make(struct state *ret_state, struct arena *arena, enum state_type type,
                const char *name, const char *message)
{
    *ret_state = (struct state){.type = type, .name = name, .message = message};
    ret_state->details = json_arena_own(arena, json_object());
}

void state_from_body(struct state *ret_state, struct arena *arena, const json_t *value,
                     const char *text, const char *const *path)
{
    const char *type = json_string_value(json_object_get(value, "type"));
    const char *name = json_string_value(json_object_get(value, "name"));
    const json_t *data = json_object_get(value, "data");
    const json_t *details = json_object_get(value, "state_details");

    *ret_state = (struct state){
        .type = state_type_parse(type),
        .name = name ? name : title(arena, type),
        .message = json_string_value(json_object_get(value, "message")),
    };
    if (data && !json_is_null(data))
        ret_state->data =
            field_value(field_find(state_fields, "data"), arena, data, text, path).text;
    ret_state->details =
        json_arena_own(arena, json_is_object(details) ? json_deep_copy(details) : json_object());
}

/* ---- details ---- */

const char *state_detail(const struct state *state, const char *name)
{
    return json_string_value(json_object_get(state->details, name));
}

bool state_detail_flag(const struct state *state, const char *name)
{
    return json_is_true(json_object_get(state->details, name));
}

int64_t state_detail_time(const struct state *state, const char *name)
{
    const char *text = state_detail(state, name);
    int64_t time;

    return text && time_parse(text, &time) ? time : TIME_NEVER;
}

void state_set_detail(struct state *state, const char *name, json_t *value)
{
    json_object_set_new(state->details, name, value);
}

void state_set_detail_time(struct state *state, const char *name, int64_t time)
{
    char text[TIME_SIZE];

    time_format(time, text);
    state_set_detail(state, name, json_string(text));
}

/* A detail in its usual form. */
static json_t *usual(const struct field *field, const json_t *value)
{
    char text[TIME_SIZE > ID_SIZE ? TIME_SIZE : ID_SIZE];
    int64_t time;

    if (!value || (json_is_null(value) && field->fallback))
        return field->fallback ? json_false() : json_null();
    if (field->type == FIELD_TIME && json_is_string(value) &&
        time_parse(json_string_value(value), &time)) {
        time_format(time, text);
        return json_string(text);
    }
    if (field->type == FIELD_ID && json_is_string(value) &&
        id_parse(json_string_value(value), text))
        return json_string(text);
    return json_incref((json_t *)value);
}

void state_complete(struct state *state, struct arena *arena)
{
    json_t *details = json_object();

    for (const struct field *field = state_detail_fields; field->name; field++)
        json_object_set_new(details, field->name,
                            usual(field, json_object_get(state->details, field->name)));
    state->details = json_arena_own(arena, details);
}

/* ---- rows ---- */

int state_insert(struct txn *txn, const char *kind, const char *run_id, struct state *state)
{
    sql_auto sql = {0};

    state_complete(state, txn_arena(txn));
    const char *details = json_arena_text(txn_arena(txn), state->details);
    sql_addf(&sql,
             "INSERT INTO %s_states (id, %s_id, type, name, timestamp, message, state_details,"
             " data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
             kind, kind);
    const struct value values[] = {
        V(state->id),   V(run_id),           V(state_type_names[state->type]),
        V(state->name), V(state->timestamp), V(state->message),
        V(details),     V(state->data)};
    for (size_t i = 0; i < COUNT_OF(values); i++)
        sql_bind(&sql, values[i]);
    return sql_run(txn, &sql) < 0 ? -1 : 0;
}

int state_load(struct txn *txn, const char *kind, const char *id, struct state *ret_state)
{
    sql_auto sql = {0};
    rows_auto rows = {0};

    sql_addf(&sql, "SELECT " STATE_COLUMNS " FROM %s_states s WHERE s.id = ?", kind);
    sql_bind(&sql, value_text(id));
    int found = sql_first(txn, &rows, &sql);
    if (found <= 0)
        return found;
    *ret_state = (struct state){.type = state_type_parse(rows_text(&rows, 1)),
                                .name = rows_strdup(&rows, 2, txn_arena(txn)),
                                .timestamp = rows_integer(&rows, 3),
                                .message = rows_strdup(&rows, 4, txn_arena(txn)),
                                .data = rows_strdup(&rows, 5, txn_arena(txn))};
    id_copy(ret_state->id, rows_text(&rows, 0));
    json_t *details = json_loads(rows_text(&rows, 6), 0, NULL);
    ret_state->details = json_arena_own(txn_arena(txn), details ? details : json_object());
    return 1;
}

/* ---- JSON ---- */

void state_write_columns(struct json_writer *writer, const struct rows *rows, int column)
{
    if (rows_is_null(rows, column)) {
        json_add_null(writer);
        return;
    }
    json_begin_object(writer);
    json_key(writer, "id");
    json_add_string(writer, rows_text(rows, column));
    json_key(writer, "type");
    json_add_string(writer, rows_text(rows, column + 1));
    json_key(writer, "name");
    json_add_string(writer, rows_text(rows, column + 2));
    json_key(writer, "timestamp");
    json_add_time(writer, rows_integer(rows, column + 3));
    json_key(writer, "message");
    json_add_string(writer, rows_text(rows, column + 4));
    json_key(writer, "data");
    json_add_text(writer, rows_text(rows, column + 5));
    json_key(writer, "state_details");
    json_add_text(writer, rows_text(rows, column + 6));
    json_end_object(writer);
}

void state_write(struct json_writer *writer, const struct state *state)
{
    if (state->type == STATE_NONE) {
        json_add_null(writer);
        return;
    }
    json_begin_object(writer);
    json_key(writer, "id");
    json_add_string(writer, state->id);
    json_key(writer, "type");
    json_add_string(writer, state_type_names[state->type]);
    json_key(writer, "name");
    json_add_string(writer, state->name);
    json_key(writer, "timestamp");
    json_add_time(writer, state->timestamp);
    json_key(writer, "message");
    json_add_string(writer, state->message);
    json_key(writer, "data");
    json_add_text(writer, state->data);
    json_key(writer, "state_details");
    json_add_value(writer, state->details);
    json_end_object(writer);
}
