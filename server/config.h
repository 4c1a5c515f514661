/* What the server can be told: by option, or else by environment, or else the default. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct config {
    const char *host;
    int64_t port;
    const char *data;
    const char *secrets_key;   /* file; "": in the directory of the database */
    const char *allowed_hosts; /* separated by commas */
    const char *log_format;    /* "plain" or "json" */
    const char *log_level;
    int64_t body_limit; /* MiB */
    int64_t connection_limit;
    int64_t receive_timeout; /* seconds */
    int64_t retention;       /* days; 0: finished runs are kept for ever */
    int64_t event_retention; /* days; 0: events are kept for ever */
    int64_t hold_polls;      /* seconds; 0: not at all */
    int64_t hold_receives;   /* seconds; 0: not at all */
};

/* Fills in the configuration. */
int config_read(int argc, char **argv, struct config *ret_config, struct error *error) MUST_CHECK;
