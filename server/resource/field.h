/*
 * Descriptions: what a resource, the body of a request or a reply is made of.
 *
 * Each field is described once. From the description come the check of what clients send (with
 * errors that name the place), the columns of the SQL, the JSON of the replies and the schema in
 * /openapi.json.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/store/store.h"
#include "json/writer.h"

enum field_type {
    FIELD_ID,      /* a UUID */
    FIELD_TEXT,    /* a string */
    FIELD_INTEGER, /* 64 bits */
    FIELD_NUMBER,  /* a double; durations are seconds */
    FIELD_BOOLEAN,
    FIELD_TIME,    /* RFC 3339; microseconds in SQL */
    FIELD_ENUM,    /* one of `choices` */
    FIELD_JSON,    /* any JSON: kept and given back as the text that came */
    FIELD_MAP,     /* a JSON object with any members, kept like FIELD_JSON */
    FIELD_STRINGS, /* an array of strings */
    FIELD_IDS,     /* an array of UUIDs */
    FIELD_LIST,    /* an array of any JSON */
    FIELD_OBJECT,  /* an object made of `fields` */
    FIELD_OBJECTS, /* an array of such objects */
};

/* Entries of an array at the most, where the field does not say `most`. */
#define FIELD_STRINGS_LIMIT 1000
#define FIELD_IDS_LIMIT     1000
#define FIELD_OBJECTS_LIMIT 200

enum {
    /* In the body of a request. */
    FIELD_CREATE = 1 << 0,   /* may be sent to create the resource */
    FIELD_UPDATE = 1 << 1,   /* may be sent to change it */
    FIELD_REQUIRED = 1 << 2, /* has to be sent to create it */
    FIELD_NULLABLE = 1 << 3, /* may be null, in bodies and in replies */
    FIELD_OPEN = 1 << 7,     /* an object in which other members are ignored, not refused */
    /* In the database and in replies. */
    FIELD_NO_COLUMN = 1 << 4,      /* in bodies only */
    FIELD_NO_REPLY = 1 << 5,       /* never shown */
    FIELD_OPTIONAL_REPLY = 1 << 6, /* some replies leave it out */
    FIELD_EVENT = 1 << 8,          /* the events of its row tell it */
};

struct field {
    const char *name; /* in JSON, and of the column */
    enum field_type type;
    unsigned flags;
    const char *fallback; /* as JSON: what holds if it is not sent; NULL: null */
    const char *doc;      /* a sentence */
    const char *const *choices;
    const struct field *fields;
    const int64_t *minimum; /* of an integer or number */
    const int64_t *maximum;
    int max_length; /* of a text, in characters; 0: any */
    int most;       /* entries of an array of strings, ids or objects; 0: as the limits above say */

    /* For what is no plain column: the SQL of the columns that it is made of, how many they are,
     * and how they are written. The row's table goes by the name `r`. */
    const char *sql;
    int columns;
    void (*write)(struct json_writer *writer, const struct rows *rows, int column);
};

/* A set of fields ends with one without a name. */
#define FIELDS_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Fields that nearly every resource begins with. */
#define FIELD_ID_CREATED_UPDATED                                                                   \
    {.name = "id", .type = FIELD_ID, .doc = "The id, made by the server."},                        \
        {.name = "created", .type = FIELD_TIME, .doc = "When it was made."},                       \
    {                                                                                              \
        .name = "updated", .type = FIELD_TIME, .doc = "When it was last changed."                  \
    }

const struct field *field_find(const struct field *fields, const char *name); /* or NULL */

/* ---- rows to JSON ---- */

struct sql;

/* Appends "r.id, r.name, …": the columns of all fields that have any. */
void fields_select(const struct field *fields, struct sql *sql);

/* The number of a field's first column in such a select. */
int fields_column(const struct field *fields, const char *name);

/* Writes the current row of such a select as one object. */
void fields_write_row(const struct field *fields, struct json_writer *writer,
                      const struct rows *rows);

/* The same where the columns of the fields begin at `column`. */
void fields_write_columns(const struct field *fields, struct json_writer *writer,
                          const struct rows *rows, int column);

/* Writes those fields of the current row of such a select that its events tell: keys and values,
 * inside of an object. */
void fields_write_event(const struct field *fields, struct json_writer *writer,
                        const struct rows *rows);

/* ---- bodies ---- */

/* What is wrong with a body: a list in the shape of pydantic's errors, see problems.h. */
struct problems;

struct body {
    const struct field *fields;
    unsigned only; /* FIELD_CREATE or FIELD_UPDATE: those of the fields; 0: all of them */
    bool list;     /* an array of such objects */
    int most;      /* of them; 0: as many as a body has room for */
    bool open;     /* other members are ignored, not refused */
    bool optional; /* the request may come without a body: it counts as {} */
};

/* Checks `value`, adding what is wrong to `problems` with `loc` ["body", …]. */
void body_check(const struct body *body, const json_t *value, struct problems *problems);

/* ---- bodies to rows ---- */

/* The values of a new row, or of the columns to change, in the order of the fields. */
struct record {
    const struct field *fields;
    struct arena *arena;
    struct value *values;
    bool *set;
};

/* A new row: every field that is sent, or else its fallback. The body must have been checked;
 * `text` is what it was read from, and `path` leads to `value` in it (NULL-terminated). */
void record_from_create(struct record *ret_record, const struct field *fields, struct arena *arena,
                        const json_t *value, const char *text, const char *const *path);

/* A change: only the fields that are sent. */
void record_from_update(struct record *ret_record, const struct field *fields, struct arena *arena,
                        const json_t *value, const char *text, const char *const *path);

/* One that can be changed without the other; texts are the same. */
void record_copy(struct record *ret_record, const struct record *record, struct arena *arena);

void record_set(struct record *record, const char *name, struct value value);
struct value record_get(const struct record *record, const char *name);
bool record_is_set(const struct record *record, const char *name);

int record_insert(struct txn *txn, const char *table, const struct record *record) MUST_CHECK;

/* Changes the row whose `key` column is `value`, `updated` with it. How many rows there were. */
int record_update(struct txn *txn, const char *table, const struct record *record, const char *key,
                  struct value value) MUST_CHECK;

/* As text, in the arena's memory, an object with all of these members: what the fallback says for
 * those that are not in `value`, or null. */
const char *object_complete(const struct field *fields, struct arena *arena, const json_t *value);

/* The value of one sent member as a parameter; NULL: what the fallback says. */
struct value field_value(const struct field *field, struct arena *arena, const json_t *value,
                         const char *text, const char *const *path);
