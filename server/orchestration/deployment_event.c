#include "server/orchestration/deployment_event.h"

#include "server/orchestration/made_event.h"

/* `names` and `updates`: of an update, or NULL. */
static int make(struct txn *txn, const char *id, const char *what, const char *names,
                const char *updates)
{
    const char *name = arena_printf(txn_arena(txn), "prefect.deployment.%s", what);
    made_event_auto made = {0};
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT d.name, f.id, f.name, d.storage_document_id,"
                         " d.infrastructure_document_id, q.id, q.name, p.id, p.name, p.type"
                         " FROM deployments d JOIN flows f ON f.id = d.flow_id"
                         " LEFT JOIN work_queues q ON q.id = d.work_queue_id"
                         " LEFT JOIN work_pools p ON p.id = q.work_pool_id WHERE d.id = ?",
                         V(id));

    if (found <= 0)
        return found;
    made_event_begin(&made, txn, name, "prefect.deployment", id, rows_text(&rows, 0));
    made_event_relate(&made, "flow", "prefect.flow", rows_text(&rows, 1), rows_text(&rows, 2));
    if (!rows_is_null(&rows, 5)) {
        made_event_relate(&made, "work-queue", "prefect.work-queue", rows_text(&rows, 5),
                          rows_text(&rows, 6));
        made_event_relate_work_pool(&made, rows_text(&rows, 7), rows_text(&rows, 8),
                                    rows_text(&rows, 9));
    }
    if (!rows_is_null(&rows, 3))
        made_event_relate(&made, "storage", "prefect.block-document", rows_text(&rows, 3), NULL);
    if (!rows_is_null(&rows, 4))
        made_event_relate(&made, "infrastructure", "prefect.block-document", rows_text(&rows, 4),
                          NULL);
    if (names) {
        json_key(&made.payload, "updated_fields");
        json_add_text(&made.payload, names);
        json_key(&made.payload, "updates");
        json_add_text(&made.payload, updates);
    }
    return made_event_record(&made);
}

int deployment_event_make(struct txn *txn, const char *id, const char *what)
{
    return make(txn, id, what, NULL, NULL);
}

int deployment_event_updated(struct txn *txn, const char *id, const char *names,
                             const char *updates)
{
    return make(txn, id, "updated", names, updates);
}
