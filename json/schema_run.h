/* One validation on its way. For the parts of the schema validator alone. */
#pragma once

#include "json/schema_internal.h"

/* The way to the value in hand, on the C stack; copied to the heap once an error needs it. */
struct schema_path {
    struct schema_path *up;
    const char *key; /* NULL: an index */
    size_t index;
    size_t depth;
    struct schema_step *kept; /* the copy */
    size_t kept_order;        /* copies are numbered in the order in which they were made */
};

struct schema_collector {
    struct schema_error *first;
    struct schema_error *last;
    size_t count;
};

/* Which members or items of an instance some keyword has looked at. */
struct schema_seen {
    bool all;
    unsigned char *bits;
    size_t count;
};

/* One subschema at work on one value. */
struct schema_frame {
    const struct schema_frame *up;
    const struct schema_node *node;
    const json_t *instance;
    struct schema_path *path;
    struct schema_collector *errors; /* NULL: only the verdict is asked for */
    struct schema_seen *seen;        /* NULL: nobody asks */
    size_t depth;
    size_t parent_depth; /* of the path, where alternatives began */
    size_t branch;
    bool of_name; /* the instance is a key */
};

struct schema_run {
    const struct schema *schema;
    struct schema_memory *memory;  /* the errors */
    struct schema_memory *scratch; /* sets of what was seen */
    size_t steps;
    size_t error_count;
    size_t kept_order;
    bool stopped; /* a bound was met; `error` says which */
    struct error *error;
};

/* Counts work; false once there was too much. */
bool schema_spend(struct schema_run *run, size_t steps);
bool schema_stop(struct schema_run *run, const char *format, ...) PRINTF_LIKE(2, 3);

/* Searches with a pattern; false also if it takes too long, which ends the run. */
bool schema_search(struct schema_run *run, const struct schema_pattern *pattern, const char *source,
                   const char *text, size_t length);

struct schema_task {
    const struct schema_node *node;
    const json_t *instance;
    struct schema_path *path;
    struct schema_collector *errors;
    struct schema_seen *seen;
};

/* Whether the instance is valid; errors go to `errors` unless that is NULL. */
bool schema_evaluate(struct schema_run *run, const struct schema_frame *up,
                     struct schema_task task);

/* Notes an error of the frame's value; NULL if none is asked for or there is no room. */
struct schema_error *schema_record(struct schema_run *run, struct schema_frame *frame,
                                   const struct schema_keyword *keyword);
void *schema_take(struct schema_run *run, size_t size); /* for what an error holds */

/* Takes back all errors that were noted since a mark. */
struct schema_undo {
    struct schema_mark mark;
    size_t error_count;
    size_t kept_order;
};
struct schema_undo schema_undo_point(struct schema_run *run);
void schema_undo(struct schema_run *run, struct schema_path *path, struct schema_undo undo);

void schema_see(struct schema_seen *seen, size_t index); /* `seen` may be NULL */
void schema_see_all(struct schema_seen *seen);
bool schema_was_seen(const struct schema_seen *seen, size_t index);
