/* The server as the rest of the binary sees it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* What `fermata server` can be told. */
struct server_setting {
    const char *option;   /* without "--" */
    const char *argument; /* what it is called in the help */
    const char *help;     /* a part of a sentence, without a full stop */
    const char *environment;
    const char *fallback; /* "": none */
};

/* The setting at `index`; false past the last. Its texts are there for ever. */
bool server_setting(size_t index, struct server_setting *ret_setting);

/* `fermata server`: runs until SIGTERM or SIGINT. An exit status. */
int server_main(int argc, char **argv);

/* `fermata backup`: writes a copy of a directory's database, consistent at one moment, whether a
 * server runs on it or not. The copy is a whole database: to restore it, put it into an empty data
 * directory as fermata.db. */
int server_backup(const char *directory, const char *file, struct error *error) MUST_CHECK;
