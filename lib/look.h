/* Looking at a flow run until something has changed. */
#pragma once

#include <jansson.h>

#include "common/error.h"
#include "common/ids.h"
#include "include/fermata.h"

struct look {
    char run_id[ID_SIZE];
    const char *lease;    /* under which the run is held; NULL: it is somebody else's */
    int retries;          /* of one look, see struct fm_call: none where the caller looks again */
    double poll_interval; /* seconds, where the server cannot hold a read back */
    char etag[128];       /* of the last look; "" before the first */
    struct fm_run_info info;
};

/*
 * Looks at the run. Where the last look is known to the server, it answers once the run has changed
 * or `wait` seconds have passed; another server is asked after a sleep. FM_CANCELLED if the client
 * is interrupted; FM_CONFLICT if the lease was lost; FM_UNREACHABLE after a sleep, so that the
 * caller may simply look again, and does not wait for longer than it wants to.
 */
int look_at_run(struct fm_client *client, struct look *look, double wait,
                struct fm_error *error) MUST_CHECK;

/* From the record of a run. */
int run_info_read(const json_t *record, struct fm_run_info *ret_info,
                  struct fm_error *error) MUST_CHECK;

bool run_info_is_final(const struct fm_run_info *info);
