/* Lists that are longer than the API gives at once. */
#pragma once

#include "cli/api.h"

#define PAGE_ROWS 200 /* the most that the API gives */

/* The rows of a list to its end, as if one reply had them all: none twice, and none left out that
 * is there from the beginning to the end of the reading. `body` is taken, NULL means no memory.
 * `numbered`: the rows have a "seq", behind which a list goes on "after" it; else it goes on at an
 * "offset". */
int api_post_all(struct cli *cli, const char *path, json_t *body, bool numbered,
                 struct api_reply *ret_reply, struct error *error);
