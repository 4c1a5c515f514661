/* What is deleted because it is old: finished runs, if so configured, events, and the answers that
 * are kept for safe retries. */
#include "common/times.h"
#include "server/services/table.h"
#include "server/store/kept.h"

#define RUNS_AT_ONCE   100
#define ROWS_AT_ONCE   5000 /* of what belongs to them */
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

/* Deletes what a run may have much of, at the most `room` rows. How many, or -1. */
static int delete_parts(struct txn *txn, const char *run_id, int room)
{
    static const char *const statements[] = {
        "DELETE FROM logs WHERE seq IN (SELECT seq FROM logs WHERE flow_run_id = ? LIMIT ?)",
        "DELETE FROM flow_run_inputs WHERE seq IN"
        " (SELECT seq FROM flow_run_inputs WHERE flow_run_id = ? LIMIT ?)",
        "DELETE FROM task_runs WHERE seq IN"
        " (SELECT seq FROM task_runs WHERE flow_run_id = ? LIMIT ?)",
        /* What is known by a key stays as long as nothing newer is. */
        "DELETE FROM artifacts WHERE seq IN"
        " (SELECT seq FROM artifacts WHERE flow_run_id = ? AND latest = 0 LIMIT ?)",
    };
    int total = 0;

    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        int deleted = db_run(txn, statements[i], V(run_id), V(room - total));
        if (deleted < 0)
            return -1;
        total += deleted;
    }
    return total;
}

/* A run goes with the last of its parts; what there was no room for is found again. */
int retention_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[RUNS_AT_ONCE];
    int count = service_ids(txn, ids, RUNS_AT_ONCE,
                            "SELECT id FROM flow_runs WHERE end_time IS NOT NULL"
                            " AND end_time <= ? ORDER BY end_time LIMIT ?",
                            txn_now(txn) - config->retention);
    int room = ROWS_AT_ONCE;

    for (int i = 0; i < count; i++) {
        int deleted = delete_parts(txn, ids[i], room);
        if (deleted < 0)
            return -1;
        room -= deleted;
        if (room == 0)
            break;
        if (db_run(txn, "DELETE FROM flow_runs WHERE id = ?", V(ids[i])) < 0)
            return -1;
        txn_publish(txn, "flow_run:%s", ids[i]);
    }
    if (count > 0)
        txn_publish(txn, "flow_runs");
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
