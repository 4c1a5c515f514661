/*
 * Markdown (CommonMark with GitHub's tables, task lists, strikethrough and autolinks) for a
 * terminal: wrapped, with colours or in plain text. Raw HTML is left out, as it is on the web
 * page; nothing in the text can reach the terminal as an escape sequence.
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "common/error.h"

#define MARKDOWN_LONGEST ((size_t)64 << 10) /* bytes; what is longer is shown as it came */

/* Adds the text in lines of at most `width` columns (words and code that are longer stay whole).
 * -1 with ENOMEM. */
int markdown_render(struct buf *to, const char *markdown, int width, bool colour,
                    struct error *error);
