/* Names for flow runs that were given none: an adjective and a noun, such as "serene-oboe". */
#pragma once

#include <stddef.h>

#define RUN_NAME_SIZE 32 /* of the longest, with the closing NUL */

/* By chance out of more than 200,000; not unique. Cut to `size` bytes with the closing NUL. */
void run_name_new(char *ret_name, size_t size);
