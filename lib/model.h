/*
 * Models: what follows from a table of fields.
 *
 * The schema is JSON Schema (draft 2020-12) in the shape that pydantic gives it, since that is what
 * forms and clients of this API know. Where a table itself is wrong (a default that is no number, a
 * pattern that is none), functions fail with FM_INVALID and name the field.
 */
#pragma once

#include <jansson.h>

#include "common/arena.h"
#include "common/buf.h"
#include "include/fermata.h"
#include "lib/problems.h"
#include "json/writer.h"

#define MODEL_DEPTH 24 /* structs and lists inside one another, in a value */
#define KEY_SHOWN   60 /* bytes of a map's key, in the path to its value */

/* Appends the schema. `initial` (may be NULL) replaces defaults of the outer model's fields. */
int model_schema(const struct fm_model *model, const struct fm_setting *initial, struct buf *to,
                 struct fm_error *error) MUST_CHECK;

/* The same for a pause: it also tells the server to check formats, and whether the flow has a say
 * in what is an answer: a check, of the model or of one in it, or a way to load values. Other
 * servers do not know these members and pass them over. */
int model_question(const struct fm_model *model, const struct fm_setting *initial, struct buf *to,
                   bool *ret_checks, struct fm_error *error) MUST_CHECK;

/*
 * Reads a value of the model from JSON text into `ret_value` (model->size bytes), which is
 * untouched on failure; strings and lists are taken from the arena. What is left out gets its
 * default. FM_INVALID: `problems` has what is wrong, field by field; the model's own check is only
 * asked if nothing else was found.
 */
int model_decode(const struct fm_model *model, const struct fm_setting *initial, const char *json,
                 size_t length, struct arena *arena, void *ret_value, struct fm_problems *problems,
                 struct fm_error *error) MUST_CHECK;

/* Appends the value as a JSON object. */
int model_encode(const struct fm_model *model, const void *value, struct buf *to,
                 struct fm_error *error) MUST_CHECK;

/* The same two, but the JSON of a bare value is that value's own, without the object around it that
 * it has between sender and receiver. */
int model_decode_bare(const struct fm_model *model, const char *json, size_t length,
                      struct arena *arena, void *ret_value, struct fm_problems *problems,
                      struct fm_error *error) MUST_CHECK;
int model_encode_bare(const struct fm_model *model, const void *value, struct buf *to,
                      struct fm_error *error) MUST_CHECK;

/* ---- shared by the above --------------------------------------------------------------------- */

/* The default that a field has here: the initial one or its own; `.kind` may be FM_VALUE_NONE. */
const struct fm_value *field_default(const struct fm_field *field,
                                     const struct fm_setting *initial);
bool field_is_required(const struct fm_field *field, const struct fm_setting *initial);

/* FM_INVALID if the table of the fields has no end. */
int check_table(const struct fm_model *model, struct fm_error *error) MUST_CHECK;

/* The same, and FM_INVALID if `initial` names a field that the model does not have. */
int check_initial(const struct fm_model *model, const struct fm_setting *initial,
                  struct fm_error *error) MUST_CHECK;

/* The value as JSON for a field of this type; a new reference, NULL (and an error) if it is none.
 */
json_t *value_to_json(const struct fm_value *value, const struct fm_type *type,
                      struct fm_error *error);

/* The type of an optional's value; any other type itself. */
const struct fm_type *type_behind(const struct fm_type *type);

/* How a struct's fields lie in a tuple: how many there are, and up to which they are required. */
size_t field_count(const struct fm_field *fields);
size_t required_count(const struct fm_field *fields);

/* How the entries of an FM_MAP lie in memory: each is a key, and behind it the value. */
#define MAP_VALUE offsetof(__typeof__(*((fm_string_map *)0)->items), value)
size_t map_entry_size(const struct fm_type *items);

/* Notes an item of a set in `seen`, an object whose keys are the items as JSON; `text` becomes that
 * of this one. 1: it is new; 0: it was there before. */
int note_item(json_t *seen, const struct fm_type *type, const void *item, struct buf *text,
              struct fm_error *error) MUST_CHECK;

/* Adds what the rules of the field (bounds, lengths, pattern, choices, format) find wrong with a
 * JSON value of the right type. */
int check_rules(const struct fm_field *field, const json_t *value, const char *path,
                struct fm_problems *problems, struct fm_error *error) MUST_CHECK;

/* FM_INVALID if the field's own entry in its table makes no sense: a pattern that is none, choices
 * of another type. */
int check_field(const struct fm_field *field, struct fm_error *error) MUST_CHECK;

/* FM_INVALID if a value that a table gives to the field does not fit it. */
int check_value(const struct fm_field *field, const json_t *json,
                struct fm_error *error) MUST_CHECK;

/* RFC 3339's full-date; false if it is none. */
bool date_parse(const char *text, struct fm_date *ret_date);
