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
#define BEGIN_WITHIN                                                                               \
    SECOND /* of when it is to: many begin in one transaction, not one with each                   \
            */
#define JUDGED_FOR (5 * SECOND) /* by then it is known whether the judgement was committed */

/* ---- those that begin anew ---- */

int run_leases_begin_all(struct txn *txn)
{
    return db_run(txn, "UPDATE run_leases SET begins = 1 WHERE begins = ?", V(0));
}

static int begin_anew(struct txn *txn, struct leases *leases)
{
    rows_auto rows = {0};
    int r;

    if (db_query(
            txn, &rows,
            "SELECT flow_run_id, seconds FROM run_leases WHERE begins > 0 ORDER BY begins LIMIT ?",
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
                  " (SELECT flow_run_id FROM run_leases WHERE begins > 0 ORDER BY begins LIMIT ?)",
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

/* When the first of those that are to begin anew does so. */
static int next_begin(struct txn *txn, int64_t *ret_time)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT begins FROM run_leases WHERE begins > 0 ORDER BY begins LIMIT 1");

    *ret_time = found > 0 ? rows_integer(&rows, 0) + BEGIN_WITHIN : TIME_NEVER;
    return found;
}

/* When the first of those that have run out is to be judged: by a clock of its own. */
static int next_end(struct txn *txn, struct leases *leases, int64_t *ret_time)
{
    int64_t now = time_monotonic();
    char id[ID_SIZE];
    int due = 0;

    while (due == 0 && leases_first_ended(leases, now, id, sizeof(id))) {
        due = is_judged(txn, id);
        if (due == 0)
            leases_drop_ended(leases, id, now);
    }
    int64_t next = due > 0 ? now : leases_next(leases);
    *ret_time = next == TIME_NEVER ? TIME_NEVER : txn_now(txn) + (next > now ? next - now : 0);
    return due;
}

int run_leases_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    int64_t begin, end;

    if (next_begin(txn, &begin) < 0 || next_end(txn, config->run_leases, &end) < 0)
        return -1;
    *ret_time = begin < end ? begin : end;
    return 0;
}

int run_leases_run(struct txn *txn, const struct services_config *config)
{
    if (begin_anew(txn, config->run_leases) < 0)
        return -1;
    return judge_ended(txn, config->run_leases);
}
