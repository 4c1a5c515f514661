/*
 * Leases of runs: those that begin anew, and those that have run out.
 *
 * When each ends is known in memory alone and told by a clock that stands still while the machine
 * sleeps: nobody is taken to be gone because a laptop was shut.
 */
#include <errno.h>

#include "common/times.h"
#include "server/live/lease.h"
#include "server/orchestration/run_lease.h"
#include "server/services/table.h"

#define AT_ONCE       100
#define BEGUN_AT_ONCE 1000
#define JUDGED_FOR    (5 * SECOND) /* by then it is known whether the judgement was committed */

/* ---- those that begin anew ---- */

int run_leases_begin_all(struct txn *txn)
{
    return db_run(txn, "UPDATE run_leases SET begins = 1 WHERE begins = ?", V(0));
}

static int begin_anew(struct txn *txn, struct leases *leases)
{
    rows_auto rows = {0};
    int r;

    if (db_query(txn, &rows, "SELECT flow_run_id, seconds FROM run_leases WHERE begins = 1 LIMIT ?",
                 V(BEGUN_AT_ONCE)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0) {
        int64_t until = time_monotonic() + rows_integer(&rows, 1) * SECOND;
        if (leases_set(leases, rows_text(&rows, 0), until) < 0)
            return txn_fail(txn, ENOMEM, "no memory for leases");
    }
    rows_close(&rows);
    if (r < 0)
        return -1;
    return db_run(txn,
                  "UPDATE run_leases SET begins = 0 WHERE flow_run_id IN"
                  " (SELECT flow_run_id FROM run_leases WHERE begins = 1 LIMIT ?)",
                  V(BEGUN_AT_ONCE));
}

/* ---- those that have run out ---- */

/* Whether there is anything to judge. A run that is nobody's any more has no row; the lease of one
 * that is paused begins anew with the end of the pause. */
static int is_judged(struct txn *txn, const char *run_id)
{
    rows_auto rows = {0};

    return db_first(txn, &rows,
                    "SELECT 1 FROM run_leases l JOIN flow_runs r ON r.id = l.flow_run_id"
                    " WHERE l.flow_run_id = ? AND r.state_type <> 'PAUSED'",
                    V(run_id));
}

static int judge_ended(struct txn *txn, struct leases *leases)
{
    int64_t now = time_monotonic();
    char id[ID_SIZE];

    for (int i = 0; i < AT_ONCE && leases_first_ended(leases, now, id, sizeof(id)); i++) {
        if (run_lease_judge(txn, id) < 0)
            return -1;
        /* It is only forgotten when the judgement has been seen to be committed. */
        leases_set(leases, id, now + JUDGED_FOR);
    }
    return 0;
}

/* ---- the service ---- */

int run_leases_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};
    int64_t now = time_monotonic();
    char id[ID_SIZE];
    int due =
        db_first(txn, &rows, "SELECT 1 FROM run_leases WHERE begins = 1 LIMIT ?", V(BEGUN_AT_ONCE));

    while (due == 0 && leases_first_ended(config->run_leases, now, id, sizeof(id))) {
        due = is_judged(txn, id);
        if (due == 0)
            leases_drop_ended(config->run_leases, id, now);
    }
    int64_t next = leases_next(config->run_leases);
    if (due > 0)
        *ret_time = txn_now(txn);
    else if (next != TIME_NEVER)
        *ret_time = txn_now(txn) + (next > now ? next - now : 0);
    return due < 0 ? -1 : 0;
}

int run_leases_run(struct txn *txn, const struct services_config *config)
{
    if (begin_anew(txn, config->run_leases) < 0)
        return -1;
    return judge_ended(txn, config->run_leases);
}
