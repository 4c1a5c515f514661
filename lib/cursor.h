/*
 * How far a receiver has come, kept with the run, so that another process of the run goes on there.
 *
 * Inputs are acknowledged in order: where the server numbers them, one mark with the number of the
 * last is replaced each time. Another server cannot replace an input: there each acknowledged one
 * has an input of its own, under the cursor's name.
 */
#pragma once

#include <jansson.h>

#include "lib/input_reader.h"

#define CURSOR_NAME_SIZE 61 /* with its NUL */

struct cursor {
    struct fm_run *run;
    char mark[INPUT_KEY_SIZE];   /* key of the mark */
    char prefix[INPUT_KEY_SIZE]; /* of the keys of single acknowledgements */
};

/* Finds where the reader has to go on, and has it go there. FM_INVALID: the name is too long or
 * cannot be in a key. */
int cursor_open(struct cursor *ret_cursor, const char *name, struct input_reader *reader,
                struct fm_error *error) MUST_CHECK;

/* The input with this key and number (0: the server gives none) is done with, and all before it. */
int cursor_move(const struct cursor *cursor, const char *key, int64_t number,
                struct fm_error *error) MUST_CHECK;
