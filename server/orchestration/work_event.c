#include "server/orchestration/work_event.h"

#include <ctype.h>
#include <string.h>

#include "server/orchestration/deployment_event.h"
#include "server/orchestration/made_event.h"

/* ---- events ---- */

int work_pool_event_make(struct txn *txn, const char *id, const char *what)
{
    const char *name = arena_printf(txn_arena(txn), "prefect.work-pool.%s", what);
    made_event_auto made = {0};
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT name, type, default_queue_id FROM work_pools WHERE id = ?", V(id));

    if (found <= 0)
        return found;
    made_event_begin(&made, txn, name, "prefect.work-pool", id, rows_text(&rows, 0));
    made_event_label(&made, "prefect.work-pool.type", rows_text(&rows, 1));
    if (!rows_is_null(&rows, 2))
        made_event_relate(&made, "default-queue", "prefect.work-queue", rows_text(&rows, 2), NULL);
    return made_event_record(&made);
}

int work_queue_event_make(struct txn *txn, const char *id, const char *what)
{
    const char *name = arena_printf(txn_arena(txn), "prefect.work-queue.%s", what);
    made_event_auto made = {0};
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT q.name, p.id, p.name, p.type FROM work_queues q"
                         " JOIN work_pools p ON p.id = q.work_pool_id WHERE q.id = ?",
                         V(id));

    if (found <= 0)
        return found;
    made_event_begin(&made, txn, name, "prefect.work-queue", id, rows_text(&rows, 0));
    made_event_label(&made, "prefect.resource.role", "work-queue");
    made_event_relate_work_pool(&made, rows_text(&rows, 1), rows_text(&rows, 2),
                                rows_text(&rows, 3));
    return made_event_record(&made);
}

/* ---- status ---- */

static int read_status(struct txn *txn, const char *sql, const char *id, const char **ret_status)
{
    rows_auto rows = {0};
    int found = db_first_values(txn, &rows, sql, DB_VALUES(V(id)));

    if (found < 0)
        return -1;
    bool is_there = found && !rows_is_null(&rows, 0);
    *ret_status = is_there ? rows_strdup(&rows, 0, txn_arena(txn)) : "";
    return 0;
}

int work_pool_status(struct txn *txn, const char *id, const char **ret_status)
{
    return read_status(txn, "SELECT " WORK_POOL_STATUS " FROM work_pools r WHERE r.id = ?", id,
                       ret_status);
}

int work_queue_status(struct txn *txn, const char *id, const char **ret_status)
{
    return read_status(txn, "SELECT " WORK_QUEUE_STATUS " FROM work_queues r WHERE r.id = ?", id,
                       ret_status);
}

/* "not-ready" for "NOT_READY". */
static const char *in_kebab_case(struct txn *txn, const char *status)
{
    char *name = arena_strdup(txn_arena(txn), status);

    for (char *p = name; *p; p++)
        *p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
    return name;
}

int work_pool_follow(struct txn *txn, const char *id, const char *before)
{
    const char *now;

    if (work_pool_status(txn, id, &now) < 0)
        return -1;
    if (!*now || strcmp(now, before) == 0)
        return 0;
    return work_pool_event_make(txn, id, in_kebab_case(txn, now));
}

int work_queue_follow(struct txn *txn, const char *id, const char *before)
{
    const char *now;

    if (work_queue_status(txn, id, &now) < 0)
        return -1;
    if (!*now || strcmp(now, before) == 0)
        return 0;
    return work_queue_event_make(txn, id, in_kebab_case(txn, now));
}

/* ---- polls ---- */

/* Deployments for which nobody asks beside the queue. */
static int tell_of_deployments(struct txn *txn, const char *queue_id, bool is_ready)
{
    rows_auto rows = {0};
    int r;

    if (db_query(txn, &rows,
                 "SELECT id FROM deployments WHERE work_queue_id = ? AND status <> 'READY'",
                 V(queue_id)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0)
        if (deployment_event_make(txn, rows_strdup(&rows, 0, txn_arena(txn)),
                                  is_ready ? "ready" : "not-ready") < 0)
            return -1;
    txn_publish(txn, "deployments");
    return r;
}

/* Whether the queue has that status, paused or not; -1: failed. */
static int is_in(struct txn *txn, const char *id, const char *status)
{
    rows_auto rows = {0};

    return db_first(txn, &rows, "SELECT 1 FROM work_queues WHERE id = ? AND status = ?", V(id),
                    V(status));
}

int work_queue_polled(struct txn *txn, const char *id, int64_t until)
{
    const char *before;
    int changes = is_in(txn, id, "NOT_READY");

    if (changes < 0 || work_queue_status(txn, id, &before) < 0 ||
        db_run(txn,
               "UPDATE work_queues SET status = 'READY', last_polled = ?, polled_until = ?"
               " WHERE id = ?",
               V(txn_now(txn)), V(until), V(id)) < 0)
        return -1;
    if (!changes)
        return 0;
    return work_queue_follow(txn, id, before) < 0 ? -1 : tell_of_deployments(txn, id, true);
}

int work_queue_left(struct txn *txn, const char *id)
{
    const char *before;

    if (work_queue_status(txn, id, &before) < 0 ||
        db_run(txn, "UPDATE work_queues SET status = 'NOT_READY' WHERE id = ?", V(id)) < 0 ||
        work_queue_follow(txn, id, before) < 0)
        return -1;
    return tell_of_deployments(txn, id, false);
}
