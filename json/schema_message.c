/* What is wrong in the words of Python's jsonschema, which clients of Prefect know. */
#include <stdlib.h>
#include <string.h>

#include "json/schema_internal.h"
#include "json/text.h"

static void say_name(const char *name, struct buf *to)
{
    json_text_repr_string(name, strlen(name), to);
}

static void say_names(const char *const *names, size_t count, struct buf *to)
{
    for (size_t i = 0; i < count; i++) {
        buf_add_string(to, i > 0 ? ", " : "");
        say_name(names[i], to);
    }
}

static void say_values(const json_t *const *values, size_t count, struct buf *to)
{
    for (size_t i = 0; i < count; i++) {
        buf_add_string(to, i > 0 ? ", " : "");
        json_text_repr(values[i], to);
    }
}

/* What most messages are: the instance, some words, the keyword's value. */
static void say_phrase(const struct schema_error *e, const char *words, struct buf *to)
{
    json_text_repr(e->instance, to);
    buf_addf(to, " %s ", words);
    json_text_repr(e->value, to);
}

static void say_type(const struct schema_error *e, struct buf *to)
{
    json_text_repr(e->instance, to);
    buf_add_string(to, " is not of type ");
    if (json_is_string(e->value))
        json_text_repr(e->value, to);
    for (size_t i = 0; i < json_array_size(e->value); i++) {
        buf_add_string(to, i > 0 ? ", " : "");
        json_text_repr(json_array_get(e->value, i), to);
    }
}

static void say_enum(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "is not one of", to);
}

static void say_const(const struct schema_error *e, struct buf *to)
{
    json_text_repr(e->value, to);
    buf_add_string(to, " was expected");
}

static void say_multiple_of(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "is not a multiple of", to);
}

static void say_maximum(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "is greater than the maximum of", to);
}

static void say_exclusive_maximum(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "is greater than or equal to the maximum of", to);
}

static void say_minimum(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "is less than the minimum of", to);
}

static void say_exclusive_minimum(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "is less than or equal to the minimum of", to);
}

/* The bounds of sizes have words of their own where they are the usual ones. */
static void say_size(const struct schema_error *e, double usual, const char *usual_words,
                     const char *words, struct buf *to)
{
    json_text_repr(e->instance, to);
    buf_addf(to, " %s", json_number_value(e->value) == usual ? usual_words : words);
}

static void say_max(const struct schema_error *e, struct buf *to)
{
    say_size(e, 0, "is expected to be empty", "is too long", to);
}

static void say_min(const struct schema_error *e, struct buf *to)
{
    say_size(e, 1, "should be non-empty", "is too short", to);
}

static void say_max_properties(const struct schema_error *e, struct buf *to)
{
    say_size(e, 0, "is expected to be empty", "has too many properties", to);
}

static void say_min_properties(const struct schema_error *e, struct buf *to)
{
    say_size(e, 1, "should be non-empty", "does not have enough properties", to);
}

static void say_pattern(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "does not match", to);
}

static void say_format(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "is not a", to);
}

static void say_unique_items(const struct schema_error *e, struct buf *to)
{
    json_text_repr(e->instance, to);
    buf_add_string(to, " has non-unique elements");
}

static void say_max_contains(const struct schema_error *e, struct buf *to)
{
    buf_add_string(to, "Too many items match the given schema (expected at most ");
    json_text_repr(e->value, to);
    buf_add_char(to, ')');
}

static void say_min_contains(const struct schema_error *e, struct buf *to)
{
    buf_add_string(to, "Too few items match the given schema (expected at least ");
    json_text_repr(e->value, to);
    buf_addf(to, " but only %zu matched)", e->count);
}

static void say_contains(const struct schema_error *e, struct buf *to)
{
    json_text_repr(e->instance, to);
    buf_add_string(to, " does not contain items matching the given schema");
}

static void say_required(const struct schema_error *e, struct buf *to)
{
    say_name(e->name, to);
    buf_add_string(to, " is a required property");
}

static void say_dependent_required(const struct schema_error *e, struct buf *to)
{
    say_name(e->name, to);
    buf_add_string(to, " is a dependency of ");
    say_name(e->other, to);
}

static void say_none_fits(const struct schema_error *e, struct buf *to)
{
    json_text_repr(e->instance, to);
    buf_add_string(to, " is not valid under any of the given schemas");
}

static void say_one_of(const struct schema_error *e, struct buf *to)
{
    if (e->count == 0) {
        say_none_fits(e, to);
        return;
    }
    json_text_repr(e->instance, to);
    buf_add_string(to, " is valid under each of ");
    say_values(e->values, e->count, to);
}

static void say_not(const struct schema_error *e, struct buf *to)
{
    say_phrase(e, "should not be valid under", to);
}

/* items: false, behind `count` prefix items */
static void say_items(const struct schema_error *e, struct buf *to)
{
    size_t extra = json_array_size(e->instance) - e->count;

    buf_addf(to, "Expected at most %zu %s but found %zu extra: ", e->count,
             e->count == 1 ? "item" : "items", extra);
    if (extra == 1) {
        json_text_repr(json_array_get(e->instance, e->count), to);
        return;
    }
    buf_add_char(to, '[');
    for (size_t i = 0; i < extra; i++) {
        buf_add_string(to, i > 0 ? ", " : "");
        json_text_repr(json_array_get(e->instance, e->count + i), to);
    }
    buf_add_char(to, ']');
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void say_patterns(json_t *patterns, struct buf *to)
{
    const char **names = calloc(json_object_size(patterns) + 1, sizeof(*names));
    size_t count = 0;

    if (!names)
        return;
    for (void *at = json_object_iter(patterns); at; at = json_object_iter_next(patterns, at))
        names[count++] = json_object_iter_key(at);
    qsort(names, count, sizeof(*names), by_name);
    say_names(names, count, to);
    free(names);
}

static void say_additional_properties(const struct schema_error *e, struct buf *to)
{
    json_t *patterns = json_object_get(e->schema, "patternProperties");

    if (patterns) {
        say_names(e->names, e->count, to);
        buf_addf(to, " %s not match any of the regexes: ", e->count == 1 ? "does" : "do");
        say_patterns(patterns, to);
        return;
    }
    buf_add_string(to, "Additional properties are not allowed (");
    say_names(e->names, e->count, to);
    buf_addf(to, " %s unexpected)", e->count == 1 ? "was" : "were");
}

static void say_unevaluated_items(const struct schema_error *e, struct buf *to)
{
    buf_add_string(to, "Unevaluated items are not allowed (");
    say_values(e->values, e->count, to);
    buf_addf(to, " %s unexpected)", e->count == 1 ? "was" : "were");
}

static void say_unevaluated_properties(const struct schema_error *e, struct buf *to)
{
    bool none = json_is_false(e->value);

    buf_addf(to, "Unevaluated properties are not %s (",
             none ? "allowed" : "valid under the given schema");
    say_names(e->names, e->count, to);
    buf_addf(to, " %s %s)", e->count == 1 ? "was" : "were",
             none ? "unexpected" : "unevaluated and invalid");
}

static const struct {
    const char *keyword;
    void (*say)(const struct schema_error *e, struct buf *to);
} messages[] = {
    {"type", say_type},
    {"enum", say_enum},
    {"const", say_const},
    {"multipleOf", say_multiple_of},
    {"maximum", say_maximum},
    {"exclusiveMaximum", say_exclusive_maximum},
    {"minimum", say_minimum},
    {"exclusiveMinimum", say_exclusive_minimum},
    {"maxLength", say_max},
    {"minLength", say_min},
    {"maxItems", say_max},
    {"minItems", say_min},
    {"maxProperties", say_max_properties},
    {"minProperties", say_min_properties},
    {"pattern", say_pattern},
    {"format", say_format},
    {"uniqueItems", say_unique_items},
    {"maxContains", say_max_contains},
    {"minContains", say_min_contains},
    {"contains", say_contains},
    {"required", say_required},
    {"dependentRequired", say_dependent_required},
    {"anyOf", say_none_fits},
    {"oneOf", say_one_of},
    {"not", say_not},
    {"items", say_items},
    {"additionalProperties", say_additional_properties},
    {"unevaluatedItems", say_unevaluated_items},
    {"unevaluatedProperties", say_unevaluated_properties},
};

void schema_error_message(const struct schema_error *error, struct buf *to)
{
    if (!error->keyword) {
        buf_add_string(to, "False schema does not allow ");
        json_text_repr(error->instance, to);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        if (strcmp(messages[i].keyword, error->keyword) == 0) {
            messages[i].say(error, to);
            return;
        }
    }
    BUG("the keyword \"%s\" has no message", error->keyword);
}
