#include "server/api/routes.h"

#include "common/ids.h"
#include "server/orchestration/flow_run.h"

static const struct field fields[] = {FIELD_ID_CREATED_UPDATED,
                                      {.name = "name",
                                       .type = FIELD_TEXT,
                                       .flags = FIELD_CREATE | FIELD_REQUIRED | FIELD_EVENT,
                                       .doc = "The name, of which there is one."},
                                      {.name = "tags",
                                       .type = FIELD_STRINGS,
                                       .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_EVENT,
                                       .fallback = "[]",
                                       .doc = "Words to find it by."},
                                      {.name = "labels",
                                       .type = FIELD_MAP,
                                       .flags = FIELD_CREATE | FIELD_NULLABLE | FIELD_EVENT,
                                       .fallback = "{}",
                                       .doc = "Names and values for other programs."},
                                      FIELDS_END};

const struct filter flow_filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY | OP_NOT_ANY, .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY | OP_LIKE, .type = FIELD_TEXT},
    {.name = "tags", .kind = FILTER_TAGS, .operators = OP_ALL | OP_IS_NULL},
    {.name = "deployment",
     .kind = FILTER_EXISTS,
     .operators = OP_IS_NULL,
     .sql = "EXISTS (SELECT 1 FROM deployments d WHERE d.flow_id = r.id)"},
    FILTERS_END};

static const struct relation relations[] = {
    {"flow_runs", flow_run_filters, "r.id IN (SELECT r.flow_id FROM flow_runs r WHERE ", ")", NULL},
    {"task_runs", task_run_filters,
     "r.id IN (SELECT f.flow_id FROM flow_runs f WHERE f.id IN"
     " (SELECT r.flow_run_id FROM task_runs r WHERE ",
     "))", NULL},
    {"deployments", deployment_filters, "r.id IN (SELECT r.flow_id FROM deployments r WHERE ", ")",
     NULL},
    {"work_pools", work_pool_filters,
     "r.id IN (SELECT d.flow_id FROM deployments d WHERE d.work_pool_id IN"
     " (SELECT r.id FROM work_pools r WHERE ",
     "))", NULL},
    {.key = NULL}};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC"},
                                    {"NAME_DESC", "r.name DESC"},
                                    {"CREATED_DESC", "r.created DESC, r.seq DESC"},
                                    {"UPDATED_DESC", "r.updated DESC"},
                                    {NULL, NULL}};

static const struct resource flow = {.name = "Flow",
                                     .table = "flows",
                                     .fields = fields,
                                     .filters = flow_filters,
                                     .filter_key = "flows",
                                     .relations = relations,
                                     .sorts = sorts,
                                     .event_kind = "prefect.flow"};

/* A flow of that name is there already: it is the answer. */
static int create_flow(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    struct record record;
    rows_auto rows = {0};

    int found = db_first(txn, &rows, "SELECT id FROM flows WHERE name = ?", V(name));
    if (found < 0)
        return HANDLER_FAILED;
    if (found)
        return reply_resource(txn, reply, 200, &flow, "r.id = ?", V(rows_text(&rows, 0)));
    record_from_create(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    if (record_get(&record, "labels").type == VALUE_NULL)
        record_set(&record, "labels", V("{}"));
    if (record_insert(txn, "flows", &record) < 0 ||
        resource_event(txn, &flow, "id", record_get(&record, "id"), "created") < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "flows");
    return reply_resource(txn, reply, 201, &flow, "r.id = ?", record_get(&record, "id"));
}

#define RUNS_AT_ONCE 100

/* Its runs go before it, in steps, and it goes with the last of them. */
static int delete_flow(struct txn *txn, struct request *request, struct http_reply *reply)
{
    char ids[RUNS_AT_ONCE][ID_SIZE];
    rows_auto rows = {0};
    int room = RUN_PARTS_AT_ONCE;
    int count = 0;
    int r;

    if (db_query(txn, &rows, "SELECT id FROM flow_runs WHERE flow_id = ? LIMIT ?",
                 V(request->params[0]), V(RUNS_AT_ONCE)) < 0)
        return HANDLER_FAILED;
    while ((r = rows_next(&rows)) > 0)
        id_copy(ids[count++], rows_text(&rows, 0));
    rows_close(&rows);
    for (int i = 0; r == 0 && i < count && room > 0; i++)
        r = flow_run_delete(txn, ids[i], &room) < 0 ? -1 : 0;
    if (r < 0)
        return HANDLER_FAILED;
    if (count == RUNS_AT_ONCE || room == 0)
        return HANDLER_AGAIN;
    return resource_delete(txn, request, reply);
}

#define FLOWS "/api/flows/"

const struct route flow_routes[] = {
    {ROUTE_CREATE(FLOWS, flow, fields, create_flow),
     .summary = "Creates a flow, or gives the one that has the name.", .answers = ANSWERS_200},
    {ROUTE_FILTER(FLOWS, flow, "flows")},
    {ROUTE_COUNT(FLOWS, flow, "flows")},
    {ROUTE_PAGINATE(FLOWS, flow, "flows")},
    {ROUTE_READ(FLOWS "name/{name}", flow, resource_read),
     .summary = "Reads the flow of that name."},
    {ROUTE_READ(FLOWS "{id}", flow, resource_read), .summary = "Reads a flow."},
    {ROUTE_UPDATE(FLOWS "{id}", flow, fields, resource_update), .summary = "Changes a flow."},
    {ROUTE_DELETE(FLOWS "{id}", flow, delete_flow),
     .summary = "Deletes a flow with its deployments and runs."},
    {.path = NULL},
};
