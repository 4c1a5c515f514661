/* Handlers that serve any resource, many rows at once: filter, count, pages. */
#include "server/api/resources.h"

/* Of values that a filter may hold to be split: each of its parts holds them. */
#define SPLIT_VALUES_LIMIT 100

static const int64_t zero = 0;
static const int64_t one = 1;

static const struct field list_fields[] = {FIELD_SORT, FIELD_LIMIT, FIELD_OFFSET, FIELDS_END};

static const struct field page_fields[] = {FIELD_SORT,
                                           {.name = "limit",
                                            .type = FIELD_INTEGER,
                                            .flags = FIELD_NULLABLE,
                                            .minimum = &zero,
                                            .fallback = "200",
                                            .doc = "How many a page has, up to 200."},
                                           {.name = "page",
                                            .type = FIELD_INTEGER,
                                            .minimum = &one,
                                            .fallback = "1",
                                            .doc = "Which page, counted from 1."},
                                           FIELDS_END};

static const struct field no_fields[] = {FIELDS_END};

/* Clients of other versions send filters that we do not know: unknown keys at the top are ignored.
 */
const struct body filter_body = {.fields = list_fields, .open = true, .optional = true};
const struct body paginate_body = {.fields = page_fields, .open = true, .optional = true};
const struct body count_body = {.fields = no_fields, .open = true, .optional = true};

bool request_page(const struct request *request, struct http_reply *reply, int64_t *ret_limit,
                  int64_t *ret_offset)
{
    int64_t limit = request_integer(request, "limit", LIST_LIMIT);

    if (limit > LIST_LIMIT) {
        reply_detail(reply, 422, "Invalid limit: must be less than or equal to %d.", LIST_LIMIT);
        return false;
    }
    *ret_limit = limit;
    *ret_offset = request_integer(request, "offset", 0);
    return true;
}

int reply_rows(struct txn *txn, struct json_writer *writer, const struct field *fields,
               struct sql *sql)
{
    rows_auto rows = {0};
    int count = 0;
    int r;

    if (sql_query(txn, &rows, sql) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0) {
        fields_write_row(fields, writer, &rows);
        count++;
    }
    return r < 0 ? -1 : count;
}

/* The condition for what the body asks, and the request itself. */
static void add_condition(struct txn *txn, const struct request *request, const json_t *body,
                          struct sql *sql, struct problems *problems)
{
    resource_where(request->route->resource, body, txn_arena(txn), sql, problems);
    if (request->only)
        sql_addf(sql, " AND %s", request->only);
}

static void add_whole(struct txn *txn, const struct request *request, struct sql *sql,
                      struct problems *problems)
{
    resource_select(request->route->resource, sql);
    sql_add(sql, " WHERE ");
    add_condition(txn, request, request->body, sql, problems);
    resource_order(request->route->resource, request->body, sql, problems);
}

/* The same rows as those that are among the first `most` of one of the parts: each is read in the
 * order of an index, where all together would be sorted. */
static void add_parts(struct txn *txn, const struct request *request, const json_t *parts,
                      int64_t most, struct sql *sql, struct problems *problems)
{
    const struct resource *resource = request->route->resource;
    size_t i;
    json_t *part;

    resource_select(resource, sql);
    sql_add(sql, " WHERE r.seq IN (");
    json_array_foreach(parts, i, part) {
        sql_addf(sql, "%sSELECT seq FROM (SELECT r.seq FROM %s r WHERE ", i ? " UNION ALL " : "",
                 resource->table);
        add_condition(txn, request, part, sql, problems);
        resource_order(resource, part, sql, problems);
        sql_add(sql, " LIMIT ?)");
        sql_bind(sql, value_integer(most));
    }
    sql_add(sql, ")");
    resource_order(resource, request->body, sql, problems);
}

/* Rows that match the request's filters, in its order, as a JSON array. */
static int write_list(struct txn *txn, struct request *request, struct http_reply *reply,
                      int64_t limit, int64_t offset, struct json_writer *writer)
{
    const struct resource *resource = request->route->resource;
    problems_auto problems = {0};
    sql_auto sql = {0};

    problems_init(&problems, "body");
    add_whole(txn, request, &sql, &problems);
    if (problems_any(&problems))
        return reply_problems(reply, request, &problems);
    json_auto_t *parts =
        sql.count <= SPLIT_VALUES_LIMIT ? resource_split(resource, request->body) : NULL;
    if (parts) {
        sql_release(&sql);
        add_parts(txn, request, parts, offset < INT64_MAX - limit ? offset + limit : INT64_MAX,
                  &sql, &problems);
    }
    sql_add(&sql, " LIMIT ? OFFSET ?");
    sql_bind(&sql, value_integer(limit));
    sql_bind(&sql, value_integer(offset));
    json_begin_array(writer);
    if (reply_rows(txn, writer, resource->fields, &sql) < 0)
        return HANDLER_FAILED;
    json_end_array(writer);
    return HANDLER_DONE;
}

int resource_filter(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    int64_t limit, offset;

    if (!request_page(request, reply, &limit, &offset))
        return HANDLER_DONE;
    reply_begin(reply, 200, &writer);
    return write_list(txn, request, reply, limit, offset, &writer);
}

/* How many rows match the request's filters; false if the reply says what is wrong with them. */
static int count_rows(struct txn *txn, struct request *request, struct http_reply *reply,
                      int64_t *ret_count)
{
    const struct resource *resource = request->route->resource;
    problems_auto problems = {0};
    sql_auto sql = {0};
    rows_auto rows = {0};

    problems_init(&problems, "body");
    sql_addf(&sql, "SELECT COUNT(*) FROM %s r WHERE ", resource->table);
    add_condition(txn, request, request->body, &sql, &problems);
    if (problems_any(&problems)) {
        reply_problems(reply, request, &problems);
        return 0;
    }
    if (sql_first(txn, &rows, &sql) < 0)
        return -1;
    *ret_count = rows_integer(&rows, 0);
    return 1;
}

int resource_count(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    int64_t count;
    int counted = count_rows(txn, request, reply, &count);

    if (counted < 0)
        return HANDLER_FAILED;
    if (counted) {
        reply_begin(reply, 200, &writer);
        json_add_integer(&writer, count);
    }
    return HANDLER_DONE;
}

int resource_paginate(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    int64_t limit, offset, count = 0;
    int64_t page = request_integer(request, "page", 1);

    if (!request_page(request, reply, &limit, &offset))
        return HANDLER_DONE;
    int counted = count_rows(txn, request, reply, &count);
    if (counted <= 0)
        return counted < 0 ? HANDLER_FAILED : HANDLER_DONE;
    int64_t pages = limit ? (count + limit - 1) / limit : 0;
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "results");
    int64_t skip = page - 1 > pages ? count : (page - 1) * limit;
    if (write_list(txn, request, reply, limit, skip, &writer) < 0)
        return HANDLER_FAILED;
    if (reply->status != 200)
        return HANDLER_DONE; /* what was wrong is told already */
    json_key(&writer, "count");
    json_add_integer(&writer, count);
    json_key(&writer, "limit");
    json_add_integer(&writer, limit);
    json_key(&writer, "pages");
    json_add_integer(&writer, pages);
    json_key(&writer, "page");
    json_add_integer(&writer, page);
    json_end_object(&writer);
    return HANDLER_DONE;
}
