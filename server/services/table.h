/* The functions of each service; services.h says what they do. */
#pragma once

#include "server/services/services.h"

int deadlines_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int deadlines_run(struct txn *txn, const struct services_config *config);
int candidates_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int candidates_run(struct txn *txn, const struct services_config *config);

int scheduler_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int scheduler_run(struct txn *txn, const struct services_config *config);

int late_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int late_run(struct txn *txn, const struct services_config *config);

int not_ready_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int not_ready_run(struct txn *txn, const struct services_config *config);

int workers_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int workers_run(struct txn *txn, const struct services_config *config);
int gone_workers_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int gone_workers_run(struct txn *txn, const struct services_config *config);
int queues_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int queues_run(struct txn *txn, const struct services_config *config);

int retention_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int retention_run(struct txn *txn, const struct services_config *config);

int logs_alone_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int logs_alone_run(struct txn *txn, const struct services_config *config);
int task_runs_alone_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int task_runs_alone_run(struct txn *txn, const struct services_config *config);
int deleted_runs_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int deleted_runs_run(struct txn *txn, const struct services_config *config);

int slot_leases_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int slot_leases_run(struct txn *txn, const struct services_config *config);

int event_retention_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int event_retention_run(struct txn *txn, const struct services_config *config);

int idempotency_keys_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int idempotency_keys_run(struct txn *txn, const struct services_config *config);

int run_leases_next(struct txn *txn, const struct services_config *config, int64_t *ret_time);
int run_leases_run(struct txn *txn, const struct services_config *config);
int run_leases_begin_all(struct txn *txn) MUST_CHECK; /* the server has started */

/* The ids that a query finds, for its two parameters: a time and the limit. In the transaction's
 * memory. How many, or -1. */
int service_ids(struct txn *txn, const char **ret_ids, int limit, const char *sql,
                int64_t time) MUST_CHECK;
