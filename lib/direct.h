/* The record of a flow run that no deployment made: one that is run here and now, or a subflow. */
#pragma once

#include <jansson.h>

#include "common/buf.h"
#include "lib/run.h"

/* Takes the parameters of the options, or the defaults. */
int run_take_options(struct fm_run *run, const struct fm_run_options *options,
                     struct fm_error *error) MUST_CHECK;

/* Appends the parameters that it has as a JSON object. */
int run_encode_parameters(const struct fm_run *run, struct buf *to,
                          struct fm_error *error) MUST_CHECK;

/* Has the server make the run, whose flow_id is known, and fills in its id and name.
 * `parent_task_run_id`: of a subflow, else NULL. */
int run_create_record(struct fm_run *run, const struct fm_run_options *options,
                      const char *parent_task_run_id, struct fm_error *error) MUST_CHECK;

/* Fills in id and name from the record of a run. */
int run_take_record(struct fm_run *run, const json_t *record, struct fm_error *error) MUST_CHECK;
