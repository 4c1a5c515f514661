/*
 * Watching a run that this process works on: a thread keeps a waiting read of it open, which is the
 * sign of life that holds the run's lease, and tells when somebody cancels the run.
 */
#pragma once

#include "common/error.h"
#include "common/ids.h"
#include "include/fermata.h"

/* ---- leases ---------------------------------------------------------------------------------- */

/* "45; holder=UUID": the `lease` of struct fm_call. */
#define LEASE_SIZE 64

/* `holder` is an id that nobody else knows: of this try to run this run. */
void lease_write(char ret_lease[static LEASE_SIZE], const char *holder);

/* ---- watching -------------------------------------------------------------------------------- */

struct watch;

enum watch_news {
    WATCH_CANCELLED, /* somebody cancels the run, or has cancelled it */
    WATCH_LOST,      /* the lease ran out: the run may be somebody else's by now */
    WATCH_CRASHED,   /* so the run's process has said, or the server, since the lease ran out */
};

struct watch_config {
    const char *url; /* see fm_client_create */
    const char *run_id;
    const char *lease;
    /* Once at the most, on the watch's thread. Until it returns, watch_stop waits. */
    void (*on_news)(void *context, enum watch_news news);
    void *context;
};

int watch_start(const struct watch_config *config, struct watch **ret_watch,
                struct fm_error *error) MUST_CHECK;
void watch_stop(struct watch *watch); /* NULL is allowed */
