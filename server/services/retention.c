/* What is deleted because it is old: finished runs and what belongs to none, if so configured,
 * events, what came for runs that are gone, and the answers that are kept for safe retries. */
#include "common/times.h"
#include "server/orchestration/flow_run.h"
#include "server/services/table.h"
#include "server/store/kept.h"

#define RUNS_AT_ONCE   100
#define KEYS_AT_ONCE   1000
#define EVENTS_AT_ONCE 1000

/* When the first that a query finds has been kept for so long. Where there is none yet, the next
 * one will be due no earlier than this. */
static int next_of(struct txn *txn, const char *sql, int64_t kept, int64_t *ret_time)
{
    rows_auto rows = {0};

    if (!kept)
        return 0;
    int found = db_first(txn, &rows, sql);
    *ret_time = (found > 0 ? rows_integer(&rows, 0) : txn_now(txn)) + kept;
    return found;
}

/* ---- finished runs ---- */

int retention_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    return next_of(txn,
                   "SELECT end_time FROM flow_runs WHERE end_time IS NOT NULL"
                   " ORDER BY end_time LIMIT 1",
                   config->retention, ret_time);
}

/* What is known by a key stays as long as nothing newer is. */
static int delete_artifacts(struct txn *txn, const char *run_id, int *room)
{
    int deleted =
        db_run(txn,
               "DELETE FROM artifacts WHERE seq IN"
               " (SELECT seq FROM artifacts WHERE flow_run_id = ? AND latest = 0 LIMIT ?)",
               V(run_id), V(*room));

    *room -= deleted > 0 ? deleted : 0;
    return deleted;
}

/* A run goes with the last of its parts; what there was no room for is found again. */
int retention_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[RUNS_AT_ONCE];
    int count = service_ids(txn, ids, RUNS_AT_ONCE,
                            "SELECT id FROM flow_runs WHERE end_time IS NOT NULL"
                            " AND end_time <= ? ORDER BY end_time LIMIT ?",
                            txn_now(txn) - config->retention);
    int room = RUN_PARTS_AT_ONCE;

    for (int i = 0; i < count && room > 0; i++)
        if (delete_artifacts(txn, ids[i], &room) < 0 || flow_run_delete(txn, ids[i], &room) < 0)
            return -1;
    return count < 0 ? -1 : 0;
}

/* ---- logs and task runs of no run ---- */

int logs_alone_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    return next_of(txn,
                   "SELECT created FROM logs WHERE flow_run_id IS NULL ORDER BY created LIMIT 1",
                   config->retention, ret_time);
}

int logs_alone_run(struct txn *txn, const struct services_config *config)
{
    return db_run(txn,
                  "DELETE FROM logs WHERE seq IN (SELECT seq FROM logs WHERE flow_run_id IS NULL"
                  " AND created <= ? ORDER BY created LIMIT ?)",
                  V(txn_now(txn) - config->retention), V(RUN_PARTS_AT_ONCE));
}

int task_runs_alone_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    return next_of(
        txn, "SELECT updated FROM task_runs WHERE flow_run_id IS NULL ORDER BY updated LIMIT 1",
        config->retention, ret_time);
}

int task_runs_alone_run(struct txn *txn, const struct services_config *config)
{
    return db_run(txn,
                  "DELETE FROM task_runs WHERE seq IN (SELECT seq FROM task_runs"
                  " WHERE flow_run_id IS NULL AND updated <= ? ORDER BY updated LIMIT ?)",
                  V(txn_now(txn) - config->retention), V(RUN_PARTS_AT_ONCE));
}

/* ---- logs that came after their run was deleted ---- */

int deleted_runs_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    (void)config;
    return next_of(txn, "SELECT deleted FROM deleted_flow_runs ORDER BY deleted LIMIT 1",
                   DELETED_RUN_KEPT, ret_time);
}

int deleted_runs_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[RUNS_AT_ONCE];
    int count = service_ids(txn, ids, RUNS_AT_ONCE,
                            "SELECT id FROM deleted_flow_runs WHERE deleted <= ?"
                            " ORDER BY deleted LIMIT ?",
                            txn_now(txn) - DELETED_RUN_KEPT);
    int room = RUN_PARTS_AT_ONCE;

    (void)config;
    for (int i = 0; i < count && room > 0; i++) {
        int deleted = db_run(txn,
                             "DELETE FROM logs WHERE seq IN"
                             " (SELECT seq FROM logs WHERE flow_run_id = ? LIMIT ?)",
                             V(ids[i]), V(room));
        if (deleted < 0)
            return -1;
        room -= deleted;
        if (room > 0 && db_run(txn, "DELETE FROM deleted_flow_runs WHERE id = ?", V(ids[i])) < 0)
            return -1;
    }
    return count < 0 ? -1 : 0;
}

/* ---- events ---- */

/* In the order in which they came, which is that of their times but for a clock that was set back:
 * then some stay a little longer. Those that came, as it seems, later than now do so from now on:
 * the clock was ahead, and they must not keep all that came after them. */
int event_retention_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    int found =
        next_of(txn, "SELECT received FROM events WHERE seq = (SELECT MIN(seq) FROM events)",
                config->event_retention, ret_time);

    if (found > 0 && *ret_time > txn_now(txn) + config->event_retention)
        *ret_time = txn_now(txn);
    return found;
}

#define OLD_EVENTS                                                                                 \
    "(SELECT seq, occurred, related FROM (SELECT seq, occurred, received, related FROM events"     \
    " ORDER BY seq LIMIT ?) WHERE received <= ?)"

int event_retention_run(struct txn *txn, const struct services_config *config)
{
    int64_t now = txn_now(txn);
    int64_t time = now - config->event_retention;

    if (db_run(txn,
               "UPDATE events SET received = ? WHERE seq IN"
               " (SELECT seq FROM events ORDER BY seq LIMIT ?) AND received > ?",
               V(now), V(EVENTS_AT_ONCE), V(now)) < 0 ||
        db_run(txn,
               "DELETE FROM event_related WHERE (resource_id, occurred, event_seq) IN"
               /* As a text, which the index takes. */
               " (SELECT CAST(json_extract(x.value, '$.\"prefect.resource.id\"') AS TEXT),"
               " e.occurred, e.seq"
               " FROM " OLD_EVENTS " e, json_each(e.related) x)",
               V(EVENTS_AT_ONCE), V(time)) < 0)
        return -1;
    return db_run(txn, "DELETE FROM events WHERE seq IN (SELECT seq FROM " OLD_EVENTS ")",
                  V(EVENTS_AT_ONCE), V(time));
}

/* ---- answers kept for retries ---- */

int idempotency_keys_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    (void)config;
    return next_of(txn, "SELECT created FROM idempotency_keys ORDER BY created LIMIT 1",
                   IDEMPOTENCY_KEPT, ret_time);
}

int idempotency_keys_run(struct txn *txn, const struct services_config *config)
{
    (void)config;
    return db_run(txn,
                  "DELETE FROM idempotency_keys WHERE (route, key) IN"
                  " (SELECT route, key FROM idempotency_keys WHERE created <= ?"
                  " ORDER BY created LIMIT ?)",
                  V(txn_now(txn) - IDEMPOTENCY_KEPT), V(KEYS_AT_ONCE));
}
