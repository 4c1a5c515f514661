/* Child runs: flow runs for which a task run of their parent stands. */
#pragma once

#include "lib/run.h"

/* The newest run that the task run stands for: 1, and what it is; 0 if there is none. */
int child_find(struct fm_client *client, const char *task_run_id, struct fm_run_info *ret_info,
               struct fm_error *error) MUST_CHECK;
