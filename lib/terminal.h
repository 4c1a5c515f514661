/* Lines on a terminal as a flow's author knows them:
 * 11:38:41.800 | INFO    | Flow run 'gregarious-owl' - Hello */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "include/fermata.h"

struct terminal {
    int fd;
    bool is_one;   /* and no file or pipe: what is shown is made harmless */
    bool coloured; /* it is one, and NO_COLOR is not set */
    pthread_mutex_t lock;
};

void terminal_init(struct terminal *terminal, int fd);
void terminal_finish(struct terminal *terminal);

/* A message alone, to standard error: for what there is no run, or no more. */
void terminal_complain(const char *message);

void terminal_print(struct terminal *terminal, enum fm_level level, const char *who,
                    const char *message);
/* `kind` is "Flow" or "Task". */
void terminal_print_run(struct terminal *terminal, enum fm_level level, const char *kind,
                        const char *run_name, const char *message);
