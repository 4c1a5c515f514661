/* What is wrong with a text that is no JSON, in the words of Python's json module, since clients
 * of Prefect know those: "Expecting value: line 1 column 4 (char 3)". NaN and
 * Infinity, which it would take, are no values here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

/* Appends the first problem of the text. False if there is none that Python would see. */
bool json_problem(const char *text, size_t length, struct buf *to);
