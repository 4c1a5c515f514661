/*
 * Which inputs a run has done with, kept by the server beside the inputs themselves: one row with
 * the key "cursor-NAME-KEY" for each. So it outlives the process, and storing is one write that may
 * be repeated.
 */
#pragma once

#include <jansson.h>

#include "common/error.h"
#include "include/fermata.h"

/* Appends the keys that were acknowledged under the name to the array. */
int cursor_load(struct fm_run *run, const char *name, json_t *keys,
                struct fm_error *error) MUST_CHECK;

int cursor_store(struct fm_run *run, const char *name, const char *key,
                 struct fm_error *error) MUST_CHECK;
