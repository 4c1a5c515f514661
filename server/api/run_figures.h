/* What flow runs and task runs have in common: figures that are derived, their history. */
#pragma once

#include "server/api/api.h"

/* Fields of the replies: for .sql, .columns and .write. */
#define ESTIMATED_RUN_TIME_SQL "r.total_run_time, r.state_type, r.state_timestamp"
void write_estimated_run_time(struct json_writer *writer, const struct rows *rows, int column);

#define START_DELTA_SQL "r.expected_start_time, r.start_time, r.state_type"
void write_start_delta(struct json_writer *writer, const struct rows *rows, int column);

extern const struct filter run_state_filters[]; /* of the present state */

/* Handlers for a route whose resource is one of the two. */
extern const struct body history_body;
extern const struct field history_fields[];
int runs_history(struct txn *txn, struct request *request, struct http_reply *reply);
int runs_lateness(struct txn *txn, struct request *request, struct http_reply *reply);
