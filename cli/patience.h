/* Calls of the API by what goes on for long: the server may go away meanwhile, and come back. */
#pragma once

#include "cli/api.h"

struct patience {
    int64_t until; /* monotonic; 0: for ever */
    bool reached;  /* the server has answered once: one that never did is not waited for */
    bool away;     /* it is, as far as it was told */
    /* Told when the server has gone, and when it is back; NULL: a line to standard error. */
    void (*tell)(void *context, bool away);
    void *context;
};

/* The same as api_request; a server that has answered once is asked again and again while it is
 * away, and then answers without a wait. Any other error, or the end of the patience, is an error.
 */
int api_request_patiently(struct cli *cli, struct patience *patience, const char *method,
                          const char *path, const json_t *body, const struct fm_call *options,
                          struct api_reply *ret_reply, struct error *error);

/* Between two reads of what a server cannot tell the change of. */
void patience_pause(const struct patience *patience);

/* GET; only 2xx with JSON is a success. */
int api_get_patiently(struct cli *cli, struct patience *patience, const char *path,
                      struct api_reply *ret_reply, struct error *error);
