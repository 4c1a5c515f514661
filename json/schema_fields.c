/*
 * What is wrong, for the person who fills in a form: a place and plain words. Of alternatives the
 * one that was meant is found where that can be told, and its errors are shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/schema_internal.h"
#include "json/text.h"

#define VALUES_SHOWN 20
#define ENTRY_SHOWN  60 /* bytes of what was sent */

struct teller {
    struct schema_errors *errors;
    size_t capacity;
    bool failed;
};

static void *take(struct teller *t, size_t size)
{
    void *memory = schema_memory_alloc(t->errors->memory, size);

    t->failed |= !memory;
    return memory;
}

static const char *keep_text(struct teller *t, const struct buf *text)
{
    char *copy = text->failed ? NULL : take(t, text->length + 1);

    t->failed |= text->failed;
    return copy ? memcpy(copy, buf_string(text), text->length + 1) : "";
}

static void make_room(struct teller *t)
{
    struct schema_errors *errors = t->errors;

    if (errors->field_count < t->capacity)
        return;
    size_t capacity = t->capacity ? t->capacity * 2 : 8;
    struct schema_field_error *fields = take(t, capacity * sizeof(*fields));
    if (!fields)
        return;
    if (errors->field_count > 0)
        memcpy(fields, errors->fields, errors->field_count * sizeof(*fields));
    errors->fields = fields;
    t->capacity = capacity;
}

static void add(struct teller *t, const struct schema_step *path, const char *message)
{
    struct schema_errors *errors = t->errors;
    buf_auto text = BUF_INIT;

    if (errors->field_count == SCHEMA_FIELDS || t->failed)
        return;
    schema_path_text(path, &text);
    for (size_t i = 0; i < errors->field_count; i++) {
        if (strcmp(errors->fields[i].path_text, buf_string(&text)) == 0 &&
            strcmp(errors->fields[i].message, message) == 0)
            return;
    }
    make_room(t);
    if (!t->failed)
        errors->fields[errors->field_count++] =
            (struct schema_field_error){path, keep_text(t, &text), message};
}

/* The place of a member of the value that an error is about. */
static const struct schema_step *member(struct teller *t, const struct schema_error *e,
                                        const char *key)
{
    struct schema_step *step = take(t, sizeof(*step));

    if (step)
        *step = (struct schema_step){e->path, key, 0, e->path ? e->path->depth + 1 : 1};
    return step ? step : e->path;
}

static void say_value(const json_t *value, struct buf *to)
{
    size_t start = to->length;

    if (json_is_string(value)) {
        buf_add(to, json_string_value(value), json_string_length(value));
    } else if (json_is_null(value)) {
        buf_add_string(to, "empty");
    } else if (json_is_number(value)) {
        json_text_repr(value, to);
        if (to->length - start > 2 && strcmp(to->data + to->length - 2, ".0") == 0)
            to->data[to->length -= 2] = '\0';
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        buf_add_string(to, text ? text : "");
        free(text);
    }
}

/* "a", "a or b", "a, b or c": what goes between the items numbered i and the one before. */
static const char *separator(size_t i, size_t count)
{
    return i == 0 ? "" : i + 1 == count ? " or " : ", ";
}

static void say_types(unsigned types, struct buf *to)
{
    static const struct {
        unsigned bit;
        const char *words;
    } words[] = {
        {TYPE_STRING, "text"},     {TYPE_INTEGER, "a whole number"},
        {TYPE_NUMBER, "a number"}, {TYPE_BOOLEAN, "true or false"},
        {TYPE_ARRAY, "a list"},    {TYPE_OBJECT, "a group of fields"},
    };
    size_t count = 0;
    size_t said = 0;

    if (types & TYPE_NUMBER)
        types &= ~(unsigned)TYPE_INTEGER;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        count += (types & words[i].bit) != 0;
    buf_add_string(to, count == 0 ? "must be empty" : "must be ");
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (types & words[i].bit)
            buf_addf(to, "%s%s", separator(said++, count), words[i].words);
    }
}

static unsigned types_of_error(const struct schema_error *e)
{
    unsigned types = 0;

    if (json_is_string(e->value))
        return schema_type_bit(json_string_value(e->value));
    for (size_t i = 0; i < json_array_size(e->value); i++)
        types |= schema_type_bit(json_string_value(json_array_get(e->value, i)));
    return types;
}

static void say_type(const struct schema_error *e, struct buf *to)
{
    say_types(types_of_error(e), to);
}

static void say_enum(const struct schema_error *e, struct buf *to)
{
    size_t count = json_array_size(e->value);

    if (count > VALUES_SHOWN) {
        buf_addf(to, "must be one of the %zu values that are offered", count);
        return;
    }
    buf_add_string(to, count > 1 ? "must be one of " : "must be ");
    for (size_t i = 0; i < count; i++) {
        buf_add_string(to, i > 0 ? ", " : "");
        say_value(json_array_get(e->value, i), to);
    }
}

static void say_number(const struct schema_error *e, const char *words, struct buf *to)
{
    buf_addf(to, "must be %s ", words);
    say_value(e->value, to);
}

static void say_const(const struct schema_error *e, struct buf *to)
{
    buf_add_string(to, "must be ");
    say_value(e->value, to);
}

static void say_minimum(const struct schema_error *e, struct buf *to)
{
    say_number(e, "at least", to);
}

static void say_maximum(const struct schema_error *e, struct buf *to)
{
    say_number(e, "at most", to);
}

static void say_exclusive_minimum(const struct schema_error *e, struct buf *to)
{
    say_number(e, "greater than", to);
}

static void say_exclusive_maximum(const struct schema_error *e, struct buf *to)
{
    say_number(e, "less than", to);
}

static void say_multiple_of(const struct schema_error *e, struct buf *to)
{
    say_number(e, "a multiple of", to);
}

static void say_count(const struct schema_error *e, const char *bound, const char *one,
                      const char *many, struct buf *to)
{
    if (json_number_value(e->value) == 0) {
        buf_add_string(to, "must be empty");
        return;
    }
    buf_addf(to, "must have %s ", bound);
    say_value(e->value, to);
    buf_addf(to, " %s", json_number_value(e->value) == 1 ? one : many);
}

static void say_min_length(const struct schema_error *e, struct buf *to)
{
    if (json_string_length(e->instance) == 0)
        buf_add_string(to, "must not be empty");
    else
        say_count(e, "at least", "character", "characters", to);
}

static void say_max_length(const struct schema_error *e, struct buf *to)
{
    say_count(e, "at most", "character", "characters", to);
}

static void say_min_items(const struct schema_error *e, struct buf *to)
{
    say_count(e, "at least", "entry", "entries", to);
}

static void say_max_items(const struct schema_error *e, struct buf *to)
{
    say_count(e, "at most", "entry", "entries", to);
}

static void say_min_properties(const struct schema_error *e, struct buf *to)
{
    say_count(e, "at least", "field", "fields", to);
}

static void say_max_properties(const struct schema_error *e, struct buf *to)
{
    say_count(e, "at most", "field", "fields", to);
}

static void say_items(const struct schema_error *e, struct buf *to)
{
    buf_addf(to, "must have at most %zu %s", e->count, e->count == 1 ? "entry" : "entries");
}

static void say_unique_items(const struct schema_error *e, struct buf *to)
{
    buf_auto entry = BUF_INIT;

    buf_add_string(to, "must not have the same entry twice");
    if (e->count)
        say_value(e->values[0], &entry);
    if (entry.length > 0 && entry.length <= ENTRY_SHOWN)
        buf_addf(to, ": %s", buf_string(&entry));
}

static void say_contains(const struct schema_error *e, struct buf *to)
{
    (void)e;
    buf_add_string(to, "must have at least 1 entry of the right kind");
}

static void say_min_contains(const struct schema_error *e, struct buf *to)
{
    say_count(e, "at least", "entry of the right kind", "entries of the right kind", to);
}

static void say_max_contains(const struct schema_error *e, struct buf *to)
{
    say_count(e, "at most", "entry of one kind", "entries of one kind", to);
}

static void say_unevaluated_items(const struct schema_error *e, struct buf *to)
{
    buf_addf(to, "has %zu %s too many", e->count, e->count == 1 ? "entry" : "entries");
}

/* A regular expression tells most people nothing; an example does. */
static void say_pattern(const struct schema_error *e, struct buf *to)
{
    const json_t *example = json_array_get(json_object_get(e->schema, "examples"), 0);

    buf_add_string(to, "does not have the expected form");
    if (json_is_string(example)) {
        buf_add_string(to, ", such as ");
        say_value(example, to);
    }
}

static void say_format(const struct schema_error *e, struct buf *to)
{
    buf_addf(to, "must be %s", e->name);
}

static void say_not(const struct schema_error *e, struct buf *to)
{
    (void)e;
    buf_add_string(to, "must not have this value");
}

static const struct {
    const char *keyword;
    void (*say)(const struct schema_error *e, struct buf *to);
} messages[] = {
    {"type", say_type},
    {"enum", say_enum},
    {"const", say_const},
    {"minimum", say_minimum},
    {"maximum", say_maximum},
    {"exclusiveMinimum", say_exclusive_minimum},
    {"exclusiveMaximum", say_exclusive_maximum},
    {"multipleOf", say_multiple_of},
    {"minLength", say_min_length},
    {"maxLength", say_max_length},
    {"minItems", say_min_items},
    {"maxItems", say_max_items},
    {"minProperties", say_min_properties},
    {"maxProperties", say_max_properties},
    {"items", say_items},
    {"uniqueItems", say_unique_items},
    {"contains", say_contains},
    {"minContains", say_min_contains},
    {"maxContains", say_max_contains},
    {"unevaluatedItems", say_unevaluated_items},
    {"pattern", say_pattern},
    {"format", say_format},
    {"not", say_not},
};

static void tell_simple(struct teller *t, const struct schema_error *e)
{
    buf_auto text = BUF_INIT;

    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        if (strcmp(messages[i].keyword, e->keyword) == 0)
            messages[i].say(e, &text);
    }
    if (text.length == 0 && !text.failed)
        BUG("the keyword \"%s\" has no plain message", e->keyword);
    add(t, e->path, keep_text(t, &text));
}

static void tell_required(struct teller *t, const struct schema_error *e)
{
    buf_auto text = BUF_INIT;

    buf_add_string(&text, "is required");
    if (e->other)
        buf_addf(&text, " when %s is given", e->other);
    add(t, member(t, e, e->name), keep_text(t, &text));
}

static void tell_unexpected(struct teller *t, const struct schema_error *e)
{
    for (size_t i = 0; i < e->count && i < SCHEMA_FIELDS; i++)
        add(t, member(t, e, e->names[i]), "is not expected here");
}

static bool is_keyword(const struct schema_error *e, const char *name)
{
    return e->keyword && strcmp(e->keyword, name) == 0;
}

static bool is_value_error(const struct schema_error *e)
{
    return is_keyword(e, "const") || is_keyword(e, "enum");
}

/* How well one alternative fits, judged by its errors. */
enum fit {
    FIT_NULL,  /* it is there only so that the value may be left out */
    FIT_TYPE,  /* another type altogether */
    FIT_OTHER, /* it is marked as another kind, by a value that it must have */
    FIT_MEANT,
};

static size_t depth_of(const struct schema_error *e)
{
    return e->path ? e->path->depth : 0;
}

static enum fit judge_branch(const struct schema_error *first, size_t branch)
{
    enum fit fit = FIT_MEANT;

    for (const struct schema_error *e = first; e; e = e->next) {
        size_t depth = depth_of(e) - e->parent_depth;
        if (e->branch != branch)
            continue;
        if (depth == 0 && is_keyword(e, "type"))
            return types_of_error(e) == TYPE_NULL ? FIT_NULL : FIT_TYPE;
        if (depth <= 1 && is_value_error(e))
            fit = FIT_OTHER;
    }
    return fit;
}

static void tell(struct teller *t, const struct schema_error *e);

static void tell_branch(struct teller *t, const struct schema_error *first, size_t branch)
{
    for (const struct schema_error *e = first; e; e = e->next) {
        if (e->branch == branch)
            tell(t, e);
    }
}

/* What the alternatives together say of the type of the value. */
static void tell_types(struct teller *t, const struct schema_error *parent)
{
    buf_auto text = BUF_INIT;
    unsigned types = 0;

    for (const struct schema_error *e = parent->context; e; e = e->next) {
        if (depth_of(e) == e->parent_depth && is_keyword(e, "type"))
            types |= types_of_error(e);
    }
    say_types(types, &text);
    add(t, parent->path, keep_text(t, &text));
}

/* Where all alternatives ask for some value at the same place, such as the kind of a thing: which
 * ones there are. False if it is not so. */
static bool tell_values(struct teller *t, const struct schema_error *parent)
{
    const struct schema_error *first = NULL;
    buf_auto text = BUF_INIT;
    size_t said = 0;

    buf_add_string(&text, "must be one of ");
    for (const struct schema_error *e = parent->context; e; e = e->next) {
        if (!is_value_error(e))
            continue;
        first = first ? first : e;
        if (e->instance != first->instance || said > VALUES_SHOWN)
            return false;
        for (size_t i = 0; i < (is_keyword(e, "const") ? 1 : json_array_size(e->value)); i++) {
            buf_add_string(&text, said++ > 0 ? ", " : "");
            say_value(is_keyword(e, "const") ? e->value : json_array_get(e->value, i), &text);
        }
    }
    if (first)
        add(t, first->path, keep_text(t, &text));
    return first;
}

/* anyOf and oneOf: the errors of the alternative that was meant, if there is just one such. */
static void tell_alternatives(struct teller *t, const struct schema_error *parent)
{
    size_t counts[FIT_MEANT + 1] = {0};
    size_t last[FIT_MEANT + 1] = {0};
    size_t branch = SIZE_MAX;

    for (const struct schema_error *e = parent->context; e; e = e->next) {
        if (e->branch == branch)
            continue;
        branch = e->branch; /* errors of one alternative follow one another */
        enum fit fit = judge_branch(e, branch);
        counts[fit]++;
        last[fit] = branch;
    }
    for (int fit = FIT_MEANT; fit > FIT_NULL; fit--) {
        if (counts[fit] == 1) {
            tell_branch(t, parent->context, last[fit]);
            return;
        }
        if (counts[fit] > 1)
            break;
    }
    if (counts[FIT_MEANT] == 0 && counts[FIT_OTHER] == 0)
        tell_types(t, parent);
    else if (counts[FIT_MEANT] > 0 || !tell_values(t, parent))
        add(t, parent->path, "does not fit any of the possible kinds");
}

/* Whether the values that are allowed are told already, so that their type says nothing more. */
static bool has_values(const struct schema_error *e)
{
    const json_t *values = json_object_get(e->schema, "enum");

    for (size_t i = 0; i < json_array_size(values); i++) {
        if (json_same(json_array_get(values, i), e->instance))
            return false;
    }
    return values || json_object_get(e->schema, "const");
}

static void tell(struct teller *t, const struct schema_error *e)
{
    if (is_keyword(e, "type") && has_values(e))
        return;
    if (e->of_name)
        add(t, member(t, e, json_string_value(e->instance)), "is not a name that is allowed here");
    else if (!e->keyword)
        add(t, e->place, "is not expected here");
    else if (is_keyword(e, "required") || is_keyword(e, "dependentRequired"))
        tell_required(t, e);
    else if (e->names)
        tell_unexpected(t, e);
    else if (is_keyword(e, "oneOf") && e->count > 0)
        add(t, e->path, "fits several of the possible kinds");
    else if (is_keyword(e, "anyOf") || is_keyword(e, "oneOf"))
        tell_alternatives(t, e);
    else
        tell_simple(t, e);
}

int schema_tell_fields(struct schema_errors *errors, struct error *error)
{
    struct teller t = {.errors = errors};

    for (const struct schema_error *e = errors->first; e; e = e->next)
        tell(&t, e);
    if (t.failed)
        return error_set(error, E2BIG, "the errors of this value need too much memory");
    return 0;
}
