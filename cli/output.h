/* Where the command writes, and in what dress: colours, width, tables. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "cli/text.h"
#include "common/buf.h"

struct screen {
    FILE *out;
    bool colour; /* a terminal that wants colours: NO_COLOR is not set, TERM is not "dumb" */
    bool is_terminal;
    int width; /* columns for text: the terminal's, within reason; 80 without one */
};

void screen_init(struct screen *ret_screen, FILE *out);

/* A terminal that knows how to go back to what was written. */
bool screen_can_be_drawn_over(const struct screen *screen);

/* Rows of the terminal; 24 without one. */
int screen_height(const struct screen *screen);

/* Writes what the buffer holds and empties it. */
void screen_flush(struct screen *screen, struct buf *text);

/* A line to standard error: "error: " and the message, made harmless. */
void complain(const char *format, ...) PRINTF_LIKE(1, 2);

/* Rows of cells, each `columns` texts as they came from elsewhere. On a terminal a table that is
 * too wide has its widest columns cut, that of the ids at last. */
struct table {
    const char *const *headers;
    size_t columns;
    char **cells; /* owned, one row after the other */
    size_t count;
    bool failed; /* memory ran out */
};

#define table_auto CLEANUP(table_release) struct table

void table_release(struct table *table);
void table_add(struct table *table, const char *text); /* the next cell; NULL: empty */
int table_print(const struct table *table, struct screen *screen, struct error *error);

/* Appends what table_print would print on the screen. */
int table_add_to(const struct table *table, const struct screen *screen, struct buf *to,
                 struct error *error);
