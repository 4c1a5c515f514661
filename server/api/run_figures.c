#include "server/api/run_figures.h"

#include <math.h>
#include <string.h>

#include "common/times.h"
#include "server/orchestration/state.h"

/* ---- of one run ---- */

/* Total run time, and while it runs the time since the state began. */
void write_estimated_run_time(struct json_writer *writer, const struct rows *rows, int column)
{
    const char *type = rows_text(rows, column + 1);
    double seconds = rows_real(rows, column);

    if (type && strcmp(type, "RUNNING") == 0)
        seconds += (double)(time_now() - rows_integer(rows, column + 2)) / (double)SECOND;
    json_add_number(writer, seconds);
}

/* How much later than expected it began, or would begin now. */
void write_start_delta(struct json_writer *writer, const struct rows *rows, int column)
{
    int64_t expected = rows_integer(rows, column);
    int64_t start = rows_integer(rows, column + 1);
    const char *type = rows_text(rows, column + 2);
    bool waits = type && (strcmp(type, "SCHEDULED") == 0 || strcmp(type, "PENDING") == 0);
    int64_t delta = 0;

    if (!rows_is_null(rows, column) && !rows_is_null(rows, column + 1))
        delta = start - expected;
    else if (!rows_is_null(rows, column) && waits && expected < time_now())
        delta = time_now() - expected;
    json_add_number(writer, (double)(delta > 0 ? delta : 0) / (double)SECOND);
}

const struct filter run_state_filters[] = {{.name = "type",
                                            .kind = FILTER_VALUE,
                                            .operators = OP_ANY | OP_NOT_ANY,
                                            .type = FIELD_ENUM,
                                            .choices = state_type_names,
                                            .sql = "r.state_type"},
                                           {.name = "name",
                                            .kind = FILTER_VALUE,
                                            .operators = OP_ANY | OP_NOT_ANY,
                                            .type = FIELD_TEXT,
                                            .sql = "r.state_name"},
                                           FILTERS_END};

/* ---- of many: the same in SQL, in microseconds; `?` is the present ---- */

#define LATENESS                                                                                   \
    "(CASE WHEN r.start_time > r.expected_start_time THEN r.start_time - r.expected_start_time"    \
    " WHEN r.start_time IS NULL AND r.state_type IN ('SCHEDULED', 'PENDING')"                      \
    " AND r.expected_start_time < ? THEN ? - r.expected_start_time ELSE 0 END)"

#define RUNNING_TIME "(CASE WHEN r.state_type = 'RUNNING' THEN ? - r.state_timestamp ELSE 0 END)"

/* The average lateness in seconds; null where there is no run. */
int runs_lateness(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct resource *resource = request->route->resource;
    problems_auto problems = {0};
    sql_auto sql = {0};
    rows_auto rows = {0};
    struct json_writer writer;

    problems_init(&problems, "body");
    sql_addf(&sql, "SELECT AVG(" LATENESS ") FROM %s r WHERE ", resource->table);
    sql_bind(&sql, V(txn_now(txn)));
    sql_bind(&sql, V(txn_now(txn)));
    resource_where(resource, request->body, &request->arena, &sql, &problems);
    if (problems_any(&problems))
        return reply_problems(reply, request, &problems);
    if (sql_first(txn, &rows, &sql) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    if (rows_is_null(&rows, 0))
        json_add_null(&writer);
    else
        json_add_number(&writer, rows_real(&rows, 0) / (double)SECOND);
    return HANDLER_DONE;
}

/* ---- history ---- */

#define BUCKETS 500

static const int64_t one = 1;
static const int64_t century = (int64_t)100 * 365 * 24 * 3600;

static const struct field ask_fields[] = {{.name = "history_start",
                                           .type = FIELD_TIME,
                                           .flags = FIELD_REQUIRED,
                                           .doc = "Where the first interval begins."},
                                          {.name = "history_end",
                                           .type = FIELD_TIME,
                                           .flags = FIELD_REQUIRED,
                                           .doc = "By when the last one ends, or a little later."},
                                          {.name = "history_interval_seconds",
                                           .type = FIELD_NUMBER,
                                           .flags = FIELD_REQUIRED,
                                           .minimum = &one,
                                           .maximum = &century,
                                           .doc = "How long each is; there may be 500."},
                                          FIELDS_END};

const struct body history_body = {.fields = ask_fields, .open = true};

static const struct field history_state_fields[] = {
    {.name = "state_type",
     .type = FIELD_ENUM,
     .flags = FIELD_NULLABLE,
     .choices = state_type_names,
     .doc = "The kind of the present state; null: runs without one."},
    {.name = "state_name", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .doc = "And its name."},
    {.name = "count_runs", .type = FIELD_INTEGER, .doc = "How many runs are in it."},
    {.name = "sum_estimated_run_time", .type = FIELD_NUMBER, .doc = "Seconds that they ran."},
    {.name = "sum_estimated_lateness", .type = FIELD_NUMBER, .doc = "Seconds that they were late."},
    FIELDS_END};

const struct field history_fields[] = {
    {.name = "interval_start", .type = FIELD_TIME, .doc = "Where the interval begins."},
    {.name = "interval_end", .type = FIELD_TIME, .doc = "Where the next one begins."},
    {.name = "states",
     .type = FIELD_OBJECTS,
     .fields = history_state_fields,
     .doc = "The runs that were expected to start in it, by their states."},
    FIELDS_END};

struct history {
    int64_t start;
    int64_t interval;
    int64_t count;
};

/* False: the reply says what is wrong. */
static bool read_history(const struct request *request, struct http_reply *reply,
                         struct history *ret_history)
{
    int64_t start = request_time(request, "history_start", 0);
    int64_t end = request_time(request, "history_end", 0);
    double seconds = json_number_value(json_object_get(request->body, "history_interval_seconds"));
    int64_t interval = llround(seconds * (double)SECOND);
    int64_t count = end > start ? (end - start + interval - 1) / interval : 0;

    if (count > BUCKETS) {
        reply_problem(reply, request, "history_interval_seconds", "value_error",
                      "Value error, there would be %lld intervals; there may be %d",
                      (long long)count, BUCKETS);
        return false;
    }
    *ret_history = (struct history){start, interval, count};
    return true;
}

static void write_state(struct json_writer *writer, const struct rows *rows)
{
    json_begin_object(writer);
    json_key(writer, "state_type");
    json_add_string(writer, rows_text(rows, 1));
    json_key(writer, "state_name");
    json_add_string(writer, rows_text(rows, 2));
    json_key(writer, "count_runs");
    json_add_integer(writer, rows_integer(rows, 3));
    json_key(writer, "sum_estimated_run_time");
    json_add_number(writer, rows_real(rows, 4) + (double)rows_integer(rows, 5) / (double)SECOND);
    json_key(writer, "sum_estimated_lateness");
    json_add_number(writer, (double)rows_integer(rows, 6) / (double)SECOND);
    json_end_object(writer);
}

/* Every interval, also those without runs; the rows come in their order. */
static int write_history(struct json_writer *writer, const struct history *history,
                         struct rows *rows)
{
    int r = rows_next(rows);

    json_begin_array(writer);
    for (int64_t i = 0; i < history->count && r >= 0; i++) {
        json_begin_object(writer);
        json_key(writer, "interval_start");
        json_add_time(writer, history->start + i * history->interval);
        json_key(writer, "interval_end");
        json_add_time(writer, history->start + (i + 1) * history->interval);
        json_key(writer, "states");
        json_begin_array(writer);
        for (; r > 0 && rows_integer(rows, 0) == i; r = rows_next(rows))
            write_state(writer, rows);
        json_end_array(writer);
        json_end_object(writer);
    }
    json_end_array(writer);
    return r < 0 ? -1 : 0;
}

/* Runs by the interval in which they were expected to start, and by their states. */
int runs_history(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct resource *resource = request->route->resource;
    struct history history;
    problems_auto problems = {0};
    sql_auto sql = {0};
    rows_auto rows = {0};
    struct json_writer writer;

    if (!read_history(request, reply, &history))
        return HANDLER_DONE;
    problems_init(&problems, "body");
    sql_addf(&sql,
             "SELECT (r.expected_start_time - ?) / ? AS bucket, r.state_type, r.state_name,"
             " COUNT(*), SUM(r.total_run_time), SUM(" RUNNING_TIME "), SUM(" LATENESS ")"
             " FROM %s r WHERE r.expected_start_time >= ? AND r.expected_start_time < ? AND ",
             resource->table);
    const int64_t now = txn_now(txn);
    const int64_t values[] = {history.start,
                              history.interval,
                              now,
                              now,
                              now,
                              history.start,
                              history.start + history.count * history.interval};
    for (size_t i = 0; i < COUNT_OF(values); i++)
        sql_bind(&sql, V(values[i]));
    resource_where(resource, request->body, &request->arena, &sql, &problems);
    if (problems_any(&problems))
        return reply_problems(reply, request, &problems);
    sql_add(&sql, " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
    if (sql_query(txn, &rows, &sql) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    return write_history(&writer, &history, &rows) < 0 ? HANDLER_FAILED : HANDLER_DONE;
}
