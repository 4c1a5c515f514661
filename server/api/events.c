/* Events: taken in, listed by pages. */
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "server/api/event_counts.h"
#include "server/api/routes.h"
#include "server/orchestration/event.h"
#include "server/orchestration/event_filter.h"
#include "json/text.h"

/* ---- storing ---- */

struct events {
    size_t count;
    struct event list[];
};

/* Reads all events before the transaction. */
static int read_events(struct txn *txn, struct request *request, struct http_reply *reply)
{
    size_t count = json_array_size(request->body);
    struct events *events =
        arena_alloc(&request->arena, sizeof(*events) + count * sizeof(*events->list));
    const char *at = request->body_text;
    problems_auto problems = {0};
    size_t length, i;
    json_t *value;

    (void)txn;
    problems_init(&problems, "body");
    json_array_foreach(request->body, i, value) {
        const char *entry = json_next_entry(&at, &length);
        const char *text = arena_strndup(&request->arena, entry, length);
        problems_enter_index(&problems, i);
        bool fits =
            event_read(&events->list[events->count], value, text, &request->arena, &problems);
        problems_leave(&problems);
        events->count += fits;
    }
    if (problems_any(&problems)) {
        reply_problems(reply, request, &problems);
        return 1;
    }
    request->prepared = events;
    return 0;
}

static int create_events(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct events *events = request->prepared;

    for (size_t i = 0; i < events->count; i++)
        if (event_record(txn, &events->list[i]) < 0)
            return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

/* ---- pages ---- */

#define PAGE_LIMIT  50    /* events of a page, as in Prefect */
#define TOTAL_LIMIT 10001 /* that are counted: so many means "more than 10000" */
#define TOKEN_LIMIT 6000  /* bytes: the address of a page has to fit into a request */

static const int64_t zero = 0;
static const int64_t page_limit = PAGE_LIMIT;

static const struct field page_fields[] = {
    {.name = "filter",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = event_filter_fields,
     .doc = "Which events; without one all of the last half year."},
    {.name = "limit",
     .type = FIELD_INTEGER,
     .minimum = &zero,
     .maximum = &page_limit,
     .fallback = "50",
     .doc = "How many a page has."},
    FIELDS_END};

static const struct body page_body = {.fields = page_fields, .open = true, .optional = true};

static const struct field page_reply_fields[] = {
    {.name = "events", .type = FIELD_OBJECTS, .fields = event_fields, .doc = "The events."},
    {.name = "total",
     .type = FIELD_INTEGER,
     .doc = "How many there were for the first page; 10001: there were more than 10000."},
    {.name = "next_page",
     .type = FIELD_TEXT,
     .flags = FIELD_NULLABLE,
     .doc = "The address of the next page; null: there is none."},
    FIELDS_END};

/* What a page is asked for. It travels from page to page in the token. */
struct page {
    const json_t *filter;
    int64_t now; /* of the first page */
    int64_t limit;
    int64_t total; /* as it was for the first page */
    int64_t after_occurred,
        after_seq; /* the last event of the page before; seq 0: the first page */
};

static void add_order(const struct page *page, struct sql *sql)
{
    const char *way = event_filter_is_ascending(page->filter) ? "ASC" : "DESC";

    sql_addf(sql, " ORDER BY r.occurred %s, r.seq %s", way, way);
}

/* Of the events that match only the first of each resource. */
static void add_distinct(const struct page *page, struct arena *arena, struct sql *sql,
                         struct problems *problems)
{
    sql_add(sql, " AND r.seq IN (SELECT seq FROM (SELECT r.seq,"
                 " row_number() OVER (PARTITION BY r.resource_id");
    add_order(page, sql);
    sql_add(sql, ") AS place FROM events r WHERE ");
    event_filter_where(page->filter, page->now, arena, sql, problems);
    sql_add(sql, ") WHERE place = 1)");
}

static int count_events(struct txn *txn, struct page *page, struct problems *problems)
{
    sql_auto sql = {0};
    rows_auto rows = {0};

    sql_addf(&sql, "SELECT COUNT(*) FROM (SELECT %s FROM events r WHERE ",
             event_filter_is_distinct(page->filter) ? "DISTINCT r.resource_id" : "1");
    event_filter_where(page->filter, page->now, txn_arena(txn), &sql, problems);
    if (problems_any(problems))
        return 0;
    sql_add(&sql, " LIMIT ?)");
    sql_bind(&sql, V(TOTAL_LIMIT));
    if (sql_first(txn, &rows, &sql) < 0)
        return -1;
    page->total = rows_integer(&rows, 0);
    return 0;
}

/* One event more than the page has: whether there is a next one. Nothing is asked if there are
 * problems now. */
static int query_page(struct txn *txn, const struct page *page, struct rows *rows,
                      struct problems *problems)
{
    const char *after = event_filter_is_ascending(page->filter) ? ">" : "<";
    sql_auto sql = {0};

    sql_add(&sql, "SELECT ");
    fields_select(event_fields, &sql);
    sql_add(&sql, ", r.occurred, r.seq FROM events r WHERE ");
    event_filter_where(page->filter, page->now, txn_arena(txn), &sql, problems);
    if (event_filter_is_distinct(page->filter))
        add_distinct(page, txn_arena(txn), &sql, problems);
    if (problems_any(problems))
        return 0;
    if (page->after_seq) {
        sql_addf(&sql, " AND (r.occurred, r.seq) %s (?, ?)", after);
        sql_bind(&sql, V(page->after_occurred));
        sql_bind(&sql, V(page->after_seq));
    }
    add_order(page, &sql);
    sql_add(&sql, " LIMIT ?");
    sql_bind(&sql, V(page->limit + 1));
    return sql_query(txn, rows, &sql);
}

/* Writes the page's events. Whether there are more: `page` then stands behind the last one. */
static int write_events(struct json_writer *writer, struct page *page, struct rows *rows,
                        bool *ret_more)
{
    int64_t left = page->limit;
    int columns = 0;
    int r = 1;

    for (const struct field *field = event_fields; field->name; field++)
        columns++;
    json_begin_array(writer);
    while (left >= 0 && (r = rows_next(rows)) > 0 && left-- > 0) {
        fields_write_row(event_fields, writer, rows);
        page->after_occurred = rows_integer(rows, columns);
        page->after_seq = rows_integer(rows, columns + 1);
    }
    json_end_array(writer);
    *ret_more = r > 0 && page->limit > 0;
    return r < 0 ? -1 : 0;
}

/* Base64 in an address. */
static void add_encoded(struct buf *to, const struct buf *token)
{
    for (size_t i = 0; i < token->length; i++) {
        char c = token->data[i];
        if (c == '+' || c == '/' || c == '=')
            buf_addf(to, "%%%02X", c);
        else
            buf_add_char(to, c);
    }
}

/* The address of the page behind this one, in the request's memory; NULL: it would be too long. */
static const char *next_page(struct request *request, const struct page *page)
{
    const char *host = http_request_header(request->http, HTTP_HEADER_HOST);
    json_auto_t *parts = json_pack("{s:O, s:I, s:I, s:I, s:[I, I]}", "filter", page->filter, "now",
                                   (json_int_t)page->now, "limit", (json_int_t)page->limit, "total",
                                   (json_int_t)page->total, "after",
                                   (json_int_t)page->after_occurred, (json_int_t)page->after_seq);
    char *text = json_dumps(parts, JSON_COMPACT);
    buf_auto token = BUF_INIT;
    buf_auto address = BUF_INIT;

    if (!text)
        return NULL;
    base64_encode((const uint8_t *)text, strlen(text), &token);
    free(text);
    buf_addf(&address, "http://%s/api/events/filter/next?page-token=", host ? host : "localhost");
    add_encoded(&address, &token);
    if (address.failed || token.failed || address.length > TOKEN_LIMIT)
        return NULL;
    return arena_strdup(&request->arena, buf_string(&address));
}

static int write_page(struct request *request, struct http_reply *reply, struct page *page,
                      struct rows *rows)
{
    struct json_writer writer;
    const char *next = NULL;
    bool more;

    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "events");
    if (write_events(&writer, page, rows, &more) < 0)
        return HANDLER_FAILED;
    if (more && !(next = next_page(request, page)))
        return reply_problem(reply, request, "filter", "value_error",
                             "Value error, the filter is too long to be read by pages: ask for "
                             "fewer things at once");
    json_key(&writer, "total");
    json_add_integer(&writer, page->total);
    json_key(&writer, "next_page");
    json_add_string(&writer, next);
    json_end_object(&writer);
    return HANDLER_DONE;
}

static int filter_events(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const json_t *filter = json_object_get(request->body, "filter");
    struct page page = {
        .filter = json_is_object(filter) ? filter : json_arena_own(txn_arena(txn), json_object()),
        .now = txn_now(txn),
        .limit = request_integer(request, "limit", PAGE_LIMIT)};
    problems_auto problems = {0};
    rows_auto rows = {0};

    problems_init(&problems, "body");
    problems_enter(&problems, "filter");
    if (query_page(txn, &page, &rows, &problems) < 0 || count_events(txn, &page, &problems) < 0)
        return HANDLER_FAILED;
    if (problems_any(&problems))
        return reply_problems(reply, request, &problems);
    return write_page(request, reply, &page, &rows);
}

/* The parts of a token, in the transaction's memory; NULL: it is none. */
static json_t *read_token(struct txn *txn, const char *token)
{
    size_t length = token ? strlen(token) : 0;
    uint8_t *text = arena_alloc(txn_arena(txn), BASE64_ROOM(length) + 1);
    struct error error;
    size_t size;

    if (!token || !base64_decode(token, length, text, &size))
        return NULL;
    json_t *parts = json_parse((const char *)text, size, &error);
    return parts ? json_arena_own(txn_arena(txn), parts) : NULL;
}

/* What the token asks for. False: the server has made no such token. The filter in it may still be
 * any object. */
static bool read_page(struct txn *txn, const char *token, struct page *ret_page)
{
    json_t *parts = read_token(txn, token);
    json_t *filter;
    json_int_t now, limit, total, occurred, seq;

    if (json_unpack(parts, "{s:o, s:I, s:I, s:I, s:[I, I]}", "filter", &filter, "now", &now,
                    "limit", &limit, "total", &total, "after", &occurred, &seq) < 0 ||
        !json_is_object(filter) || now < 0 || limit < 1 || limit > PAGE_LIMIT || total < 0 ||
        seq < 1)
        return false;
    *ret_page = (struct page){.filter = filter,
                              .now = now,
                              .limit = limit,
                              .total = total,
                              .after_occurred = occurred,
                              .after_seq = seq};
    return true;
}

/* A token comes from a client, which may have made it: all of it is checked, as a body is. */
static int next_events(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct page page = {0};
    problems_auto problems = {0};
    rows_auto rows = {0};

    problems_init(&problems, "query");
    bool is_read = read_page(txn, request_query(request, "page-token"), &page);
    if (is_read && query_page(txn, &page, &rows, &problems) < 0)
        return HANDLER_FAILED;
    if (!is_read || problems_any(&problems))
        return reply_detail(reply, 403, "This page-token is none that the server made.");
    return write_page(request, reply, &page, &rows);
}

/* ---- routes ---- */

static const struct body create_body = {.fields = event_create_fields, .list = true, .open = true};

static const struct field token_query[] = {{.name = "page-token",
                                            .type = FIELD_TEXT,
                                            .flags = FIELD_REQUIRED,
                                            .doc = "As next_page has it."},
                                           FIELDS_END};

const struct route event_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/events",
     .handle = create_events,
     .prepare = read_events,
     .flags = ROUTE_WRITES,
     .body = &create_body,
     .summary = "Stores events; those that are there already are left as they are.",
     .status = 204,
     .shape = REPLY_NOTHING},
    {.method = HTTP_POST,
     .path = "/api/events/filter",
     .handle = filter_events,
     .body = &page_body,
     .summary = "Lists events, the latest first: a page, and the address of the next one.",
     .status = 200,
     .reply_fields = page_reply_fields},
    {.method = HTTP_GET,
     .path = "/api/events/filter/next",
     .handle = next_events,
     .summary = "The next page of events.",
     .status = 200,
     .reply_fields = page_reply_fields,
     .query = token_query},
    {.method = HTTP_POST,
     .path = "/api/events/count-by/{countable}",
     .handle = count_events_by,
     .body = &count_events_body,
     .summary = "Counts events by day, time, event or resource.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = event_count_fields},
    {.path = NULL},
};
