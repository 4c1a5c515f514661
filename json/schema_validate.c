/* The frame of a validation: subschema by subschema, with bounds, errors and what was looked at. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/schema_run.h"
#include "json/text.h"

bool schema_stop(struct schema_run *run, const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE];
    va_list args;

    if (run->stopped)
        return false;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    run->stopped = true;
    error_set(run->error, E2BIG, "%s", message);
    return false;
}

bool schema_spend(struct schema_run *run, size_t steps)
{
    run->steps += steps;
    if (run->steps > SCHEMA_STEPS)
        return schema_stop(run, "the schema needs more than %d steps for this value", SCHEMA_STEPS);
    return !run->stopped;
}

bool schema_search(struct schema_run *run, const struct schema_pattern *pattern, const char *source,
                   const char *text, size_t length)
{
    int found = schema_pattern_search(pattern, text, length, &run->steps);

    if (found < 0)
        return schema_stop(
            run, "the pattern \"%.100s\" takes too long to be searched for in a text", source);
    return schema_spend(run, 0) && found;
}

static bool stop_at_depth(struct schema_run *run, const struct schema_frame *frame)
{
    for (const struct schema_frame *f = frame->up; f; f = f->up) {
        if (f->node == frame->node && f->instance == frame->instance)
            return schema_stop(run, "the schema refers to itself without end");
    }
    return schema_stop(run, "the schema goes deeper than %d levels for this value", SCHEMA_DEPTH);
}

/* The copy of a path that errors can point to. */
static struct schema_step *keep_path(struct schema_run *run, struct schema_path *path)
{
    if (!path || path->kept)
        return path ? path->kept : NULL;
    struct schema_step *up = keep_path(run, path->up);
    struct schema_step *step = schema_take(run, sizeof(*step));
    if (!step)
        return NULL;
    *step = (struct schema_step){up, path->key, path->index, path->depth};
    path->kept = step;
    path->kept_order = ++run->kept_order;
    return step;
}

struct schema_undo schema_undo_point(struct schema_run *run)
{
    return (struct schema_undo){schema_memory_mark(run->memory), run->error_count, run->kept_order};
}

void schema_undo(struct schema_run *run, struct schema_path *path, struct schema_undo undo)
{
    schema_memory_rewind(run->memory, undo.mark);
    run->error_count = undo.error_count;
    for (; path; path = path->up) {
        if (path->kept && path->kept_order <= undo.kept_order)
            return;
        path->kept = NULL;
    }
}

void *schema_take(struct schema_run *run, size_t size)
{
    void *memory = schema_memory_alloc(run->memory, size);

    if (!memory)
        schema_stop(run, "the errors of this value need too much memory");
    return memory;
}

struct schema_error *schema_record(struct schema_run *run, struct schema_frame *frame,
                                   const struct schema_keyword *keyword)
{
    struct schema_collector *errors = frame->errors;
    struct schema_error *error;

    if (!errors || run->stopped)
        return NULL;
    if (++run->error_count > SCHEMA_ERRORS) {
        schema_stop(run, "the value has more than %d errors", SCHEMA_ERRORS);
        return NULL;
    }
    error = schema_take(run, sizeof(*error));
    if (!error)
        return NULL;
    error->path = keep_path(run, frame->path);
    error->place = error->path;
    error->keyword = keyword ? keyword->kind->name : NULL;
    error->value = keyword ? keyword->value : NULL;
    error->instance = frame->instance;
    error->schema = frame->node->json;
    error->parent_depth = frame->parent_depth;
    error->branch = frame->branch;
    error->of_name = frame->of_name;
    if (errors->last)
        errors->last->next = error;
    else
        errors->first = error;
    errors->last = error;
    errors->count++;
    return error;
}

void schema_see(struct schema_seen *seen, size_t index)
{
    if (seen)
        seen->bits[index / 8] |= (unsigned char)(1 << index % 8);
}

void schema_see_all(struct schema_seen *seen)
{
    if (seen)
        seen->all = true;
}

bool schema_was_seen(const struct schema_seen *seen, size_t index)
{
    return seen->all || (seen->bits[index / 8] & 1 << index % 8);
}

static void merge_seen(struct schema_seen *to, const struct schema_seen *from)
{
    to->all |= from->all;
    for (size_t i = 0; i < (from->count + 7) / 8; i++)
        to->bits[i] |= from->bits[i];
}

/* Prepares the set for an array or object; NULL for other values, where nothing can be seen. */
static struct schema_seen *begin_seen(struct schema_run *run, const json_t *instance,
                                      struct schema_seen *seen)
{
    if (!json_is_array(instance) && !json_is_object(instance))
        return NULL;
    seen->count = json_is_array(instance) ? json_array_size(instance) : json_object_size(instance);
    seen->bits = schema_memory_alloc(run->scratch, seen->count / 8 + 1);
    if (!seen->bits || !schema_spend(run, seen->count / 64)) {
        schema_stop(run, "the schema needs too much memory for this value");
        return NULL;
    }
    return seen;
}

/* Moves the last error of a list behind `anchor` (NULL: to the front); `before` is the one before
 * it. */
static void move_last(struct schema_collector *errors, struct schema_error *before,
                      struct schema_error *anchor)
{
    struct schema_error *moved = errors->last;
    struct schema_error **link = anchor ? &anchor->next : &errors->first;

    if (moved == before || before == anchor)
        return;
    before->next = NULL;
    errors->last = before;
    moved->next = *link;
    *link = moved;
}

/* The unevaluated keywords run last, but their errors stand where they are written. */
static bool run_unevaluated(struct schema_run *run, struct schema_frame *frame,
                            const struct schema_keyword *keyword, struct schema_error *anchor)
{
    struct schema_error *before = frame->errors ? frame->errors->last : NULL;
    bool valid = keyword->kind->check(run, frame, keyword);

    if (frame->errors)
        move_last(frame->errors, before, anchor);
    return valid;
}

static bool run_keywords(struct schema_run *run, struct schema_frame *frame)
{
    const struct schema_node *node = frame->node;
    const struct schema_keyword *late = node->keywords + node->keyword_count;
    const struct schema_keyword *end = late;
    struct schema_error *start = frame->errors ? frame->errors->last : NULL;
    struct schema_error *anchors[2] = {start, start};
    bool valid = true;

    while (late > node->keywords && late[-1].kind->vocabulary == VOCABULARY_UNEVALUATED)
        late--;
    for (const struct schema_keyword *k = node->keywords; k < late && !run->stopped; k++) {
        valid &= !k->kind->check || k->kind->check(run, frame, k);
        if (!valid && !frame->errors)
            return false;
        for (const struct schema_keyword *u = late; u < end; u++) {
            if (frame->errors && k->order < u->order)
                anchors[u - late] = frame->errors->last;
        }
    }
    for (const struct schema_keyword *u = late; u < end && !run->stopped; u++)
        valid &= run_unevaluated(run, frame, u, anchors[u - late]);
    return valid && !run->stopped;
}

static void record_false(struct schema_run *run, struct schema_frame *frame)
{
    struct schema_error *error = schema_record(run, frame, NULL);

    if (error && error->path && frame->up && frame->up->path != frame->path)
        error->path = error->path->up;
}

bool schema_evaluate(struct schema_run *run, const struct schema_frame *up, struct schema_task task)
{
    struct schema_frame frame = {
        .up = up,
        .node = task.node,
        .instance = task.instance,
        .path = task.path,
        .errors = task.errors,
        .depth = up ? up->depth + 1 : 1,
        .parent_depth = up ? up->parent_depth : 0,
        .branch = up ? up->branch : 0,
        .of_name = up && up->of_name,
    };
    struct schema_seen seen = {0};
    struct schema_mark mark;
    bool valid;

    if (!schema_spend(run, 1))
        return false;
    if (task.node->kind == NODE_TRUE)
        return true;
    if (task.node->kind == NODE_FALSE) {
        record_false(run, &frame);
        return false;
    }
    if (frame.depth > SCHEMA_DEPTH)
        return stop_at_depth(run, &frame);
    if (!task.seen && !task.node->has_unevaluated)
        return run_keywords(run, &frame);
    mark = schema_memory_mark(run->scratch);
    frame.seen = begin_seen(run, task.instance, &seen);
    valid = run_keywords(run, &frame);
    if (valid && task.seen && frame.seen)
        merge_seen(task.seen, frame.seen);
    schema_memory_rewind(run->scratch, mark);
    return valid;
}

static int finish(struct schema_run *run, bool valid, struct schema_collector *found,
                  struct schema_errors *ret_errors)
{
    struct schema_errors errors = {.first = found->first, .count = found->count};

    if (run->stopped)
        return -1;
    if (!ret_errors)
        return !valid;
    errors.memory = run->memory;
    if (schema_tell_fields(&errors, run->error) < 0)
        return -1;
    run->memory = NULL; /* the caller's now */
    *ret_errors = errors;
    return (int)errors.count;
}

int schema_validate(const struct schema *schema, const json_t *instance,
                    struct schema_errors *ret_errors, struct error *error)
{
    struct schema_run run = {.schema = schema, .error = error};
    struct schema_collector found = {0};
    struct schema_task task = {schema->root, instance, NULL, ret_errors ? &found : NULL, NULL};
    int result;

    if (!json_is_shallow(instance, JSON_TEXT_DEPTH))
        return error_set(error, E2BIG, "the value is nested deeper than %d", JSON_TEXT_DEPTH);
    run.memory = schema_memory_new();
    run.scratch = schema_memory_new();
    if (run.memory && run.scratch)
        result = finish(&run, schema_evaluate(&run, NULL, task), &found, ret_errors);
    else
        result = error_set(error, ENOMEM, "no memory to validate");
    schema_memory_free(run.memory);
    schema_memory_free(run.scratch);
    return result;
}

void schema_errors_release(struct schema_errors *errors)
{
    schema_memory_free(errors->memory);
    *errors = (struct schema_errors){0};
}
