#include "server/services/table.h"

const struct service all_services[] = {
    {"deadlines of pauses", deadlines_next, deadlines_run},
    {"answers that flows do not check", candidates_next, candidates_run},
    {"leases of runs", run_leases_next, run_leases_run},
    {"schedules", scheduler_next, scheduler_run},
    {"late runs", late_next, late_run},
    {"leases of slots", slot_leases_next, slot_leases_run},
    {"deployments without runners", not_ready_next, not_ready_run},
    {"workers that are silent", workers_next, workers_run},
    {"workers that are gone", gone_workers_next, gone_workers_run},
    {"work queues without workers", queues_next, queues_run},
    {"retention of runs", retention_next, retention_run},
    {"retention of logs without runs", logs_alone_next, logs_alone_run},
    {"retention of task runs without runs", task_runs_alone_next, task_runs_alone_run},
    {"logs of deleted runs", deleted_runs_next, deleted_runs_run},
    {"retention of events", event_retention_next, event_retention_run},
    {"retention of idempotency keys", idempotency_keys_next, idempotency_keys_run},
    {.name = NULL},
};
_Static_assert(COUNT_OF(all_services) <= MOST_SERVICES + 1, "there are more services");

int service_ids(struct txn *txn, const char **ret_ids, int limit, const char *sql, int64_t time)
{
    rows_auto rows = {0};
    int count = 0;
    int r;

    if (db_query(txn, &rows, sql, V(time), V(limit)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0)
        ret_ids[count++] = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    return r < 0 ? -1 : count;
}
