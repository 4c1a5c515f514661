/* The keywords that apply other schemas, to the same value or to its parts. */
#include <stdlib.h>
#include <string.h>

#include "json/schema_run.h"

/* Applies a schema to the value in hand. */
static bool apply_here(struct schema_run *run, struct schema_frame *frame,
                       const struct schema_node *node)
{
    struct schema_task task = {node, frame->instance, frame->path, frame->errors, frame->seen};

    return schema_evaluate(run, frame, task);
}

/* The same, only for the verdict. */
static bool fits_here(struct schema_run *run, struct schema_frame *frame,
                      const struct schema_node *node, struct schema_seen *seen)
{
    struct schema_task task = {node, frame->instance, frame->path, NULL, seen};

    return schema_evaluate(run, frame, task);
}

static bool apply_item(struct schema_run *run, struct schema_frame *frame,
                       const struct schema_node *node, size_t index)
{
    struct schema_path path = {.up = frame->path, .index = index};
    struct schema_task task = {node, json_array_get(frame->instance, index), &path, frame->errors,
                               NULL};

    path.depth = frame->path ? frame->path->depth + 1 : 1;
    return schema_evaluate(run, frame, task);
}

static bool apply_member(struct schema_run *run, struct schema_frame *frame,
                         const struct schema_node *node, const char *key, const json_t *value)
{
    struct schema_path path = {.up = frame->path, .key = key};
    struct schema_task task = {node, value, &path, frame->errors, NULL};

    path.depth = frame->path ? frame->path->depth + 1 : 1;
    return schema_evaluate(run, frame, task);
}

bool schema_check_ref(struct schema_run *run, struct schema_frame *frame,
                      const struct schema_keyword *keyword)
{
    return apply_here(run, frame, keyword->target);
}

/* The outermost schema that has the anchor is meant: it may extend the one that is written here. */
bool schema_check_dynamic_ref(struct schema_run *run, struct schema_frame *frame,
                              const struct schema_keyword *keyword)
{
    const struct schema_node *target = keyword->target;
    const struct schema_resource *last = NULL;

    if (!schema_spend(run, frame->depth / 16))
        return false;
    for (const struct schema_frame *f = frame; keyword->dynamic && f; f = f->up) {
        if (f->node->resource == last)
            continue;
        last = f->node->resource;
        json_t *index = json_object_get(last->dynamic_anchors, keyword->dynamic);
        if (index)
            target = run->schema->nodes[json_integer_value(index)];
    }
    return apply_here(run, frame, target);
}

bool schema_check_all_of(struct schema_run *run, struct schema_frame *frame,
                         const struct schema_keyword *keyword)
{
    bool valid = true;

    for (size_t i = 0; i < keyword->node_count && (valid || frame->errors); i++)
        valid &= apply_here(run, frame, keyword->nodes[i]);
    return valid;
}

/* Tries alternatives in turn, from `*at` on, until one fits; then `*at` is behind it. Why none fits
 * is collected. */
static bool try_alternatives(struct schema_run *run, struct schema_frame *frame,
                             const struct schema_keyword *keyword, size_t *at,
                             struct schema_collector *context)
{
    struct schema_frame branch = *frame;
    struct schema_undo undo = schema_undo_point(run);

    branch.errors = frame->errors ? context : NULL;
    branch.parent_depth = frame->path ? frame->path->depth : 0;
    while (*at < keyword->node_count && !run->stopped) {
        branch.branch = *at;
        if (apply_here(run, &branch, keyword->nodes[(*at)++])) {
            *context = (struct schema_collector){0};
            schema_undo(run, frame->path, undo);
            return true;
        }
    }
    return false;
}

static bool none_fits(struct schema_run *run, struct schema_frame *frame,
                      const struct schema_keyword *keyword, const struct schema_collector *context)
{
    struct schema_error *error = schema_record(run, frame, keyword);

    if (error)
        error->context = context->first;
    return false;
}

bool schema_check_any_of(struct schema_run *run, struct schema_frame *frame,
                         const struct schema_keyword *keyword)
{
    struct schema_collector context = {0};
    size_t at = 0;

    if (!try_alternatives(run, frame, keyword, &at, &context))
        return none_fits(run, frame, keyword, &context);
    while (frame->seen && at < keyword->node_count) /* for what the others have looked at */
        fits_here(run, frame, keyword->nodes[at++], frame->seen);
    return true;
}

bool schema_check_one_of(struct schema_run *run, struct schema_frame *frame,
                         const struct schema_keyword *keyword)
{
    struct schema_collector context = {0};
    struct schema_mark mark = schema_memory_mark(run->scratch);
    const json_t **fitting;
    struct schema_error *error;
    size_t at = 0;
    size_t count = 0;

    if (!try_alternatives(run, frame, keyword, &at, &context))
        return none_fits(run, frame, keyword, &context);
    size_t first = at - 1;
    fitting = schema_memory_alloc(run->scratch, keyword->node_count * sizeof(*fitting));
    if (!fitting)
        return schema_stop(run, "the schema needs too much memory for this value");
    for (; at < keyword->node_count && (count == 0 || frame->errors); at++) {
        if (fits_here(run, frame, keyword->nodes[at], NULL))
            fitting[count++] = keyword->nodes[at]->json;
    }
    if (count > 0 && (error = schema_record(run, frame, keyword))) {
        fitting[count++] = keyword->nodes[first]->json;
        const json_t **values = schema_take(run, count * sizeof(*values));
        if (values)
            memcpy(values, fitting, count * sizeof(*values));
        error->values = values;
        error->count = values ? count : 0;
    }
    schema_memory_rewind(run->scratch, mark);
    return count == 0;
}

bool schema_check_not(struct schema_run *run, struct schema_frame *frame,
                      const struct schema_keyword *keyword)
{
    if (!fits_here(run, frame, keyword->nodes[0], NULL))
        return true;
    schema_record(run, frame, keyword);
    return false;
}

bool schema_check_if(struct schema_run *run, struct schema_frame *frame,
                     const struct schema_keyword *keyword)
{
    bool fits = fits_here(run, frame, keyword->nodes[0], frame->seen);
    const struct schema_keyword *next = schema_node_keyword(frame->node, fits ? "then" : "else");

    return next ? apply_here(run, frame, next->nodes[0]) : true;
}

bool schema_check_dependent_schemas(struct schema_run *run, struct schema_frame *frame,
                                    const struct schema_keyword *keyword)
{
    json_t *map = (json_t *)keyword->value;
    size_t i = 0;
    bool valid = true;

    if (!json_is_object(frame->instance))
        return true;
    for (void *at = json_object_iter(map); at && (valid || frame->errors);
         at = json_object_iter_next(map, at), i++) {
        if (!schema_spend(run, 1))
            return false;
        if (json_object_get(frame->instance, json_object_iter_key(at)))
            valid &= apply_here(run, frame, keyword->nodes[i]);
    }
    return valid;
}

bool schema_check_prefix_items(struct schema_run *run, struct schema_frame *frame,
                               const struct schema_keyword *keyword)
{
    size_t count = json_array_size(frame->instance);
    bool valid = true;

    for (size_t i = 0; i < count && i < keyword->node_count && (valid || frame->errors); i++) {
        valid &= apply_item(run, frame, keyword->nodes[i], i);
        schema_see(frame->seen, i);
    }
    return valid;
}

bool schema_check_items(struct schema_run *run, struct schema_frame *frame,
                        const struct schema_keyword *keyword)
{
    const struct schema_keyword *prefix = schema_node_keyword(frame->node, "prefixItems");
    const struct schema_node *node = keyword->nodes[0];
    size_t start = prefix ? prefix->node_count : 0;
    size_t count = json_array_size(frame->instance);
    bool valid = true;

    if (count <= start)
        return true;
    schema_see_all(frame->seen);
    if (node->kind == NODE_FALSE) {
        struct schema_error *error = schema_record(run, frame, keyword);
        if (error)
            error->count = start;
        return false;
    }
    for (size_t i = start; i < count && (valid || frame->errors) && !run->stopped; i++)
        valid &= apply_item(run, frame, node, i);
    return valid;
}

bool schema_check_contains(struct schema_run *run, struct schema_frame *frame,
                           const struct schema_keyword *keyword)
{
    const struct schema_keyword *least = schema_node_keyword(frame->node, "minContains");
    const struct schema_keyword *most = schema_node_keyword(frame->node, "maxContains");
    struct schema_frame quiet = *frame;
    size_t found = 0;
    struct schema_error *error;

    if (!json_is_array(frame->instance))
        return true;
    quiet.errors = NULL;
    for (size_t i = 0; i < json_array_size(frame->instance); i++) {
        if (!apply_item(run, &quiet, keyword->nodes[0], i))
            continue;
        schema_see(frame->seen, i);
        if (++found > (most ? most->count : SIZE_MAX)) {
            schema_record(run, frame, most);
            return false;
        }
    }
    if (found >= (least ? least->count : 1))
        return true;
    error = schema_record(run, frame, found > 0 && least ? least : keyword);
    if (error)
        error->count = found;
    return false;
}

bool schema_check_properties(struct schema_run *run, struct schema_frame *frame,
                             const struct schema_keyword *keyword)
{
    json_t *map = (json_t *)keyword->value;
    json_t *instance = (json_t *)frame->instance;
    size_t i = 0;
    bool valid = true;

    if (!json_is_object(instance))
        return true;
    for (void *at = json_object_iter(map); at && (valid || frame->errors);
         at = json_object_iter_next(map, at), i++) {
        const char *key = json_object_iter_key(at);
        const json_t *value = json_object_get(instance, key);
        if (!schema_spend(run, 1))
            return false;
        if (value)
            valid &= apply_member(run, frame, keyword->nodes[i], key, value);
    }
    i = 0;
    for (void *at = json_object_iter(instance); frame->seen && at;
         at = json_object_iter_next(instance, at), i++) {
        if (json_object_get(map, json_object_iter_key(at)))
            schema_see(frame->seen, i);
    }
    return valid;
}

/* Whether the pattern numbered `i` is found in a key. */
static bool matches(struct schema_run *run, const struct schema_keyword *keyword, size_t i,
                    const char *source, const char *key)
{
    return schema_search(run, keyword->patterns[i], source, key, strlen(key));
}

bool schema_check_pattern_properties(struct schema_run *run, struct schema_frame *frame,
                                     const struct schema_keyword *keyword)
{
    json_t *map = (json_t *)keyword->value;
    json_t *instance = (json_t *)frame->instance;
    size_t i = 0;
    bool valid = true;

    if (!json_is_object(instance))
        return true;
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at), i++) {
        const char *source = json_object_iter_key(at);
        size_t index = 0;
        for (void *member = json_object_iter(instance); member && (valid || frame->errors);
             member = json_object_iter_next(instance, member), index++) {
            const char *key = json_object_iter_key(member);
            if (!matches(run, keyword, i, source, key))
                continue;
            schema_see(frame->seen, index);
            valid &=
                apply_member(run, frame, keyword->nodes[i], key, json_object_iter_value(member));
        }
    }
    return valid;
}

/* Whether neither `properties` nor `patternProperties` speaks of a key. */
static bool is_additional(struct schema_run *run, const struct schema_frame *frame, const char *key)
{
    const struct schema_keyword *properties = schema_node_keyword(frame->node, "properties");
    const struct schema_keyword *patterns = schema_node_keyword(frame->node, "patternProperties");
    size_t i = 0;

    if (!schema_spend(run, 1) || (properties && json_object_get(properties->value, key)))
        return false;
    json_t *map = patterns ? (json_t *)patterns->value : NULL;
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at), i++) {
        if (matches(run, patterns, i, json_object_iter_key(at), key))
            return false;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* An error that lists names; `count` is how many there are room for. */
static const char **record_names(struct schema_run *run, struct schema_frame *frame,
                                 const struct schema_keyword *keyword, size_t count)
{
    struct schema_error *error = schema_record(run, frame, keyword);
    const char **names = error ? schema_take(run, count * sizeof(*names)) : NULL;

    if (names) {
        error->names = names;
        error->count = count;
    }
    return names;
}

/* additionalProperties: false */
static bool refuse_additional(struct schema_run *run, struct schema_frame *frame,
                              const struct schema_keyword *keyword)
{
    json_t *instance = (json_t *)frame->instance;
    struct schema_mark mark = schema_memory_mark(run->scratch);
    const char **found =
        schema_memory_alloc(run->scratch, (json_object_size(instance) + 1) * sizeof(*found));
    size_t count = 0;

    if (!found)
        return schema_stop(run, "the schema needs too much memory for this value");
    for (void *at = json_object_iter(instance); at; at = json_object_iter_next(instance, at)) {
        const char *key = json_object_iter_key(at);
        if (is_additional(run, frame, key))
            found[count++] = key;
    }
    qsort(found, count, sizeof(*found), by_name);
    const char **names = count > 0 ? record_names(run, frame, keyword, count) : NULL;
    if (names)
        memcpy(names, found, count * sizeof(*names));
    schema_memory_rewind(run->scratch, mark);
    return count == 0;
}

bool schema_check_additional_properties(struct schema_run *run, struct schema_frame *frame,
                                        const struct schema_keyword *keyword)
{
    json_t *instance = (json_t *)frame->instance;
    size_t index = 0;
    bool valid = true;

    if (!json_is_object(instance))
        return true;
    if (keyword->nodes[0]->kind == NODE_FALSE)
        return refuse_additional(run, frame, keyword);
    for (void *at = json_object_iter(instance); at && (valid || frame->errors);
         at = json_object_iter_next(instance, at), index++) {
        const char *key = json_object_iter_key(at);
        if (!is_additional(run, frame, key))
            continue;
        bool fits = apply_member(run, frame, keyword->nodes[0], key, json_object_iter_value(at));
        if (fits)
            schema_see(frame->seen, index);
        valid &= fits;
    }
    return valid;
}

bool schema_check_property_names(struct schema_run *run, struct schema_frame *frame,
                                 const struct schema_keyword *keyword)
{
    json_t *instance = (json_t *)frame->instance;
    struct schema_frame of_name = *frame;
    bool valid = true;

    if (!json_is_object(instance))
        return true;
    of_name.of_name = true;
    for (void *at = json_object_iter(instance); at && (valid || frame->errors);
         at = json_object_iter_next(instance, at)) {
        json_t *name = json_string(json_object_iter_key(at));
        if (!name)
            return schema_stop(run, "no memory to validate");
        struct schema_task task = {keyword->nodes[0], name, frame->path, frame->errors, NULL};
        if (schema_evaluate(run, &of_name, task)) {
            json_decref(name);
            continue;
        }
        valid = false;
        schema_memory_keep(run->memory, name); /* errors point to it */
    }
    return valid;
}

bool schema_check_unevaluated_items(struct schema_run *run, struct schema_frame *frame,
                                    const struct schema_keyword *keyword)
{
    struct schema_mark mark = schema_memory_mark(run->scratch);
    size_t size = json_array_size(frame->instance);
    struct schema_frame quiet = *frame;
    const json_t **found;
    size_t count = 0;
    struct schema_error *error;

    if (!json_is_array(frame->instance) || !frame->seen)
        return true;
    found = schema_memory_alloc(run->scratch, (size + 1) * sizeof(*found));
    if (!found)
        return schema_stop(run, "the schema needs too much memory for this value");
    quiet.errors = NULL;
    for (size_t i = 0; i < size; i++) {
        if (!schema_was_seen(frame->seen, i) && !apply_item(run, &quiet, keyword->nodes[0], i))
            found[count++] = json_array_get(frame->instance, i);
    }
    if (count == 0) {
        schema_see_all(frame->seen);
    } else if ((error = schema_record(run, frame, keyword))) {
        const json_t **values = schema_take(run, count * sizeof(*values));
        if (values)
            memcpy(values, found, count * sizeof(*values));
        error->values = values;
        error->count = values ? count : 0;
    }
    schema_memory_rewind(run->scratch, mark);
    return count == 0;
}

bool schema_check_unevaluated_properties(struct schema_run *run, struct schema_frame *frame,
                                         const struct schema_keyword *keyword)
{
    struct schema_mark mark = schema_memory_mark(run->scratch);
    json_t *instance = (json_t *)frame->instance;
    struct schema_frame quiet = *frame;
    const char **found;
    size_t count = 0;
    size_t index = 0;

    if (!json_is_object(instance) || !frame->seen)
        return true;
    found = schema_memory_alloc(run->scratch, (json_object_size(instance) + 1) * sizeof(*found));
    if (!found)
        return schema_stop(run, "the schema needs too much memory for this value");
    quiet.errors = NULL;
    for (void *at = json_object_iter(instance); at;
         at = json_object_iter_next(instance, at), index++) {
        const char *key = json_object_iter_key(at);
        if (!schema_was_seen(frame->seen, index) &&
            !apply_member(run, &quiet, keyword->nodes[0], key, json_object_iter_value(at)))
            found[count++] = key;
    }
    if (count == 0) {
        schema_see_all(frame->seen);
    } else {
        if (keyword->nodes[0]->kind == NODE_FALSE)
            qsort(found, count, sizeof(*found), by_name);
        const char **names = record_names(run, frame, keyword, count);
        if (names)
            memcpy(names, found, count * sizeof(*names));
    }
    schema_memory_rewind(run->scratch, mark);
    return count == 0;
}
