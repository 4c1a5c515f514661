/* Many flow runs at once: their figures, new states for them, their deletion. */
#include "common/ids.h"
#include "server/api/flow_runs.h"
#include "server/api/routes.h"
#include "server/api/run_figures.h"
#include "server/api/states.h"

#define BULK_LIMIT 50

static const int64_t one = 1;
static const int64_t bulk_limit = BULK_LIMIT;

/* Unlike the bodies of lists these refuse what they do not know: a filter misspelt would match
 * every run. */
#define BULK_FIELDS                                                                                \
    {.name = "flow_runs",                                                                          \
     .type = FIELD_MAP,                                                                            \
     .flags = FIELD_NULLABLE,                                                                      \
     .doc = "Which runs; without it any."},                                                        \
    {                                                                                              \
        .name = "limit", .type = FIELD_INTEGER, .minimum = &one, .maximum = &bulk_limit,           \
        .fallback = "50", .doc = "How many at the most."                                           \
    }

static const struct field delete_fields[] = {BULK_FIELDS, FIELDS_END};

static const struct field set_state_fields[] = {
    BULK_FIELDS,
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_REQUIRED,
     .fields = state_create_fields,
     .doc = "The state that is proposed for each."},
    {.name = "force",
     .type = FIELD_BOOLEAN,
     .fallback = "false",
     .doc = "Whether only the rules that always hold are asked."},
    FIELDS_END};

static const struct field deleted_fields[] = {
    {.name = "deleted", .type = FIELD_IDS, .doc = "The runs that are no more."}, FIELDS_END};

static const struct field result_fields[] = {
    {.name = "flow_run_id", .type = FIELD_ID, .doc = "Of which run."},
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = state_fields,
     .doc = "The state that it has now."},
    {.name = "status", .type = FIELD_ENUM, .choices = outcome_statuses, .doc = "The verdict."},
    {.name = "details",
     .type = FIELD_OBJECT,
     .fields = outcome_detail_fields,
     .doc = "Its reason."},
    FIELDS_END};

static const struct field results_fields[] = {{.name = "results",
                                               .type = FIELD_OBJECTS,
                                               .fields = result_fields,
                                               .doc = "What became of each proposal."},
                                              FIELDS_END};

/* The runs that are meant, as they were when they were found. */
struct found_runs {
    int count;
    struct found_run {
        char id[ID_SIZE];
        int64_t version;
        bool is_left_out;
    } runs[BULK_LIMIT];
};

/* What the filter looks at may be all runs: it is asked before the transaction, beside others. */
static int find_runs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct found_runs *found = arena_alloc(&request->arena, sizeof(*found));
    problems_auto problems = {0};
    sql_auto sql = {0};
    rows_auto rows = {0};
    int r;

    found->count = 0;
    request->prepared = found;
    problems_init(&problems, "body");
    sql_add(&sql, "SELECT r.id, r.version FROM flow_runs r WHERE ");
    resource_where(&flow_run_resource, request->body, &request->arena, &sql, &problems);
    if (problems_any(&problems)) {
        reply_problems(reply, request, &problems);
        return 1;
    }
    sql_add(&sql, " ORDER BY r.id DESC LIMIT ?");
    sql_bind(&sql, V(request_integer(request, "limit", BULK_LIMIT)));
    if (sql_query(txn, &rows, &sql) < 0)
        return -1;
    for (; (r = rows_next(&rows)) > 0; found->count++) {
        id_copy(found->runs[found->count].id, rows_text(&rows, 0));
        found->runs[found->count].version = rows_integer(&rows, 1);
    }
    return r;
}

/* One that has changed since may no longer be meant, and is left alone. All are looked at before
 * the first is changed: one that ends may give its place to the next. */
static int leave_out_changed(struct txn *txn, struct found_runs *found)
{
    for (int i = 0; i < found->count; i++) {
        rows_auto rows = {0};
        struct found_run *run = &found->runs[i];
        int r = db_first(txn, &rows, "SELECT version FROM flow_runs WHERE id = ?", V(run->id));
        if (r < 0)
            return -1;
        run->is_left_out = r > 0 && rows_integer(&rows, 0) != run->version;
    }
    return 0;
}

/* In as many transactions as it takes; what is gone by the end is told. */
static int delete_runs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct found_runs *found = request->prepared;
    struct json_writer writer;
    int room = RUN_PARTS_AT_ONCE;

    if (!request->again && leave_out_changed(txn, found) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "deleted");
    json_begin_array(&writer);
    for (int i = 0; i < found->count; i++) {
        if (found->runs[i].is_left_out)
            continue;
        if (flow_run_delete(txn, found->runs[i].id, &room) < 0)
            return HANDLER_FAILED;
        if (room == 0)
            return HANDLER_AGAIN;
        json_add_string(&writer, found->runs[i].id);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return HANDLER_DONE;
}

/* 0 also if there is none any more. */
static int set_state_of(struct txn *txn, struct request *request, const char *id,
                        struct json_writer *writer)
{
    struct flow_run run;
    struct state state;
    struct outcome outcome;
    int there = flow_run_load(txn, id, &run);

    if (there <= 0)
        return there;
    read_proposal(txn, request, &state);
    if (flow_run_propose(txn, &run, &state, request_flag(request, "force", false), &outcome) < 0)
        return -1;
    json_begin_object(writer);
    json_key(writer, "flow_run_id");
    json_add_string(writer, id);
    outcome_write_members(writer, &outcome);
    json_end_object(writer);
    return 0;
}

static int set_states(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct found_runs *found = request->prepared;
    struct json_writer writer;

    if (leave_out_changed(txn, found) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "results");
    json_begin_array(&writer);
    for (int i = 0; i < found->count; i++) {
        const struct found_run *run = &found->runs[i];
        if (!run->is_left_out && set_state_of(txn, request, run->id, &writer) < 0)
            return HANDLER_FAILED;
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return HANDLER_DONE;
}

static const struct body delete_body = {.fields = delete_fields};
static const struct body bulk_set_state_body = {.fields = set_state_fields};

const struct route flow_run_bulk_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/flow_runs/history",
     .handle = runs_history,
     .body = &history_body,
     .resource = &flow_run_resource,
     .summary = "Counts runs by intervals of time and by their states.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = history_fields},
    {.method = HTTP_POST,
     .path = "/api/flow_runs/lateness",
     .handle = runs_lateness,
     .body = &count_body,
     .resource = &flow_run_resource,
     .summary = "The average of the seconds that runs are or were late; null without runs.",
     .status = 200,
     .shape = REPLY_NUMBER},
    {.method = HTTP_POST,
     .path = "/api/flow_runs/bulk_set_state",
     .handle = set_states,
     .prepare = find_runs,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT | ROUTE_SEARCHES,
     .body = &bulk_set_state_body,
     .resource = &flow_run_resource,
     .summary = "Proposes a state for each of up to 50 runs.",
     .status = 200,
     .reply_fields = results_fields},
    {.method = HTTP_POST,
     .path = "/api/flow_runs/bulk_delete",
     .handle = delete_runs,
     .prepare = find_runs,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT | ROUTE_SEARCHES,
     .body = &delete_body,
     .resource = &flow_run_resource,
     .summary = "Deletes up to 50 runs with their states, inputs and logs.",
     .status = 200,
     .reply_fields = deleted_fields},
    {.path = NULL},
};
