/*
 * Text for a terminal: measured, wrapped, coloured and made harmless.
 *
 * What comes from elsewhere (a title, a log message, a description) may hold anything. Before it
 * is printed it goes through text_add_safe, so that in a text for the screen every escape
 * sequence is one of ours; the functions that measure and wrap rely on that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/safe_text.h"

enum text_style {
    STYLE_PLAIN = 0,
    STYLE_BOLD = 1 << 0,
    STYLE_DIM = 1 << 1,
    STYLE_ITALIC = 1 << 2,
    STYLE_UNDERLINE = 1 << 3,
    STYLE_STRIKE = 1 << 4,
    STYLE_RED = 1 << 5,
    STYLE_GREEN = 1 << 6,
    STYLE_YELLOW = 1 << 7,
    STYLE_CYAN = 1 << 8,
};

/* Has characters outside of ASCII measured rightly, whatever the locale; once, at the start. */
void text_init(void);

/* Adds the sequence that sets exactly these styles, or nothing without colour. */
void text_add_style(struct buf *to, bool colour, unsigned styles);

/* text_add_safe of one short line: at most `columns` wide, cut with an ellipsis. */
void text_add_short(struct buf *to, const char *text, int columns);

/* The bytes of the first character with the marks behind it that take no column of their own, and
 * its columns. `length` is not 0. */
size_t text_first(const char *text, size_t length, int *ret_width);

/* Columns that `text` takes on a terminal; our own escape sequences take none. */
int text_width(const char *text);

/* Adds `text` in lines of at most `width` columns, broken at spaces and at each line end, every
 * line ended. The first begins with `first`, the others with `rest`, both of which count. A style
 * that goes on over a break does not colour what stands in front of the line. */
void text_wrap(struct buf *to, const char *text, int width, const char *first, const char *rest);

/* "in 2 hours 5 minutes", "3 days ago", "now": the distance between two times. */
void text_add_relative(struct buf *to, int64_t time, int64_t now);
