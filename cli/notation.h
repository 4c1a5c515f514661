/*
 * Fields of a form in a line each, the short notation of scripts:
 *
 *     NAME[?][: TYPE [BOUNDS]] [= DEFAULT] [# HELP]
 *
 *     env: staging | production = staging   # where it goes
 *     replicas: integer >= 1 <= 20 = 3
 *     note?: text <= 200
 *     tags: list of text
 *
 * TYPE: text, integer, number, boolean, date, time, datetime, "list of" one of these, or choices
 * with "|" between them; without one it is text. BOUNDS, with <=, <, >= and >, are those of a
 * number, of a text's length or of a list's. DEFAULT goes up to " #", or is a JSON string or list.
 * A field with "?" may be left out.
 */
#pragma once

#include <jansson.h>

#include "common/error.h"

/* The schema of a form without fields; NULL without memory. */
json_t *notation_begin(const char *title);

/* Adds the field that the text describes. The error (EINVAL) tells what is wrong with the text;
 * then nothing is added. */
int notation_add(json_t *schema, const char *text, struct error *error);
