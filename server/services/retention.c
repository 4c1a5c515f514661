/* What is deleted because it is old: finished runs, if so configured, events, and the answers that
 * are kept for safe retries. */
#include "common/times.h"
#include "server/orchestration/flow_run.h"
#include "server/services/table.h"
#include "server/store/kept.h"

#define RUNS_AT_ONCE   100
#define KEYS_AT_ONCE   1000
#define EVENTS_AT_ONCE 1000

/* ---- finished runs ---- */

int retention_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    if (!config->retention)
        return 0;
    int found = db_first(txn, &rows,
                         "SELECT end_time FROM flow_runs WHERE end_time IS NOT NULL"
                         " ORDER BY end_time LIMIT 1");
    /* Where there is none yet, the next one will be due no earlier than this. */
    *ret_time = (found > 0 ? rows_integer(&rows, 0) : txn_now(txn)) + config->retention;
    return found;
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

/* ---- events ---- */

/* In the order in which they came, which is that of their times but for a clock that was set back:
 * then some stay a little longer. */
int event_retention_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    if (!config->event_retention)
        return 0;
    int found = db_first(txn, &rows,
                         "SELECT received FROM events WHERE seq = (SELECT MIN(seq) FROM events)");
    *ret_time = (found > 0 ? rows_integer(&rows, 0) : txn_now(txn)) + config->event_retention;
    return found;
}

#define OLD_EVENTS                                                                                 \
    "(SELECT seq, occurred, related FROM (SELECT seq, occurred, received, related FROM events"     \
    " ORDER BY seq LIMIT ?) WHERE received <= ?)"

int event_retention_run(struct txn *txn, const struct services_config *config)
{
    int64_t time = txn_now(txn) - config->event_retention;

    if (db_run(txn,
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
    rows_auto rows = {0};

    (void)config;
    int found =
        db_first(txn, &rows, "SELECT created FROM idempotency_keys ORDER BY created LIMIT 1");
    *ret_time = (found > 0 ? rows_integer(&rows, 0) : txn_now(txn)) + IDEMPOTENCY_KEPT;
    return found;
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
