#include <ctype.h>
#include <string.h>

#include "server/api/routes.h"

#define NAME_LENGTH  255
#define VALUE_LENGTH 5000 /* bytes of its JSON, as in Prefect */

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_REQUIRED,
     .max_length = NAME_LENGTH,
     .doc = "Lower-case letters, digits, dashes and underscores."},
    {.name = "value",
     .type = FIELD_JSON,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_REQUIRED | FIELD_NULLABLE,
     .doc = "Any JSON, up to 5000 bytes."},
    {.name = "tags",
     .type = FIELD_STRINGS,
     .flags = FIELD_CREATE | FIELD_UPDATE,
     .fallback = "[]",
     .doc = "Words to find it by."},
    FIELDS_END};

static const struct filter filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY | OP_LIKE, .type = FIELD_TEXT},
    {.name = "tags", .kind = FILTER_TAGS, .operators = OP_ALL | OP_IS_NULL},
    FILTERS_END};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC"},
                                    {"NAME_DESC", "r.name DESC"},
                                    {"CREATED_DESC", "r.created DESC, r.seq DESC"},
                                    {"UPDATED_DESC", "r.updated DESC, r.seq DESC"},
                                    {NULL, NULL}};

static const struct resource variable = {.name = "Variable",
                                         .table = "variables",
                                         .fields = fields,
                                         .filters = filters,
                                         .filter_key = "variables",
                                         .sorts = sorts};

static int not_found(struct http_reply *reply)
{
    return reply_detail(reply, 404, "Variable not found.");
}

/* ---- what may be written ---- */

static bool is_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && !strchr("-_", *p))
            return false;
    return *name != '\0';
}

/* Whether name and value, as far as they are sent, may be stored; else the reply says why not. */
static bool check(const struct request *request, const struct record *record,
                  struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    const char *value = record_get(record, "value").text;

    if (name && !is_name(name)) {
        reply_problem(reply, request, "name", "value_error",
                      "Value error, Variable name must only contain lowercase letters, numbers, "
                      "and dashes or underscores.");
        return false;
    }
    if (value && strlen(value) > VALUE_LENGTH) {
        reply_problem(reply, request, "value", "value_error",
                      "Value error, Variable value must be less than or equal to %d characters.",
                      VALUE_LENGTH);
        return false;
    }
    return true;
}

/* Whether another variable has the name: 1 or 0. */
static int is_taken(struct txn *txn, const char *name, const char *own_column, const char *own)
{
    const char *sql = arena_printf(
        txn_arena(txn), "SELECT 1 FROM variables WHERE name = ? AND %s <> ?", own_column);
    rows_auto rows = {0};

    return db_first_values(txn, &rows, sql, DB_VALUES(V(name), V(own)));
}

static int refuse_taken(struct http_reply *reply, const char *name)
{
    return reply_detail(reply, 409, "A variable with the name '%s' already exists.", name);
}

/* ---- handlers ---- */

static int create_variable(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    struct record record;

    record_from_create(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    if (!check(request, &record, reply))
        return HANDLER_DONE;
    int taken = is_taken(txn, name, "id", "");
    if (taken < 0)
        return HANDLER_FAILED;
    if (taken)
        return refuse_taken(reply, name);
    if (record_insert(txn, "variables", &record) < 0)
        return HANDLER_FAILED;
    return reply_resource(txn, reply, 201, &variable, "r.id = ?", record_get(&record, "id"));
}

static int read_variable(struct txn *txn, struct http_reply *reply, const char *condition,
                         const char *value)
{
    if (reply_resource(txn, reply, 200, &variable, condition, V(value)) < 0)
        return HANDLER_FAILED;
    return reply->status == 404 ? not_found(reply) : HANDLER_DONE;
}

static int read_by_id(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return read_variable(txn, reply, "r.id = ?", request->params[0]);
}

static int read_by_name(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return read_variable(txn, reply, "r.name = ?", request->params[0]);
}

static int update_variable(struct txn *txn, struct request *request, struct http_reply *reply,
                           const char *column)
{
    const char *name = request_text(request, "name");
    struct record record;

    record_from_update(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    if (!check(request, &record, reply))
        return HANDLER_DONE;
    int taken = name ? is_taken(txn, name, column, request->params[0]) : 0;
    if (taken < 0)
        return HANDLER_FAILED;
    if (taken)
        return refuse_taken(reply, name);
    int changed = record_update(txn, "variables", &record, column, V(request->params[0]));
    if (changed < 0)
        return HANDLER_FAILED;
    return changed ? reply_nothing(reply, 204) : not_found(reply);
}

static int update_by_id(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return update_variable(txn, request, reply, "id");
}

static int update_by_name(struct txn *txn, struct request *request, struct http_reply *reply)
{
    return update_variable(txn, request, reply, "name");
}

static int delete_by_id(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int deleted = db_run(txn, "DELETE FROM variables WHERE id = ?", V(request->params[0]));

    if (deleted < 0)
        return HANDLER_FAILED;
    return deleted ? reply_nothing(reply, 204) : not_found(reply);
}

static int delete_by_name(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int deleted = db_run(txn, "DELETE FROM variables WHERE name = ?", V(request->params[0]));

    if (deleted < 0)
        return HANDLER_FAILED;
    return deleted ? reply_nothing(reply, 204) : not_found(reply);
}

/* ---- routes ---- */

static const struct body create_body = {.fields = fields, .only = FIELD_CREATE};
static const struct body update_body = {.fields = fields, .only = FIELD_UPDATE};

const struct route variable_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/variables/",
     .handle = create_variable,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT,
     .body = &create_body,
     .summary = "Creates a variable.",
     .status = 201,
     .answers = ANSWERS_409,
     .reply_fields = fields},
    {.method = HTTP_POST,
     .path = "/api/variables/filter",
     .handle = resource_filter,
     .body = &filter_body,
     .resource = &variable,
     .summary = "Lists variables.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = fields},
    {.method = HTTP_POST,
     .path = "/api/variables/count",
     .handle = resource_count,
     .body = &count_body,
     .resource = &variable,
     .summary = "Counts variables.",
     .status = 200,
     .shape = REPLY_INTEGER},
    {.method = HTTP_GET,
     .path = "/api/variables/name/{name}",
     .handle = read_by_name,
     .summary = "Reads the variable of that name.",
     .status = 200,
     .answers = ANSWERS_404,
     .reply_fields = fields},
    {.method = HTTP_PATCH,
     .path = "/api/variables/name/{name}",
     .handle = update_by_name,
     .flags = ROUTE_WRITES,
     .body = &update_body,
     .summary = "Changes the variable of that name.",
     .status = 204,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_NOTHING},
    {.method = HTTP_DELETE,
     .path = "/api/variables/name/{name}",
     .handle = delete_by_name,
     .flags = ROUTE_WRITES,
     .summary = "Deletes the variable of that name.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.method = HTTP_GET,
     .path = "/api/variables/{id}",
     .handle = read_by_id,
     .summary = "Reads a variable.",
     .status = 200,
     .answers = ANSWERS_404,
     .reply_fields = fields},
    {.method = HTTP_PATCH,
     .path = "/api/variables/{id}",
     .handle = update_by_id,
     .flags = ROUTE_WRITES,
     .body = &update_body,
     .summary = "Changes a variable.",
     .status = 204,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_NOTHING},
    {.method = HTTP_DELETE,
     .path = "/api/variables/{id}",
     .handle = delete_by_id,
     .flags = ROUTE_WRITES,
     .summary = "Deletes a variable.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.path = NULL},
};
