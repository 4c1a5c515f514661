/* UUIDs as text: RFC 9562, lower case, 36 characters. */
#pragma once

#include <stdbool.h>

#define ID_SIZE 37 /* with the closing NUL */

/* Version 7: begins with the time in milliseconds, so that rows made later sort later. Ids made in
 * one process are strictly increasing. */
void id_new(char ret_id[static ID_SIZE]);

/* Version 4, all random: where an id must not tell its age. */
void id_random(char ret_id[static ID_SIZE]);

/* Takes what Python's uuid.UUID takes (upper case, braces, "urn:uuid:", no dashes) and gives the
 * usual form. False if `text` is no UUID. */
bool id_parse(const char *text, char ret_id[static ID_SIZE]);

/* Copies an id in its usual form. */
void id_copy(char ret_id[static ID_SIZE], const char *id);
