#include "server/orchestration/input_request.h"

#include <string.h>

#include "common/times.h"
#include "server/markdown/markdown.h"
#include "server/orchestration/candidate.h"
#include "server/orchestration/request_event.h"
#include "json/text.h"

const char *const input_request_state_names[] = {
    [INPUT_REQUEST_OPEN] = "open",           [INPUT_REQUEST_CHECKING] = "checking",
    [INPUT_REQUEST_ANSWERED] = "answered",   [INPUT_REQUEST_EXPIRED] = "expired",
    [INPUT_REQUEST_CANCELLED] = "cancelled", NULL,
};

static void publish(struct txn *txn, const char *id)
{
    txn_publish(txn, "input_request:%s", id);
    txn_publish(txn, "input_requests");
}

int input_request_open(struct txn *txn, const struct flow_run *run, const struct state *state)
{
    const json_t *keyset = json_object_get(state->details, "run_input_keyset");
    const char *keys = json_is_object(keyset) ? json_arena_text(txn_arena(txn), keyset) : NULL;
    int64_t deadline = state_detail_time(state, "pause_timeout");
    int64_t now = txn_now(txn);
    char id[ID_SIZE];

    id_new(id);
    int r =
        db_run(txn,
               "INSERT INTO input_requests (id, created, updated, version, flow_run_id, flow_id,"
               " deployment_id, state_id, pause_key, suspended, keyset, deadline, state)"
               " VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
               V(id), V(now), V(now), V(run->id), V(run->flow_id), V(run->deployment_id),
               V(state->id), V(state_detail(state, "pause_key")),
               V(state_detail_flag(state, "pause_reschedule")), V(keys), value_time(deadline));
    if (r < 0)
        return -1;
    publish(txn, id);
    if (deadline != TIME_NEVER)
        txn_publish(txn, "clock");
    return request_event_make(txn, id, REQUEST_OPENED);
}

/* ---- loading ---- */

static const char *member(struct txn *txn, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? arena_strdup(txn_arena(txn), text) : NULL;
}

static enum input_request_state parse_state(const char *name)
{
    int state = 0;

    while (strcmp(input_request_state_names[state], name) != 0)
        state++;
    return (enum input_request_state)state;
}

static int load(struct txn *txn, const char *sql, const char *id, struct input_request *ret_request)
{
    rows_auto rows = {0};
    struct input_request request = {0};
    int found = db_first(txn, &rows, sql, V(id));

    if (found <= 0)
        return found;
    id_copy(request.id, rows_text(&rows, 0));
    id_copy(request.flow_run_id, rows_text(&rows, 1));
    id_copy(request.state_id, rows_text(&rows, 2));
    request.state = parse_state(rows_text(&rows, 3));
    request.version = rows_integer(&rows, 4);
    request.suspended = rows_integer(&rows, 5);
    if (!rows_is_null(&rows, 6)) {
        json_auto_t *keyset = json_loads(rows_text(&rows, 6), 0, NULL);
        request.wants_input = true;
        request.schema_key = member(txn, keyset, "schema");
        request.response_key = member(txn, keyset, "response");
    }
    if (!rows_is_null(&rows, 7))
        request.schema = arena_strdup(txn_arena(txn), rows_text(&rows, 7));
    request.checks = rows_integer(&rows, 9);
    request.deadline = rows_time(&rows, 8);
    *ret_request = request;
    return 1;
}

#define LOAD                                                                                       \
    "SELECT id, flow_run_id, state_id, state, version, suspended, keyset, schema, deadline, "      \
    "checks"                                                                                       \
    " FROM input_requests WHERE "

int input_request_load(struct txn *txn, const char *id, struct input_request *ret_request)
{
    return load(txn, LOAD "id = ?", id, ret_request);
}

int input_request_load_open(struct txn *txn, const char *flow_run_id,
                            struct input_request *ret_request)
{
    return load(txn, LOAD "flow_run_id = ? AND state IN ('open', 'checking')", flow_run_id,
                ret_request);
}

/* ---- schema and description ---- */

static int set_text(struct txn *txn, const char *id, const char *column, const char *text)
{
    char *sql = arena_printf(txn_arena(txn),
                             "UPDATE input_requests SET %s = ?, updated = ?, version = version + 1"
                             " WHERE id = ?",
                             column);

    if (db_run_values(txn, sql, DB_VALUES(V(text), V(txn_now(txn)), V(id))) < 0)
        return -1;
    publish(txn, id);
    return 0;
}

/* The keys under which the run's open request expects schema and description; 0: it expects none.
 */
static int expected_keys(struct txn *txn, const char *flow_run_id, const char **ret_id,
                         const char **ret_schema_key, const char **ret_description_key)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT id, keyset FROM input_requests"
                         " WHERE flow_run_id = ? AND state = 'open' AND keyset IS NOT NULL",
                         V(flow_run_id));

    if (found <= 0)
        return found;
    json_auto_t *keyset = json_loads(rows_text(&rows, 1), 0, NULL);
    *ret_id = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    *ret_schema_key = member(txn, keyset, "schema");
    *ret_description_key = member(txn, keyset, "description");
    return 1;
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

int input_request_describe(struct txn *txn, struct arena *arena, const char *flow_run_id,
                           const char *key, const char *value, struct description *ret_description)
{
    const char *id, *schema_key, *description_key;
    int expects = expected_keys(txn, flow_run_id, &id, &schema_key, &description_key);
    struct error too_long;
    buf_auto html = BUF_INIT;

    *ret_description = (struct description){0};
    if (expects <= 0 || !same(key, description_key))
        return expects < 0 ? -1 : 0;
    /* It comes as a JSON string; anything else is taken as it is. */
    json_auto_t *decoded = json_loads(value, JSON_DECODE_ANY, NULL);
    const char *markdown = json_is_string(decoded) ? json_string_value(decoded) : value;
    ret_description->markdown = arena_strdup(arena, markdown);
    if (markdown_to_html(markdown, strlen(markdown), &html, &too_long) == 0)
        ret_description->html = arena_strdup(arena, buf_string(&html));
    return 0;
}

/* Our own library says in its schemas whether the flow checks answers itself. */
static int take_schema(struct txn *txn, const char *id, const char *value)
{
    json_auto_t *schema = json_loads(value, 0, NULL);
    bool checks = json_is_true(json_object_get(schema, "x-fermata-checks-answers"));

    if (db_run(txn, "UPDATE input_requests SET checks = ? WHERE id = ?", V(checks), V(id)) < 0)
        return -1;
    return set_text(txn, id, "schema", value);
}

int input_request_take(struct txn *txn, const char *flow_run_id, const char *key, const char *value,
                       const struct description *description)
{
    const char *id, *schema_key, *description_key;
    int expects = expected_keys(txn, flow_run_id, &id, &schema_key, &description_key);

    if (expects <= 0)
        return expects;
    if (same(key, schema_key))
        return take_schema(txn, id, value);
    if (!same(key, description_key) || !description->markdown)
        return 0;
    if (set_text(txn, id, "description", description->markdown) < 0)
        return -1;
    return set_text(txn, id, "description_html", description->html);
}

/* ---- ends ---- */

int input_request_set_state(struct txn *txn, const char *id, enum input_request_state state)
{
    int r = db_run(txn,
                   "UPDATE input_requests SET state = ?, updated = ?, version = version + 1"
                   " WHERE id = ?",
                   V(input_request_state_names[state]), V(txn_now(txn)), V(id));

    if (r < 0)
        return -1;
    publish(txn, id);
    return request_event_make(txn, id,
                              state == INPUT_REQUEST_CHECKING ? REQUEST_CHECKING : REQUEST_REFUSED);
}

int input_request_leave(struct txn *txn, const struct flow_run *run, const struct state *next)
{
    struct input_request request;
    int found = input_request_load_open(txn, run->id, &request);

    if (found <= 0)
        return found; /* it was answered */
    bool expired = next->type == STATE_FAILED && request.deadline <= txn_now(txn);
    bool resumed = next->type == STATE_RUNNING || next->type == STATE_SCHEDULED;
    enum input_request_state state = expired   ? INPUT_REQUEST_EXPIRED
                                     : resumed ? INPUT_REQUEST_ANSWERED
                                               : INPUT_REQUEST_CANCELLED;
    int r = db_run(txn,
                   "UPDATE input_requests SET state = ?, updated = ?, version = version + 1,"
                   " answered_via = ?, answered_at = ? WHERE id = ?",
                   V(input_request_state_names[state]), V(txn_now(txn)),
                   resumed ? value_text("set_state") : value_null(),
                   resumed ? value_integer(txn_now(txn)) : value_null(), V(request.id));
    if (r < 0)
        return -1;
    publish(txn, request.id);
    if (request_event_make(txn, request.id,
                           expired   ? REQUEST_EXPIRED
                           : resumed ? REQUEST_ANSWERED
                                     : REQUEST_CANCELLED) < 0)
        return -1;
    return candidate_drop(txn, request.id);
}

static bool is_empty(const char *value)
{
    return !value || value[1 + strspn(value + 1, " \t\r\n")] == '}';
}

/* The answer becomes an input of the run, as if somebody had sent it; an empty one does not. What
 * an earlier pause with the same keys left there must not be taken for it. */
static int store_response(struct txn *txn, const struct input_request *request, const char *value)
{
    char id[ID_SIZE];
    int64_t now = txn_now(txn);

    id_new(id);
    if (db_run(txn, "DELETE FROM flow_run_inputs WHERE flow_run_id = ? AND key = ?",
               V(request->flow_run_id), V(request->response_key)) < 0)
        return -1;
    if (!value)
        return 0;
    int r =
        db_run(txn,
               "INSERT INTO flow_run_inputs (id, created, updated, flow_run_id, key, value)"
               " VALUES (?, ?, ?, ?, ?, ?)",
               V(id), V(now), V(now), V(request->flow_run_id), V(request->response_key), V(value));
    if (r < 0)
        return -1;
    txn_publish(txn, "inputs:%s", request->flow_run_id);
    return 0;
}

int input_request_answer(struct txn *txn, const struct input_request *request,
                         const struct answer *answer)
{
    const char *value = request->wants_input && !is_empty(answer->value) ? answer->value : NULL;

    if (request->response_key && store_response(txn, request, value) < 0)
        return -1;
    int r = db_run(txn,
                   "UPDATE input_requests SET state = 'answered', answer = ?, unchecked = ?,"
                   " answered_by = ?, answered_via = ?, answered_at = ?, updated = ?,"
                   " version = version + 1 WHERE id = ?",
                   V(value                  ? value
                     : request->wants_input ? "{}"
                                            : NULL),
                   V(answer->unchecked), V(answer->by), V(answer->via), V(txn_now(txn)),
                   V(txn_now(txn)), V(request->id));
    if (r < 0)
        return -1;
    publish(txn, request->id);
    return request_event_make(txn, request->id, REQUEST_ANSWERED);
}
