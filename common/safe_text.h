/*
 * Text from elsewhere, made harmless for a terminal.
 *
 * What others wrote (a title, a line of a log, an answer) may hold anything, escape sequences too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Adds `text` with control characters, invalid UTF-8 and marks that reverse the direction of
 * writing shown as U+FFFD. Tabs become spaces; line ends stay if `lines`, else become spaces. */
void text_add_safe(struct buf *to, const char *text, size_t length, bool lines);

/* Whether it is one of those that are not to be shown as they are. */
bool text_is_harmful(uint32_t character);

/* Reads one character of UTF-8, of which `length` bytes (at least one) are there; an invalid byte
 * is U+FFFD of length 1. Its length. */
size_t text_next_character(const char *text, size_t length, uint32_t *ret_character);
