#include "server/orchestration/request_event.h"

#include "server/orchestration/run_event.h"

static const char *const names[] = {
    [REQUEST_OPENED] = "fermata.input-request.opened",
    [REQUEST_CHECKING] = "fermata.input-request.checking",
    [REQUEST_REFUSED] = "fermata.input-request.refused",
    [REQUEST_ANSWERED] = "fermata.input-request.answered",
    [REQUEST_EXPIRED] = "fermata.input-request.expired",
    [REQUEST_CANCELLED] = "fermata.input-request.cancelled",
};

enum {
    COLUMN_RUN_ID,
    COLUMN_RUN_NAME,
    COLUMN_KEY,
    COLUMN_SUSPENDED,
    COLUMN_DEADLINE,
    COLUMN_BY,
    COLUMN_VIA,
};

static void write_payload(struct json_writer *writer, const struct rows *rows)
{
    json_key(writer, "pause_key");
    json_add_string(writer, rows_text(rows, COLUMN_KEY));
    json_key(writer, "suspended");
    json_add_bool(writer, rows_integer(rows, COLUMN_SUSPENDED));
    json_key(writer, "deadline");
    if (rows_is_null(rows, COLUMN_DEADLINE))
        json_add_null(writer);
    else
        json_add_time(writer, rows_integer(rows, COLUMN_DEADLINE));
    json_key(writer, "answered_by");
    json_add_string(writer, rows_text(rows, COLUMN_BY));
    json_key(writer, "answered_via");
    json_add_string(writer, rows_text(rows, COLUMN_VIA));
}

int request_event_make(struct txn *txn, const char *id, enum request_move move)
{
    made_event_auto made = {0};
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT r.id, r.name, q.pause_key, q.suspended, q.deadline, q.answered_by,"
                         " q.answered_via FROM input_requests q"
                         " JOIN flow_runs r ON r.id = q.flow_run_id WHERE q.id = ?",
                         V(id));

    if (found <= 0)
        return found;
    const char *run_id = arena_strdup(txn_arena(txn), rows_text(&rows, COLUMN_RUN_ID));
    made_event_begin(&made, txn, names[move], "fermata.input-request", id,
                     rows_text(&rows, COLUMN_RUN_NAME));
    made_event_relate(&made, "flow-run", "prefect.flow-run", run_id,
                      rows_text(&rows, COLUMN_RUN_NAME));
    write_payload(&made.payload, &rows);
    if (run_event_relate(&made, run_id) < 0)
        return -1;
    return made_event_record(&made);
}
