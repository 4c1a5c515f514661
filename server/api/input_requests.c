/* Input requests: the inbox, and answering. */
#include <inttypes.h>
#include <string.h>

#include "common/times.h"
#include "server/api/candidates.h"
#include "server/api/headers.h"
#include "server/api/routes.h"
#include "server/orchestration/answer_check.h"
#include "server/orchestration/transition.h"
#include "json/text.h"

/* ---- the resource ---- */

/* {"name": "JSON text"}: the defaults that an object of properties has. */
static json_t *defaults_of(const char *properties)
{
    static const char *const path[] = {"default", NULL};
    json_t *defaults = json_object();
    struct json_member property;
    size_t length;

    while (json_next_member(&properties, &property)) {
        json_auto_t *name = json_member_key(&property);
        const char *value = json_member_text(property.value, path, &length);
        if (value)
            json_object_set_new(defaults, json_string_value(name), json_stringn(value, length));
        else /* of equal names the last one counts */
            json_object_del(defaults, json_string_value(name));
    }
    return defaults;
}

/* Initial values of the fields: their defaults in the schema, so that no client has to dig. As
 * text, so that no number loses digits. */
static void write_defaults(struct json_writer *writer, const struct rows *rows, int column)
{
    static const char *const path[] = {"properties", NULL};
    const char *text = rows_text(rows, column);
    json_auto_t *schema = text ? json_parse(text, strlen(text), NULL) : NULL;
    bool has_properties = json_is_object(json_object_get(schema, "properties"));
    size_t length;
    json_auto_t *defaults =
        has_properties ? defaults_of(json_member_text(text, path, &length)) : NULL;
    const char *name;
    json_t *value;

    json_begin_object(writer);
    json_object_foreach(defaults, name, value) {
        json_key(writer, name);
        json_add_text(writer, json_string_value(value));
    }
    json_end_object(writer);
}

/* A schema that is no object was stored by a client of its own making: nobody can make a form of
 * it. */
static void write_schema(struct json_writer *writer, const struct rows *rows, int column)
{
    const char *text = rows_text(rows, column);
    json_auto_t *schema = text ? json_parse(text, strlen(text), NULL) : NULL;

    json_add_text(writer, json_is_object(schema) ? text : NULL);
}

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "flow_run_id", .type = FIELD_ID, .doc = "The run that waits."},
    {.name = "flow_run_name", .type = FIELD_TEXT, .sql = "f.name", .doc = "Its name."},
    {.name = "flow_id", .type = FIELD_ID, .doc = "The flow."},
    {.name = "flow_name", .type = FIELD_TEXT, .sql = "w.name", .doc = "Its name."},
    {.name = "deployment_id", .type = FIELD_ID, .flags = FIELD_NULLABLE, .doc = "The deployment."},
    {.name = "deployment_name",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .sql = "d.name",
     .doc = "Its name."},
    {.name = "pause_key",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "Which of the run's pauses it is."},
    {.name = "suspended",
     .type = FIELD_BOOLEAN,
     .doc = "Whether the run's process has gone, to be started again by the answer."},
    {.name = "state",
     .type = FIELD_ENUM,
     .choices = input_request_state_names,
     .doc = "open, checking (by the flow), answered, expired or cancelled."},
    {.name = "schema",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .write = write_schema,
     .doc = "JSON Schema of the answer; null: nothing is asked but a yes, or not yet told."},
    {.name = "wants_input",
     .type = FIELD_BOOLEAN,
     .sql = "CASE WHEN r.keyset IS NULL THEN 0 ELSE 1 END",
     .doc = "False: nothing is asked but a yes."},
    {.name = "defaults",
     .type = FIELD_MAP,
     .sql = "r.schema",
     .write = write_defaults,
     .doc = "What the fields hold before anybody has filled them in."},
    {.name = "description",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "Markdown, made by the flow."},
    {.name = "description_html",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "The same as HTML without scripts; null where it is too long for that."},
    {.name = "deadline",
     .type = FIELD_TIME,
     .flags = FIELD_NULLABLE,
     .doc = "When the run fails if nobody has answered."},
    {.name = "answer", .type = FIELD_MAP, .flags = FIELD_NULLABLE, .doc = "What was answered."},
    {.name = "answered_by",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "By whom, as the client said; nobody has checked it."},
    {.name = "answered_via",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "By which way: api, resume or set_state."},
    {.name = "answered_at", .type = FIELD_TIME, .flags = FIELD_NULLABLE, .doc = "When."},
    {.name = "unchecked",
     .type = FIELD_BOOLEAN,
     .doc =
         "Whether the answer was taken without the flow, which checks answers itself but was not "
         "there or stayed silent: it is checked when the run goes on."},
    FIELDS_END};

static const struct filter filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "state",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_NOT_ANY,
     .type = FIELD_ENUM,
     .choices = input_request_state_names},
    {.name = "flow_run_id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "flow_id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "deployment_id",
     .kind = FILTER_VALUE,
     .operators = OP_ANY | OP_IS_NULL,
     .type = FIELD_ID},
    {.name = "deadline",
     .kind = FILTER_VALUE,
     .operators = OP_BEFORE | OP_AFTER | OP_IS_NULL,
     .type = FIELD_TIME},
    {.name = "text",
     .kind = FILTER_VALUE,
     .operators = OP_QUERY,
     .type = FIELD_TEXT,
     /* Of r alone, since counts know of no other table. */
     .sql = "((SELECT name FROM flow_runs WHERE id = r.flow_run_id) || ' ' ||"
            " (SELECT name FROM flows WHERE id = r.flow_id) || ' ' ||"
            " COALESCE((SELECT name FROM deployments WHERE id = r.deployment_id), '') || ' ' ||"
            " COALESCE(r.description, ''))"},
    FILTERS_END};

/* Those that expire first on top, those that never do at the end, older ones before newer. */
static const struct sort sorts[] = {
    {"DEADLINE_ASC", "COALESCE(r.deadline, 9223372036854775807) ASC, r.seq ASC"},
    {"CREATED_ASC", "r.seq ASC"},
    {"CREATED_DESC", "r.seq DESC"},
    {NULL, NULL}};

static const struct resource input_request_resource = {
    .name = "Input request",
    .table = "input_requests",
    .from = "input_requests r JOIN flow_runs f ON f.id = r.flow_run_id"
            " JOIN flows w ON w.id = r.flow_id LEFT JOIN deployments d ON d.id = r.deployment_id",
    .fields = fields,
    .filters = filters,
    .filter_key = "input_requests",
    .sorts = sorts};

/* ---- reading ---- */

/* A list's version: what it says is all stored, so it is another text when, and only when, it is
 * another list. FNV-1a. */
static const char *tag_of(struct request *request, struct buf *body)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (const char *p = buf_string(body); *p; p++)
        hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
    return arena_printf(&request->arena, "\"%016" PRIx64 "\"", hash);
}

/* Without a filter for the state: the open ones. */
static const char *only_open(const struct request *request)
{
    const json_t *asked = json_object_get(request->body, "input_requests");
    const json_t *state = json_object_get(asked, "state");

    return state && !json_is_null(state) ? NULL : "r.state IN ('open', 'checking')";
}

/* With Prefer: wait, as soon as there is one; with If-None-Match, when the list is another one. */
static int list_input_requests(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *known = http_request_header(request->http, HTTP_HEADER_IF_NONE_MATCH);

    if (request_watch(txn, request, "input_requests") < 0)
        return HANDLER_FAILED;
    request->only = only_open(request);
    if (resource_filter(txn, request, reply) < 0)
        return HANDLER_FAILED;
    if (reply->status != 200)
        return HANDLER_DONE;
    const char *tag = tag_of(request, &reply->body);
    bool is_known = known && none_match_names(known, tag);
    bool says_nothing = known ? is_known : strcmp(buf_string(&reply->body), "[]") == 0;
    if (says_nothing && request_may_wait(request, txn))
        return HANDLER_PARK;
    if (is_known)
        reply_nothing(reply, 304);
    reply_header(reply, "ETag", tag);
    return HANDLER_DONE;
}

static int count_input_requests(struct txn *txn, struct request *request, struct http_reply *reply)
{
    request->only = only_open(request);
    return resource_count(txn, request, reply);
}

/* With Prefer: wait, when it is over. */
static int read_input_request(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *id = request->params[0];
    rows_auto rows = {0};

    if (request_watch(txn, request, "input_request:%s", id) < 0)
        return HANDLER_FAILED;
    if (request_may_wait(request, txn)) {
        int open = db_first(
            txn, &rows,
            "SELECT 1 FROM input_requests WHERE id = ? AND state IN ('open', 'checking')", V(id));
        if (open != 0)
            return open < 0 ? HANDLER_FAILED : HANDLER_PARK;
    }
    return resource_read(txn, request, reply);
}

/* ---- answering ---- */

static const struct field answer_fields[] = {
    {.name = "value",
     .type = FIELD_MAP,
     .flags = FIELD_NULLABLE,
     .doc = "An object with the fields of the schema; null or absent for a yes."},
    {.name = "by",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .max_length = 200,
     .doc = "Who answers, for the record."},
    FIELDS_END};

static int check_value(struct txn *txn, struct request *request, struct answer_check *ret_check)
{
    const json_t *sent = json_object_get(request->body, "value");
    const struct field *field = field_find(answer_fields, "value");
    struct input_request input_request;
    int found = input_request_load(txn, request->params[0], &input_request);

    *ret_check = (struct answer_check){0};
    if (found <= 0)
        return found;
    const char *text =
        json_is_object(sent)
            ? field_value(field, &request->arena, sent, request->body_text, NULL).text
            : NULL;
    return answer_check(txn, &request->arena, &input_request, sent, text, ret_check);
}

static int prepare_answer(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct answer_check *check = arena_alloc(&request->arena, sizeof(*check));

    (void)reply;
    request->prepared = check;
    return check_value(txn, request, check);
}

static void write_errors(struct json_writer *writer, const struct answer_check *check)
{
    json_key(writer, "errors");
    if (check->errors)
        json_add_value(writer, check->errors);
    else
        json_add_text(writer, "[]");
}

static int refuse_answer(struct http_reply *reply, const struct answer_check *check)
{
    struct json_writer writer;

    reply_begin(reply, 422, &writer);
    json_begin_object(&writer);
    json_key(&writer, "detail");
    json_add_string(&writer, check->schema_missing ? "The run has not yet told what it asks."
                                                   : check->reason);
    write_errors(&writer, check);
    json_end_object(&writer);
    return HANDLER_DONE;
}

/* Somebody was first: tells who, when and what. */
static int tell_winner(struct txn *txn, const char *id, struct http_reply *reply)
{
    struct http_reply winner = {0};
    struct json_writer writer;

    if (reply_resource(txn, &winner, 200, &input_request_resource, "r.id = ?", V(id)) < 0) {
        buf_release(&winner.body);
        return HANDLER_FAILED;
    }
    reply_begin(reply, 409, &writer);
    json_begin_object(&writer);
    json_key(&writer, "detail");
    json_add_string(&writer, "This input request was answered already.");
    json_key(&writer, "winner");
    json_add_text(&writer, buf_string(&winner.body));
    json_end_object(&writer);
    buf_release(&winner.body);
    return HANDLER_DONE;
}

/* Loads the request if it can be answered; else the reply says why not: 0. */
static int load_answerable(struct txn *txn, struct request *request, struct http_reply *reply,
                           struct input_request *ret_input_request)
{
    int found = input_request_load(txn, request->params[0], ret_input_request);

    if (found < 0)
        return -1;
    if (!found)
        reply_detail(reply, 404, "Input request not found");
    else if (ret_input_request->state == INPUT_REQUEST_ANSWERED)
        return tell_winner(txn, ret_input_request->id, reply) < 0 ? -1 : 0;
    else if (ret_input_request->state == INPUT_REQUEST_CHECKING)
        reply_detail(reply, 409, "Another answer is being checked by the flow just now.");
    else if (ret_input_request->state == INPUT_REQUEST_CANCELLED)
        reply_detail(reply, 410, "The run does not wait any more: it went on or ended otherwise.");
    else if (ret_input_request->state == INPUT_REQUEST_EXPIRED ||
             ret_input_request->deadline < txn_now(txn))
        reply_detail(reply, 410, "The time to answer is over.");
    else
        return 1;
    return 0;
}

static int answer(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct answer_check *check = request->prepared;
    struct input_request input_request;
    struct flow_run run;
    struct outcome outcome;
    int answerable = load_answerable(txn, request, reply, &input_request);

    if (answerable <= 0)
        return answerable < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (check->version != input_request.version && check_value(txn, request, check) < 0)
        return HANDLER_FAILED;
    if (!check->valid)
        return refuse_answer(reply, check);
    const struct answer given = {.value = check->value,
                                 .by = request_text(request, "by"),
                                 .via = "api",
                                 .unchecked = input_request.checks};
    if (flow_checks(request, &input_request))
        return ask_flow(txn, request, &input_request, &given);
    if (input_request_answer(txn, &input_request, &given) < 0 ||
        flow_run_load(txn, input_request.flow_run_id, &run) < 0 ||
        flow_run_resume(txn, &run, &outcome) < 0)
        return HANDLER_FAILED;
    if (outcome.verdict != VERDICT_ACCEPT)
        return reply_detail(reply, 409, "%s", outcome.reason);
    return reply_resource(txn, reply, 200, &input_request_resource, "r.id = ?",
                          V(input_request.id));
}

/* What became of an answer that the flow checked. */
static int tell_verdict(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct candidate candidate;
    struct json_writer writer;
    int judged = await_verdict(txn, request, &candidate);

    if (judged <= 0)
        return judged < 0 ? HANDLER_FAILED : HANDLER_PARK;
    if (candidate.state == CANDIDATE_DROPPED)
        return reply_detail(reply, 410,
                            "The run does not wait any more: it went on or ended otherwise.");
    if (candidate.state == CANDIDATE_ACCEPTED)
        return reply_resource(txn, reply, 200, &input_request_resource, "r.id = ?",
                              V(candidate.input_request_id));
    reply_begin(reply, 422, &writer);
    json_begin_object(&writer);
    json_key(&writer, "detail");
    json_add_string(&writer, candidate.reason);
    json_key(&writer, "errors");
    json_add_text(&writer, candidate.errors);
    json_end_object(&writer);
    return HANDLER_DONE;
}

static const struct field field_error_fields[] = {
    {.name = "path", .type = FIELD_TEXT, .doc = "Which field; empty for the whole."},
    {.name = "message", .type = FIELD_TEXT, .doc = "What is wrong with it."},
    FIELDS_END};

static const struct field check_fields[] = {
    {.name = "valid", .type = FIELD_BOOLEAN, .doc = "Whether the answer would be taken."},
    {.name = "errors", .type = FIELD_OBJECTS, .fields = field_error_fields, .doc = "Why not."},
    FIELDS_END};

/* What answering would say; changes nothing. */
static int check_answer(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct input_request input_request;
    struct answer_check check;
    struct json_writer writer;
    int answerable = load_answerable(txn, request, reply, &input_request);

    if (answerable <= 0)
        return answerable < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (check_value(txn, request, &check) < 0)
        return HANDLER_FAILED;
    if (check.schema_missing)
        return refuse_answer(reply, &check);
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "valid");
    json_add_bool(&writer, check.valid);
    write_errors(&writer, &check);
    json_end_object(&writer);
    return HANDLER_DONE;
}

/* ---- routes ---- */

/* Of a 409: who was first, if that is the reason. */
static const struct field conflict_fields[] = {
    {.name = "detail", .type = FIELD_TEXT, .doc = "Why not."},
    {.name = "winner",
     .type = FIELD_OBJECT,
     .flags = FIELD_OPTIONAL_REPLY,
     .fields = fields,
     .doc = "The input request as it was answered."},
    FIELDS_END};

static const struct body answer_body = {.fields = answer_fields, .optional = true};

const struct route input_request_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/input_requests/filter",
     .handle = list_input_requests,
     .flags = ROUTE_WAITS | ROUTE_SEARCHES,
     .body = &filter_body,
     .resource = &input_request_resource,
     .summary = "The inbox: lists input requests (without a filter for state the open ones), those "
                "that expire first on top. With Prefer: wait, as soon as there is one, or with "
                "If-None-Match as soon as the list is another one.",
     .status = 200,
     .answers = ANSWERS_304,
     .shape = REPLY_LIST,
     .reply_fields = fields},
    {.method = HTTP_POST,
     .path = "/api/input_requests/count",
     .handle = count_input_requests,
     .body = &count_body,
     .resource = &input_request_resource,
     .summary = "Counts input requests; without a filter for state the open ones.",
     .status = 200,
     .shape = REPLY_INTEGER},
    {ROUTE_READ("/api/input_requests/{id}", input_request_resource, read_input_request),
     .flags = ROUTE_WAITS,
     .summary = "Reads an input request. With Prefer: wait, once it is answered or over."},
    {.method = HTTP_POST,
     .path = "/api/input_requests/{id}/answer",
     .handle = answer,
     .prepare = prepare_answer,
     .then = tell_verdict,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &answer_body,
     .summary =
         "Answers: the run goes on. 409 if somebody was first, 410 if it is over, 422 with an "
         "error for each field.",
     .status = 200,
     .answers = ANSWERS_404 | ANSWERS_409 | ANSWERS_410,
     .reply_fields = fields,
     .conflict_fields = conflict_fields},
    {.method = HTTP_POST,
     .path = "/api/input_requests/{id}/check",
     .handle = check_answer,
     .body = &answer_body,
     .summary = "Says what answering would say, and changes nothing.",
     .status = 200,
     .answers = ANSWERS_404 | ANSWERS_409 | ANSWERS_410,
     .reply_fields = check_fields,
     .conflict_fields = conflict_fields},
    {.path = NULL},
};
