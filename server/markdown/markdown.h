/*
 * Markdown (CommonMark with GitHub's tables, strikethrough, autolinks and task lists) to HTML that
 * may stand in our own pages.
 *
 * Raw HTML is left out. A link keeps its target if that is http, https, mailto or relative, and
 * tells the browser neither to trust nor to follow it; of any other link the text alone remains.
 * Pictures may have any source but a script (of data only a picture's type). What is not UTF-8
 * becomes U+FFFD. Time and memory are bounded for any input: about a second in the worst cases
 * known.
 */
#pragma once

#include <stddef.h>

#include "common/buf.h"
#include "common/error.h"

#define MARKDOWN_MAX ((size_t)64 << 10) /* bytes */

/* Appends the HTML to `to`. Fails if the Markdown is too long (EFBIG) or memory runs out (ENOMEM).
 * May be called from any thread. */
int markdown_to_html(const char *markdown, size_t length, struct buf *to,
                     struct error *error) MUST_CHECK;
