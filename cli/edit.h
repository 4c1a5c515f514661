/* One line that a person edits in a terminal, with a menu above it where there are choices. */
#pragma once

#include <stdbool.h>

#include "cli/menu.h"
#include "cli/output.h"
#include "common/error.h"

struct edit {
    const char *mark;    /* text for the screen that stands before the line */
    const char *initial; /* what is filled in, or NULL */
    bool secret;         /* what is typed is not shown */
    struct menu *menu;   /* or NULL */
};

/* 1: `*ret_line` is what Enter was pressed behind (free it); 0: what was filled in was left as it
 * was; -1: ENODATA, the input has ended; E2BIG, the line is longer than `ceiling`; another error.
 */
int edit_line(const struct edit *edit, int fd, struct screen *screen, size_t ceiling,
              char **ret_line, struct error *error);
