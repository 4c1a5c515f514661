#include "server/api/event_counts.h"

#include <math.h>
#include <string.h>

#include "common/times.h"
#include "server/orchestration/event_filter.h"

#define BUCKETS 1000 /* counts in one reply */

/* Intervals are counted from here: a Monday. */
#define PIVOT ((int64_t)1711929600 * SECOND) /* 2024-04-01T00:00:00Z */

static const int64_t most_units = 100000;

static const char *const unit_names[] = {"week", "day", "hour", "minute", "second", NULL};
static const int64_t units[] = {7 * DAY, DAY, HOUR, MINUTE, SECOND};

static const struct field ask_fields[] = {
    {.name = "filter",
     .type = FIELD_OBJECT,
     .flags = FIELD_REQUIRED,
     .fields = event_filter_fields,
     .doc = "Which events."},
    {.name = "time_unit",
     .type = FIELD_ENUM,
     .choices = unit_names,
     .fallback = "\"day\"",
     .doc = "With \"time\": the unit of the intervals."},
    {.name = "time_interval",
     .type = FIELD_NUMBER,
     .maximum = &most_units,
     .fallback = "1.0",
     .doc = "With \"time\": how many units each has, at least 0.01; there may be 1000 intervals."},
    FIELDS_END};

const struct body count_events_body = {.fields = ask_fields, .open = true};

const struct field event_count_fields[] = {
    {.name = "value", .type = FIELD_TEXT, .doc = "What was counted; of an interval its number."},
    {.name = "label", .type = FIELD_TEXT, .doc = "For a person; of an interval its beginning."},
    {.name = "count", .type = FIELD_INTEGER, .doc = "How many events."},
    {.name = "start_time", .type = FIELD_TIME, .doc = "The first of them, or the beginning."},
    {.name = "end_time", .type = FIELD_TIME, .doc = "The last of them, or the end."},
    FIELDS_END};

static void write_count(struct json_writer *writer, const char *value, const char *label,
                        int64_t count, int64_t start, int64_t end)
{
    json_begin_object(writer);
    json_key(writer, "value");
    json_add_string(writer, value);
    json_key(writer, "label");
    json_add_string(writer, label);
    json_key(writer, "count");
    json_add_integer(writer, count);
    json_key(writer, "start_time");
    json_add_time(writer, start);
    json_key(writer, "end_time");
    json_add_time(writer, end);
    json_end_object(writer);
}

/* ---- by what it is ---- */

#define LATEST_NAME                                                                                \
    "(SELECT COALESCE(json_extract(e.resource, '$.\"prefect.resource.name\"'),"                    \
    " json_extract(e.resource, '$.\"prefect.name\"'), e.resource_id) FROM events e"                \
    " WHERE e.resource_id = g.value AND e.occurred = g.latest ORDER BY e.seq DESC LIMIT 1)"

/* Counts by a column, those of which there are most; the SQL of the label sees the counts as `g`.
 */
static int count_by_value(struct txn *txn, const json_t *filter, const char *column,
                          const char *label, struct json_writer *writer, struct problems *problems)
{
    sql_auto sql = {0};
    rows_auto rows = {0};
    int r;

    sql_addf(&sql,
             "SELECT g.value, %s AS label, g.counted, g.oldest, g.latest FROM (SELECT %s AS value,"
             " COUNT(*) AS counted, MIN(r.occurred) AS oldest, MAX(r.occurred) AS latest"
             " FROM events r WHERE ",
             label, column);
    event_filter_where(filter, txn_now(txn), txn_arena(txn), &sql, problems);
    if (problems_any(problems))
        return 0;
    sql_add(&sql, " GROUP BY 1 ORDER BY counted DESC, value ASC LIMIT ?) g"
                  " ORDER BY g.counted DESC, label ASC, g.value ASC");
    sql_bind(&sql, V(BUCKETS));
    if (sql_query(txn, &rows, &sql) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0)
        write_count(writer, rows_text(&rows, 0), rows_text(&rows, 1), rows_integer(&rows, 2),
                    rows_integer(&rows, 3), rows_integer(&rows, 4));
    return r < 0 ? -1 : 0;
}

/* ---- by when it was ---- */

struct buckets {
    int64_t start; /* of the first one */
    int64_t length;
    int64_t count;
};

static int64_t floor_to(int64_t time, int64_t length)
{
    int64_t since = time - PIVOT;

    return PIVOT + (since / length - (since % length < 0)) * length;
}

/* The intervals from the first to the last that the filter is about. What lies ahead ends with the
 * present unit. */
static bool make_buckets(const json_t *filter, int64_t now, int64_t unit, int64_t length,
                         struct buckets *ret_buckets, struct problems *problems)
{
    int64_t since, until;

    event_filter_period(filter, now, &since, &until);
    int64_t asked = until > since ? (until - since) / length + ((until - since) % length != 0) : 0;
    if (asked > BUCKETS) {
        problems_add(problems, "value_error", NULL, NULL,
                     "Value error, there would be %lld intervals; there may be %d. Make them "
                     "longer, or the time shorter",
                     (long long)asked, BUCKETS);
        return false;
    }
    if (until > now)
        until = floor_to(now, unit) + unit - 1;
    int64_t start = floor_to(since, length);
    *ret_buckets =
        (struct buckets){start, length, until > start ? (until - start + length - 1) / length : 0};
    return true;
}

/* Every interval, also those without events; the rows come in their order. */
static int write_buckets(struct json_writer *writer, const struct buckets *buckets,
                         struct rows *rows)
{
    char value[24], label[TIME_SIZE];
    int r = rows_next(rows);

    for (int64_t i = 0; i < buckets->count && r >= 0; i++) {
        int64_t start = buckets->start + i * buckets->length;
        bool has_events = r > 0 && rows_integer(rows, 0) == i;
        snprintf(value, sizeof(value), "%lld", (long long)i);
        time_format(start, label);
        write_count(writer, value, label, has_events ? rows_integer(rows, 1) : 0, start,
                    start + buckets->length - 1);
        if (has_events)
            r = rows_next(rows);
    }
    return r < 0 ? -1 : 0;
}

static int count_by_time(struct txn *txn, const json_t *filter, int64_t unit, int64_t length,
                         struct json_writer *writer, struct problems *problems)
{
    struct buckets buckets;
    sql_auto sql = {0};
    rows_auto rows = {0};

    sql_add(&sql, "SELECT (r.occurred - ?) / ?, COUNT(*) FROM events r WHERE ");
    if (!make_buckets(filter, txn_now(txn), unit, length, &buckets, problems))
        return 0;
    sql_bind(&sql, V(buckets.start));
    sql_bind(&sql, V(buckets.length));
    event_filter_where(filter, txn_now(txn), txn_arena(txn), &sql, problems);
    if (problems_any(problems))
        return 0;
    sql_add(&sql, " GROUP BY 1 ORDER BY 1");
    if (sql_query(txn, &rows, &sql) < 0)
        return -1;
    return write_buckets(writer, &buckets, &rows);
}

static int count_by_day(struct txn *txn, struct request *request, struct json_writer *writer,
                        struct problems *problems)
{
    return count_by_time(txn, json_object_get(request->body, "filter"), DAY, DAY, writer, problems);
}

static int count_by_interval(struct txn *txn, struct request *request, struct json_writer *writer,
                             struct problems *problems)
{
    const json_t *sent = json_object_get(request->body, "time_interval");
    const char *name = request_text(request, "time_unit");
    double interval = sent ? json_number_value(sent) : 1.0;
    size_t unit = name ? 0 : 1;

    while (name && strcmp(unit_names[unit], name) != 0)
        unit++;
    if (interval < 0.01) {
        problems_leave(problems);
        problems_add_at(problems, "time_interval", "greater_than_equal", sent,
                        "Input should be greater than or equal to 0.01");
        return 0;
    }
    return count_by_time(txn, json_object_get(request->body, "filter"), units[unit],
                         llround(interval * (double)units[unit]), writer, problems);
}

static int count_by_event(struct txn *txn, struct request *request, struct json_writer *writer,
                          struct problems *problems)
{
    return count_by_value(txn, json_object_get(request->body, "filter"), "r.event", "g.value",
                          writer, problems);
}

static int count_by_resource(struct txn *txn, struct request *request, struct json_writer *writer,
                             struct problems *problems)
{
    return count_by_value(txn, json_object_get(request->body, "filter"), "r.resource_id",
                          LATEST_NAME, writer, problems);
}

/* ---- all of them ---- */

static const struct countable {
    const char *name;
    int (*count)(struct txn *txn, struct request *request, struct json_writer *writer,
                 struct problems *problems);
} countables[] = {
    {"day", count_by_day},
    {"time", count_by_interval},
    {"event", count_by_event},
    {"resource", count_by_resource},
};

int count_events_by(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct countable *countable = NULL;
    struct json_writer writer;
    problems_auto problems = {0};

    for (size_t i = 0; i < COUNT_OF(countables); i++)
        if (strcmp(countables[i].name, request->params[0]) == 0)
            countable = &countables[i];
    problems_init(&problems, countable ? "body" : "path");
    if (!countable) {
        problems_add_at(&problems, "countable", "enum", NULL,
                        "Input should be 'day', 'time', 'event' or 'resource'");
        return reply_problems(reply, request, &problems);
    }
    problems_enter(&problems, "filter");
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    if (countable->count(txn, request, &writer, &problems) < 0)
        return HANDLER_FAILED;
    if (problems_any(&problems))
        return reply_problems(reply, request, &problems);
    json_end_array(&writer);
    return HANDLER_DONE;
}
