#include <stdlib.h>
#include <string.h>

#include "common/ids.h"
#include "common/times.h"
#include "server/resource/field.h"
#include "server/store/sql.h"
#include "json/text.h"

#define PATH_DEPTH 8

/* A member's own text: what is only carried is not read and written again. */
static const char *member_text(struct arena *arena, const char *text, const char *const *path,
                               const char *name)
{
    const char *full[PATH_DEPTH + 2] = {0};
    size_t length;
    int depth = 0;

    for (; path && path[depth]; depth++)
        full[depth] = path[depth];
    full[depth] = name;
    const char *member = json_member_text(text, full, &length);
    return member ? arena_strndup(arena, member, length) : NULL;
}

static struct value id_value(struct arena *arena, const json_t *value)
{
    char id[ID_SIZE];

    if (!id_parse(json_string_value(value), id))
        BUG("an id came past the check");
    return value_text(arena_strdup(arena, id));
}

static struct value time_value(const json_t *value)
{
    int64_t time;

    if (!time_parse(json_string_value(value), &time))
        BUG("a time came past the check");
    return value_integer(time);
}

struct value field_value(const struct field *field, struct arena *arena, const json_t *value,
                         const char *text, const char *const *path)
{
    if (json_is_null(value) && field->type != FIELD_JSON)
        return value_null();
    switch (field->type) {
    case FIELD_ID:
        return id_value(arena, value);
    case FIELD_TEXT:
    case FIELD_ENUM:
        return value_text(json_string_value(value));
    case FIELD_INTEGER:
        return value_integer(json_is_real(value) ? (int64_t)json_real_value(value)
                                                 : json_integer_value(value));
    case FIELD_NUMBER:
        return value_real(json_number_value(value));
    case FIELD_BOOLEAN:
        return value_integer(json_is_true(value));
    case FIELD_TIME:
        return time_value(value);
    case FIELD_STRINGS:
    case FIELD_IDS:
        return value_text(json_arena_text(arena, value));
    case FIELD_JSON:
    case FIELD_MAP:
    case FIELD_LIST:
    case FIELD_OBJECT:
    case FIELD_OBJECTS:
        break;
    }
    return value_text(text ? member_text(arena, text, path, field->name)
                           : json_arena_text(arena, value));
}

/* What a field's fallback, which is JSON, says. */
static struct value fallback_value(const struct field *field, struct arena *arena)
{
    const char *fallback = field->fallback;

    if (!fallback || strcmp(fallback, "null") == 0)
        return value_null();
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_ENUM:
        return value_text(arena_strndup(arena, fallback + 1, strlen(fallback) - 2));
    case FIELD_INTEGER:
        return value_integer(strtoll(fallback, NULL, 10));
    case FIELD_NUMBER:
        return value_real(strtod(fallback, NULL));
    case FIELD_BOOLEAN:
        return value_integer(strcmp(fallback, "true") == 0);
    default:
        return value_text(fallback);
    }
}

const char *object_complete(const struct field *fields, struct arena *arena, const json_t *value)
{
    json_auto_t *whole = json_object();

    for (const struct field *field = fields; field->name; field++) {
        json_t *member = json_object_get(value, field->name);
        const char *fallback = field->fallback ? field->fallback : "null";
        json_object_set_new(whole, field->name,
                            member && !json_is_null(member)
                                ? json_incref(member)
                                : json_loads(fallback, JSON_DECODE_ANY, NULL));
    }
    return json_arena_text(arena, whole);
}

static void record_init(struct record *record, const struct field *fields, struct arena *arena)
{
    size_t count = 0;

    while (fields[count].name)
        count++;
    *record = (struct record){.fields = fields, .arena = arena};
    record->values = arena_alloc(arena, (count + 1) * sizeof(*record->values));
    record->set = arena_alloc(arena, (count + 1) * sizeof(*record->set));
}

void record_copy(struct record *ret_record, const struct record *record, struct arena *arena)
{
    record_init(ret_record, record->fields, arena);
    for (size_t i = 0; record->fields[i].name; i++) {
        ret_record->values[i] = record->values[i];
        ret_record->set[i] = record->set[i];
    }
}

/* Takes over the members that `only` lets through. */
static void take_sent(struct record *record, unsigned only, const json_t *value, const char *text,
                      const char *const *path)
{
    for (size_t i = 0; record->fields[i].name; i++) {
        const struct field *field = &record->fields[i];
        const json_t *sent = json_object_get(value, field->name);
        if (!sent || !(field->flags & only) || (field->flags & FIELD_NO_COLUMN))
            continue;
        record->values[i] = field_value(field, record->arena, sent, text, path);
        record->set[i] = true;
    }
}

void record_from_update(struct record *ret_record, const struct field *fields, struct arena *arena,
                        const json_t *value, const char *text, const char *const *path)
{
    record_init(ret_record, fields, arena);
    take_sent(ret_record, FIELD_UPDATE, value, text, path);
}

void record_from_create(struct record *ret_record, const struct field *fields, struct arena *arena,
                        const json_t *value, const char *text, const char *const *path)
{
    char id[ID_SIZE];

    record_init(ret_record, fields, arena);
    take_sent(ret_record, FIELD_CREATE, value, text, path);
    for (size_t i = 0; fields[i].name; i++) {
        if (ret_record->set[i] || !fields[i].fallback)
            continue;
        ret_record->values[i] = fallback_value(&fields[i], arena);
        ret_record->set[i] = true;
    }
    id_new(id);
    record_set(ret_record, "id", value_text(arena_strdup(arena, id)));
}

static size_t index_of(const struct record *record, const char *name)
{
    const struct field *field = field_find(record->fields, name);

    if (!field)
        BUG("no field is called %s", name);
    return (size_t)(field - record->fields);
}

void record_set(struct record *record, const char *name, struct value value)
{
    size_t i = index_of(record, name);

    record->values[i] = value;
    record->set[i] = true;
}

struct value record_get(const struct record *record, const char *name)
{
    return record->values[index_of(record, name)];
}

bool record_is_set(const struct record *record, const char *name)
{
    return record->set[index_of(record, name)];
}

static bool is_column(const struct record *record, size_t i)
{
    return record->set[i] && !record->fields[i].sql && !(record->fields[i].flags & FIELD_NO_COLUMN);
}

/* Appends the name of each column that is set with `after` behind it, and binds its value. */
static void add_columns(const struct record *record, struct sql *sql, const char *after)
{
    const char *comma = "";

    for (size_t i = 0; record->fields[i].name; i++) {
        if (!is_column(record, i))
            continue;
        sql_add(sql, comma);
        sql_add(sql, record->fields[i].name);
        sql_add(sql, after);
        sql_bind(sql, record->values[i]);
        comma = ", ";
    }
}

int record_insert(struct txn *txn, const char *table, const struct record *record)
{
    sql_auto sql = {0};
    struct record timed = *record;

    if (field_find(record->fields, "created") && !record_is_set(record, "created"))
        record_set(&timed, "created", value_integer(txn_now(txn)));
    if (field_find(record->fields, "updated") && !record_is_set(record, "updated"))
        record_set(&timed, "updated", value_integer(txn_now(txn)));
    sql_addf(&sql, "INSERT INTO %s (", table);
    add_columns(&timed, &sql, "");
    sql_add(&sql, ") VALUES (");
    for (int i = 0; i < sql.count; i++)
        sql_add(&sql, i ? ", ?" : "?");
    sql_add(&sql, ")");
    return sql_run(txn, &sql);
}

int record_update(struct txn *txn, const char *table, const struct record *record, const char *key,
                  struct value value)
{
    sql_auto sql = {0};
    struct record timed = *record;

    record_set(&timed, "updated", value_integer(txn_now(txn)));
    sql_addf(&sql, "UPDATE %s SET ", table);
    add_columns(&timed, &sql, " = ?");
    sql_addf(&sql, " WHERE %s = ?", key);
    sql_bind(&sql, value);
    return sql_run(txn, &sql);
}
