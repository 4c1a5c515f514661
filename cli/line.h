/*
 * The text of one line while it is edited, and the place in it. A step goes over a whole character
 * with the marks that belong to it, however many bytes that is.
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

struct line {
    struct buf text; /* UTF-8; `failed` once it is too long */
    size_t cursor;   /* bytes before it */
    bool fresh;      /* filled in for the person: the first that is typed takes its place */
};

void line_release(struct line *line);

/* Fills the text in, fresh, with the cursor at its end. */
void line_set(struct line *line, const char *text);

/* What keys do. */
void line_insert(struct line *line, const char *text, size_t length);
void line_left(struct line *line);
void line_right(struct line *line);
void line_home(struct line *line);
void line_end(struct line *line);
void line_backspace(struct line *line);
void line_delete(struct line *line);
void line_delete_word(struct line *line); /* before the cursor */
void line_delete_before(struct line *line);
void line_delete_after(struct line *line);

/* Appends the part around the cursor that has room in `room` columns, safe for the screen, and
 * where in it the cursor is. Ellipses stand for what is left out. */
void line_show(const struct line *line, int room, struct buf *to, int *ret_column);
