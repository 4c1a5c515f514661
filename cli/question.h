/* One question of a form, how it is shown, and what was wrong with its last answer. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cli/field.h"
#include "cli/prompt.h"
#include "json/schema.h"

/* One way through the form. */
struct walk {
    struct prompt *prompt;
    const json_t *root;   /* the schema */
    const json_t *errors; /* ask only for what these name, see errors_tidy; NULL: for everything */
    size_t asked;         /* questions */
    struct error *error;
};

struct question {
    struct field field;
    struct schema_step *step; /* of the value; NULL for the whole form */
    const char *path;         /* the same as text: "address.street"; "" for the whole form */
    const char *title;        /* for the screen */
    const json_t *fallback;   /* what Enter takes, or NULL */
    bool required;
    int depth; /* objects, lists and unions around it */
};

/* The errors of a refused answer, [{"path", "message"}], without what has not this shape. */
json_t *errors_tidy(const json_t *errors);

/* Whether one is at `path`, or, unless `exactly`, inside it. */
bool errors_concern(const json_t *errors, const char *path, bool exactly);

/* Title, help, hint and, where they are no menu, choices, then what was wrong with the last answer.
 */
void question_show(const struct walk *walk, const struct question *question);

/* Only what was wrong; of an object without what will be shown beside one of its fields. */
void question_show_errors(const struct walk *walk, const struct question *question);

/* Shows numbered choices, not all of very many; nothing where they are a menu. */
void question_show_choices(const struct walk *walk, const json_t *options);

/* "  [default] > ", what a line is asked for with, without the default where it is filled in; `end`
 * is "> " or says more. */
void question_add_mark(const struct walk *walk, struct buf *to, const struct question *question,
                       const char *end);

/* Reads what is answered, in an edited line with the default filled in where that can be done; what
 * was left as it was reads as nothing. A list goes on in the next line as long as its last one ends
 * with a comma. `names`: of the branches that are chosen from, or NULL. */
int question_read(const struct walk *walk, const struct question *question, const json_t *names,
                  struct buf *answer);

/* A remark of the form itself. */
void question_add_dim(const struct walk *walk, struct buf *to, const char *text);
