/* The directory of one execution of a script; see script.h for what lies there. */
#pragma once

#include "common/buf.h"
#include "common/error.h"

struct script_directory {
    char path[256]; /* "": there is none */
    int control;    /* read end of the pipe; -1 */
};

#define SCRIPT_DIRECTORY_NONE                                                                      \
    {                                                                                              \
        .control = -1                                                                              \
    }

/* Makes it, for nobody else to look into. `lease`: under which the run is held. */
int script_directory_make(struct script_directory *directory, const char *lease,
                          struct error *error);
void script_directory_remove(struct script_directory *directory); /* harmless if there is none */

/* Writes what the buffer holds to a descriptor, made harmless if that is a terminal, and empties
 * it. */
void script_show(int fd, struct buf *line);
