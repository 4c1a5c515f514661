/* The server as the rest of the binary sees it. */
#pragma once

#include "common/error.h"

/* `fermata server`: runs until SIGTERM or SIGINT. An exit status. */
int server_main(int argc, char **argv);

/* `fermata backup`: writes a copy of a directory's database, consistent at one moment, whether a
 * server runs on it or not. The copy is a whole database: to restore it, put it into an empty data
 * directory as fermata.db. */
int server_backup(const char *directory, const char *file, struct error *error) MUST_CHECK;
