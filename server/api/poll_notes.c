#include "server/api/poll_notes.h"

#include <errno.h>
#include <stdlib.h>

#include "common/ids.h"
#include "common/times.h"
#include "server/orchestration/deployment_event.h"
#include "server/orchestration/work_event.h"

#define POLL_KEPT      MINUTE        /* that somebody is taken to be there after a poll */
#define POLL_PRECISION (15 * SECOND) /* with which that is kept */

static int deployment_polled(struct txn *txn, const char *id, int64_t until)
{
    rows_auto rows = {0};
    int was_ready =
        db_first(txn, &rows, "SELECT 1 FROM deployments WHERE id = ? AND status = 'READY'", V(id));

    if (was_ready < 0 ||
        db_run(txn,
               "UPDATE deployments SET status = 'READY', last_polled = ?, polled_until = ?"
               " WHERE id = ?",
               V(txn_now(txn)), V(until), V(id)) < 0)
        return -1;
    txn_publish(txn, "deployments");
    return was_ready ? 0 : deployment_event_make(txn, id, "ready");
}

const struct polled_kind polled_deployments = {"deployments", deployment_polled};
const struct polled_kind polled_work_queues = {"work_queues", work_queue_polled};

struct poll_note {
    struct job job;
    const struct polled_kind *kind;
    int64_t until;
    size_t count;
    char ids[][ID_SIZE];
};

static enum job_result write_note(struct txn *txn, struct job *job)
{
    struct poll_note *note = list_item(job, struct poll_note, job);

    for (size_t i = 0; i < note->count; i++)
        if (note->kind->polled(txn, note->ids[i], note->until) < 0)
            return JOB_FAILED;
    txn_publish(txn, "clock");
    return JOB_KEEP;
}

/* A note that is lost is written with the next poll. */
static void free_note(struct job *job, enum job_result result, const struct error *error)
{
    (void)result;
    (void)error;
    free(list_item(job, struct poll_note, job));
}

int note_polls(struct txn *txn, struct request *request, const struct polled_kind *kind,
               const struct value *ids, int count)
{
    int64_t now = txn_now(txn);
    int64_t until = (request->wait_until > now ? request->wait_until : now) + POLL_KEPT;
    struct poll_note *note;
    sql_auto sql = {0};
    rows_auto rows = {0};
    int r;

    sql_addf(&sql, "SELECT id FROM %s WHERE id IN (", kind->table);
    sql_add_list(&sql, ids, count);
    sql_add(&sql, ") AND (status <> 'READY' OR polled_until < ?)");
    sql_bind(&sql, V(until - POLL_PRECISION));
    if (sql_query(txn, &rows, &sql) < 0)
        return -1;
    note = calloc(1, sizeof(*note) + (size_t)count * sizeof(*note->ids));
    if (!note)
        return txn_fail(txn, ENOMEM, "no memory for a poll");
    while ((r = rows_next(&rows)) > 0)
        id_copy(note->ids[note->count++], rows_text(&rows, 0));
    if (r < 0 || note->count == 0) {
        free(note);
        return r;
    }
    note->kind = kind;
    note->until = until;
    note->job = (struct job){.writes = true, .run = write_note, .done = free_note};
    store_submit(api_config(request->api)->store, &note->job);
    return 0;
}

int64_t polled_ahead(const struct request *request, const struct txn *txn)
{
    int64_t before = request_time(request, "scheduled_before", TIME_NEVER);

    if (before == TIME_NEVER)
        return request->wait_until && !request->held ? 0 : TIME_NEVER;
    return before - (request->wait_until ? request->wait_begun : txn_now(txn));
}
