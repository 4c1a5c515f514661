/*
 * One field of a form, made from a JSON Schema: what kind of answer it wants, how that is said to
 * a person, and how the text that a person types becomes a value.
 *
 * Schemas are those that stock clients send (pydantic's: references into $defs, "anyOf" with
 * null for what may be left out) and whatever else is a schema: what no prompt is made for is
 * asked for as JSON. Following references is bounded.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"
#include "common/error.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_INTEGER,
    FIELD_NUMBER,
    FIELD_BOOLEAN,
    FIELD_CHOICE, /* one of `options` */
    FIELD_LIST,   /* of texts, numbers, booleans or choices: typed in one line */
    FIELD_ITEMS,  /* a list of anything else: asked for one by one */
    FIELD_OBJECT, /* field by field */
    FIELD_UNION,  /* of the schemas in `options` */
    FIELD_JSON,
};

struct field {
    enum field_kind kind;
    json_t *schema;  /* with all that its references and its "allOf" say; never NULL */
    json_t *options; /* of a choice: values; of a union: schemas; both without null; else NULL */
    bool nullable;   /* null is a right answer */
};

#define field_auto CLEANUP(field_release) struct field

/* Reads `schema`, a part of `root`. */
int field_init(struct field *ret_field, const json_t *root, const json_t *schema,
               struct error *error);
void field_release(struct field *field);

/* The field of the item at `index` of a FIELD_LIST or FIELD_ITEMS. */
int field_item(struct field *ret_item, const struct field *list, const json_t *root, size_t index,
               struct error *error);

/* The schema of a property of a FIELD_OBJECT, NULL if there is none of that name. */
const json_t *field_property(const struct field *object, const char *name, bool *ret_required);

/* The field is not asked for: there is only one answer. */
bool field_is_fixed(const struct field *field);

/* An answer that is not to be seen on the screen. */
bool field_is_secret(const struct field *field);

/* A schema's title, or the name made readable ("shirt_size": "Shirt size"); safe for the screen. */
void field_add_title(struct buf *to, const json_t *schema, const char *name);

/* "a whole number, from 1 to 5"; nothing where there is nothing to say. */
void field_add_hint(struct buf *to, const struct field *field, const json_t *root);

/* What a choice is called on the screen, or any value in one line; as JSON but for strings. */
void field_add_value(struct buf *to, const json_t *value);

/* A value as JSON text, numbers as short as they can be. */
void field_add_json(struct buf *to, const json_t *value);

/* Appends a value as an item of a list that is typed in one line: in quotes if it has to be. */
void field_add_item(struct buf *to, const json_t *value);

/* Appends the text of a typed list's first item, without its quotes, and says whether there is one
 * at all. The bytes up to its end: to a comma, or to that of the list. */
size_t field_take_item(const char *list, struct buf *to, bool *ret_is_there);

/* Makes a value of what was typed. False, with what is wrong ("must be a whole number") in `why`.
 */
bool field_read(const struct field *field, const json_t *root, const char *text, json_t **ret_value,
                struct buf *why);

/* Checks a value against the field's schema (not the formats: they are checked in what is typed).
 * False, with what is wrong in `why`. What cannot be checked here passes: the server checks all. */
bool field_check(const struct field *field, const json_t *root, const json_t *value,
                 struct buf *why);
