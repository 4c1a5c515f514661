/* Input requests: what waits for an answer. */
#pragma once

#include "cli/api.h"

/* The open ones, the soonest deadline first; of one flow run, or of all if `run_id` is NULL. */
int inbox_get(struct cli *cli, const char *run_id, struct api_reply *ret_reply,
              struct error *error);

/* They as a table; `numbered` for choosing one. */
int inbox_print(const json_t *requests, bool numbered, struct screen *screen, struct error *error);

/* When it is over: "in 2 hours", or "none". */
void add_deadline(struct buf *to, const json_t *request);
