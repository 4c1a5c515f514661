/* Inputs of a run: what is sent to it, and what its pauses leave there. */
#include <ctype.h>
#include <string.h>

#include "server/api/held_polls.h"
#include "server/api/routes.h"
#include "server/orchestration/input_request.h"

#define KEY_LENGTH 1024
#define KEY_COLUMN 4 /* of what is selected by the fields below */
#define SEQ_COLUMN 7

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "flow_run_id", .type = FIELD_ID, .doc = "The run that it is for."},
    {.name = "key",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .max_length = KEY_LENGTH,
     .doc = "The name, of which a run has one."},
    {.name = "value",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .doc = "Text that the server does not look into; clients put JSON there."},
    {.name = "sender",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_NULLABLE,
     .doc = "Who sent it: prefect.flow-run.ID, or null."},
    {.name = "seq",
     .type = FIELD_INTEGER,
     .doc = "Its number in the order of arrival: the place from which to go on."},
    FIELDS_END};

static const struct resource run_input = {
    .name = "Flow run input", .table = "flow_run_inputs", .fields = fields};

/* ---- creating ---- */

/* Letters, digits, dot, dash and underscore: what can stand in a path. */
static bool is_key(const char *key)
{
    for (const char *p = key; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            return false;
    return *key != '\0';
}

/* The key stands in the path or, of a new input, in the body. */
static const char *key_of(const struct request *request)
{
    return request->params[1] ? request->params[1] : request_text(request, "key");
}

static int prepare_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct description *description = arena_alloc(&request->arena, sizeof(*description));
    const char *key = key_of(request);

    if (!is_key(key) || strlen(key) > KEY_LENGTH) {
        reply_problem(reply, request, "key", "value_error",
                      "Value error, an input's key has letters, digits, dots, dashes and "
                      "underscores only, %d at the most",
                      KEY_LENGTH);
        return 1;
    }
    request->prepared = description;
    return input_request_describe(txn, &request->arena, request->params[0], key,
                                  request_text(request, "value"), description);
}

/* Whether the run has an input of this key. */
static int has_input(struct txn *txn, const char *run_id, const char *key)
{
    rows_auto rows = {0};

    return db_first(txn, &rows, "SELECT 1 FROM flow_run_inputs WHERE flow_run_id = ? AND key = ?",
                    V(run_id), V(key));
}

static int has_run(struct txn *txn, const char *run_id)
{
    rows_auto rows = {0};

    return db_first(txn, &rows, "SELECT 1 FROM flow_runs WHERE id = ?", V(run_id));
}

static int insert_input(struct txn *txn, const struct request *request, const char *run_id,
                        const char *key)
{
    const char *sender = request_text(request, "sender");
    struct record record;

    record_from_create(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    record_set(&record, "flow_run_id", V(run_id));
    record_set(&record, "key", V(key));
    if (record_insert(txn, "flow_run_inputs", &record) < 0)
        return -1;
    txn_publish(txn, "inputs:%s", run_id);
    if (sender)
        txn_publish(txn, "sent:%s", sender);
    return 0;
}

static int create_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *run_id = request->params[0];
    const char *key = request_text(request, "key");

    int found = has_run(txn, run_id);
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Flow run not found");
    found = has_input(txn, run_id, key);
    if (found < 0)
        return HANDLER_FAILED;
    if (found)
        return reply_detail(reply, 409, "A flow run input with this key already exists.");
    if (insert_input(txn, request, run_id, key) < 0 ||
        input_request_take(txn, run_id, key, request_text(request, "value"), request->prepared) < 0)
        return HANDLER_FAILED;
    return reply_json(reply, 201, "null");
}

/* An input that is there keeps its place in the order: those who have had it are not woken. */
static int put_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *run_id = request->params[0];
    const char *key = request->params[1];
    const char *value = request_text(request, "value");

    int found = has_run(txn, run_id);
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_detail(reply, 404, "Flow run not found");
    int replaced =
        db_run(txn,
               "UPDATE flow_run_inputs SET value = ?, sender = ?, updated = ?"
               " WHERE flow_run_id = ? AND key = ?",
               V(value), V(request_text(request, "sender")), V(txn_now(txn)), V(run_id), V(key));
    if (replaced < 0 || (!replaced && insert_input(txn, request, run_id, key) < 0) ||
        input_request_take(txn, run_id, key, value, request->prepared) < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

/* ---- reading ---- */

#define PAGE_BYTES                                                                                 \
    ((size_t)4 << 20) /* after which a page ends for those who can go on from there */

static const int64_t none = 0;
static const int64_t one = 1;

#define MOST_EXCLUDED 100000 /* keys: a reader sends all that it has had */

static const struct field filter_fields[] = {{.name = "prefix",
                                              .type = FIELD_TEXT,
                                              .flags = FIELD_REQUIRED,
                                              .doc = "What the key begins with."},
                                             {.name = "limit",
                                              .type = FIELD_INTEGER,
                                              .minimum = &one,
                                              .fallback = "1",
                                              .doc = "How many at the most."},
                                             {.name = "exclude_keys",
                                              .type = FIELD_STRINGS,
                                              .most = MOST_EXCLUDED,
                                              .fallback = "[]",
                                              .doc = "Keys to leave out: what the reader has had."},
                                             {.name = "after",
                                              .type = FIELD_INTEGER,
                                              .minimum = &none,
                                              .fallback = "0",
                                              .doc = "Only what arrived after the input with this "
                                                     "`seq`. A list with it ends after 4 MiB."},
                                             FIELDS_END};

/* The number after which this request has still to look: as it was asked, and when it was parked
 * and is woken again, behind what was of no use to it before. Numbers are given by the one writer,
 * so a row that is committed later has a higher one, and none is ever given again. */
static int64_t *place_of(struct request *request)
{
    if (!request->prepared) {
        int64_t *place = arena_alloc(&request->arena, sizeof(*place));
        *place = request_integer(request, "after", 0);
        request->prepared = place;
    }
    return request->prepared;
}

static json_t *excluded_keys(const struct request *request)
{
    json_t *excluded = json_object();
    size_t i;
    json_t *key;

    json_array_foreach(json_object_get(request->body, "exclude_keys"), i, key)
        json_object_set_new(excluded, json_string_value(key), json_true());
    return excluded;
}

/* Whether a page that has so many bytes is long enough. */
static bool is_full(const struct request *request, const struct json_writer *writer)
{
    return json_object_get(request->body, "after") && writer->to->length > PAGE_BYTES;
}

/* Writes those of the rows that are asked for. How many, or -1; `ret_last` gets the number of the
 * last row that was read, if there was one. */
static int64_t write_matching(const struct request *request, struct rows *rows,
                              struct json_writer *writer, int64_t *ret_last)
{
    const char *prefix = request_text(request, "prefix");
    size_t length = strlen(prefix);
    int64_t limit = request_integer(request, "limit", 1);
    json_auto_t *excluded = excluded_keys(request);
    int64_t count = 0;
    int r = 1;

    while (count < limit && !is_full(request, writer) && (r = rows_next(rows)) > 0) {
        const char *key = rows_text(rows, KEY_COLUMN);
        *ret_last = rows_integer(rows, SEQ_COLUMN);
        if (strncmp(key, prefix, length) == 0 && !json_object_get(excluded, key)) {
            fields_write_row(fields, writer, rows);
            count++;
        }
    }
    return r < 0 ? -1 : count;
}

static int filter_inputs(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int64_t *place = place_of(request);
    int64_t last = *place;
    struct json_writer writer;
    rows_auto rows = {0};
    sql_auto sql = {0};

    if (request_watch(txn, request, "inputs:%s", request->params[0]) < 0)
        return HANDLER_FAILED;
    resource_select(&run_input, &sql);
    sql_add(&sql, " WHERE r.flow_run_id = ? AND r.seq > ? ORDER BY r.seq");
    sql_bind(&sql, value_text(request->params[0]));
    sql_bind(&sql, value_integer(*place));
    if (sql_query(txn, &rows, &sql) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    int64_t count = write_matching(request, &rows, &writer, &last);
    if (count < 0)
        return HANDLER_FAILED;
    json_end_array(&writer);
    if (count > 0 || !request_may_wait(request, txn))
        return HANDLER_DONE;
    *place = last;
    return HANDLER_PARK;
}

static const struct field sent_fields[] = {{.name = "limit",
                                            .type = FIELD_INTEGER,
                                            .minimum = &one,
                                            .fallback = "200",
                                            .doc = "How many at the most, up to 200."},
                                           FIELDS_END};

/* What the run has sent to others: the last of it, in the order of arrival. */
static int list_sent(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    sql_auto sql = {0};
    int64_t limit;
    int64_t offset;

    if (!request_page(request, reply, &limit, &offset))
        return HANDLER_DONE;
    resource_select(&run_input, &sql);
    sql_add(&sql, " WHERE r.seq IN (SELECT seq FROM flow_run_inputs WHERE sender = ?"
                  " ORDER BY seq DESC LIMIT ?) ORDER BY r.seq");
    sql_bind(&sql, V(arena_printf(txn_arena(txn), "prefect.flow-run.%s", request->params[0])));
    sql_bind(&sql, V(limit));
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    if (reply_rows(txn, &writer, fields, &sql) < 0)
        return HANDLER_FAILED;
    json_end_array(&writer);
    return HANDLER_DONE;
}

/* The stored text itself. */
static int read_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};

    if (request_watch(txn, request, "inputs:%s", request->params[0]) < 0)
        return HANDLER_FAILED;
    int found =
        db_first(txn, &rows, "SELECT value FROM flow_run_inputs WHERE flow_run_id = ? AND key = ?",
                 V(request->params[0]), V(request->params[1]));
    if (found < 0)
        return HANDLER_FAILED;
    if (!found && request_may_wait(request, txn))
        return HANDLER_PARK;
    if (!found)
        return reply_detail(reply, 404, "Flow run input not found");
    reply_json(reply, 200, rows_text(&rows, 0));
    reply->content_type = "text/plain; charset=utf-8";
    return HANDLER_DONE;
}

static int delete_input(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int deleted = db_run(txn, "DELETE FROM flow_run_inputs WHERE flow_run_id = ? AND key = ?",
                         V(request->params[0]), V(request->params[1]));

    if (deleted < 0)
        return HANDLER_FAILED;
    return deleted ? reply_nothing(reply, 204)
                   : reply_detail(reply, 404, "Flow run input not found");
}

/* ---- routes ---- */

static const struct field put_fields[] = {
    {.name = "value", .type = FIELD_TEXT, .flags = FIELD_REQUIRED, .doc = "The text."},
    {.name = "sender",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "Who sent it: prefect.flow-run.ID, or null."},
    FIELDS_END};

static const struct body put_body = {.fields = put_fields};
static const struct body create_body = {.fields = fields, .only = FIELD_CREATE};
static const struct body sent_body = {.fields = sent_fields, .optional = true};
static const struct body inputs_body = {.fields = filter_fields};

const struct route run_input_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/input",
     .handle = create_input,
     .prepare = prepare_input,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &create_body,
     .summary = "Sends an input to a run.",
     .status = 201,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_NULL},
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/input/filter",
     .handle = filter_inputs,
     .prepare = hold_receive,
     .flags = ROUTE_WAITS,
     .body = &inputs_body,
     .summary = "Lists inputs by the beginning of their key, in the order of their arrival, "
                "all or what came after a place that is known. With Prefer: wait, as soon as there "
                "is one.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = fields},
    {.method = HTTP_POST,
     .path = "/api/flow_runs/{id}/input/sent",
     .handle = list_sent,
     .body = &sent_body,
     .summary = "Lists what the run has sent to others, in the order of arrival: the last of it.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = fields},
    {.method = HTTP_GET,
     .path = "/api/flow_runs/{id}/input/{key}",
     .handle = read_input,
     .flags = ROUTE_WAITS,
     .summary = "Reads an input's text. With Prefer: wait, as soon as it is there.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_TEXT},
    {.method = HTTP_PUT,
     .path = "/api/flow_runs/{id}/input/{key}",
     .handle = put_input,
     .prepare = prepare_input,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &put_body,
     .summary = "Stores an input in the place of the one with this key, if there is one; it keeps "
                "its place in the order of arrival.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.method = HTTP_DELETE,
     .path = "/api/flow_runs/{id}/input/{key}",
     .handle = delete_input,
     .flags = ROUTE_WRITES,
     .summary = "Deletes an input.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.path = NULL},
};
