#include "server/api/stream.h"

#include <errno.h>
#include <string.h>

#include "common/times.h"
#include "json/text.h"

#define ROWS 200                  /* that are read at once */
#define PART ((size_t)256 * 1024) /* bytes of messages after which no more are read at once */
#define SCAN 2000                 /* rows that are looked at at once */

static struct stream *stream_of(struct socket *socket)
{
    return list_item(socket, struct stream, socket);
}

static const struct stream_kind *kind_of(const struct stream *stream)
{
    return list_item(stream->socket.kind, const struct stream_kind, socket);
}

/* ---- the filter ---- */

static void begin_following(struct stream *stream, json_t *filter, bool backfill)
{
    stream->filter = json_incref(filter);
    stream->backfilling = kind_of(stream)->backfill && backfill;
    socket_work(&stream->socket);
}

/* {"type": "filter", "filter": {…}, "backfill": true}; what comes after it means nothing. */
void stream_take(struct socket *socket, const char *text, size_t length)
{
    struct stream *stream = stream_of(socket);
    struct error error;

    if (stream->filter)
        return;
    json_auto_t *message = json_parse(text, length, &error);
    const char *type = json_string_value(json_object_get(message, "type"));
    json_t *filter = json_object_get(message, "filter");
    const json_t *backfill = json_object_get(message, "backfill");
    if (!type || strcmp(type, "filter") != 0)
        http_socket_close(socket->http, HTTP_CLOSE_PROTOCOL, "Expected 'filter' message");
    else if (!json_is_object(filter))
        http_socket_close(socket->http, HTTP_CLOSE_PROTOCOL,
                          "Invalid filter: filter: Input should be a valid object");
    else if (backfill && !json_is_boolean(backfill))
        http_socket_close(socket->http, HTTP_CLOSE_PROTOCOL,
                          "Invalid filter: backfill: Input should be a valid boolean");
    else
        begin_following(stream, filter, !json_is_false(backfill));
}

/* Appends the filter's condition. False: it is wrong, and that is told. */
static bool add_condition(struct txn *txn, struct stream *stream, int64_t since, struct sql *sql)
{
    problems_auto problems = {0};

    problems_init(&problems, "filter");
    kind_of(stream)->where(stream->filter, since, txn_arena(txn), sql, &problems);
    if (!problems_any(&problems))
        return true;
    socket_tell_problem(&stream->problem, "filter", &problems);
    return false;
}

static int watch(struct txn *txn, struct stream *stream)
{
    const char *const *topics = kind_of(stream)->topics(stream->filter, txn_arena(txn));

    for (; *topics; topics++)
        if (socket_watch(txn, &stream->socket, "%s", *topics) < 0)
            return -1;
    return 0;
}

/* ---- reading ---- */

static int newest(struct txn *txn, const struct stream *stream, int64_t *ret_seq)
{
    sql_auto sql = {0};
    rows_auto rows = {0};

    sql_addf(&sql, "SELECT COALESCE(MAX(seq), 0) FROM %s", kind_of(stream)->table);
    if (sql_first(txn, &rows, &sql) < 0)
        return -1;
    *ret_seq = rows_integer(&rows, 0);
    return 0;
}

static void add_message(struct stream *stream, const struct rows *rows)
{
    const struct stream_kind *kind = kind_of(stream);
    struct json_writer writer;

    json_writer_init(&writer, &stream->out);
    json_begin_object(&writer);
    json_key(&writer, "type");
    json_add_string(&writer, kind->type);
    json_key(&writer, kind->type);
    fields_write_row(kind->fields, &writer, rows);
    json_end_object(&writer);
    buf_add_char(&stream->out, '\0');
}

/* Makes messages of rows, calling `note` for each. 1: these were all, 0: there may be more. */
static int read_rows(struct txn *txn, struct stream *stream, struct sql *sql,
                     void (*note)(struct stream *stream, const struct rows *rows))
{
    rows_auto rows = {0};
    int count = 0;
    int r;

    sql_add(sql, " LIMIT ?");
    sql_bind(sql, value_integer(ROWS));
    if (sql_query(txn, &rows, sql) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0) {
        add_message(stream, &rows);
        note(stream, &rows);
        count++;
        if (stream->out.length >= PART)
            return 0;
    }
    if (r < 0 || stream->out.failed)
        return r < 0 ? -1 : txn_fail(txn, ENOMEM, "no memory for what is sent to a client");
    return count < ROWS;
}

static void note_backfilled(struct stream *stream, const struct rows *rows)
{
    const struct field *fields = kind_of(stream)->fields;

    stream->last_time = rows_integer(rows, fields_column(fields, "occurred"));
    stream->last_seq = rows_integer(rows, fields_column(fields, "seq"));
}

/* What was there when the stream began, in the order in which it happened. */
static enum job_result read_backfill(struct txn *txn, struct stream *stream)
{
    sql_auto sql = {0};

    sql_add(&sql, "SELECT ");
    fields_select(kind_of(stream)->fields, &sql);
    sql_addf(&sql, " FROM %s r WHERE ", kind_of(stream)->table);
    if (!add_condition(txn, stream, stream->last_time, &sql))
        return JOB_UNDO;
    sql_add(&sql, " AND r.seq <= ? AND (r.occurred > ? OR r.seq > ?) ORDER BY r.occurred, r.seq");
    sql_bind(&sql, value_integer(stream->place));
    sql_bind(&sql, value_integer(stream->last_time));
    sql_bind(&sql, value_integer(stream->last_seq));
    int r = read_rows(txn, stream, &sql, note_backfilled);
    if (r < 0)
        return JOB_FAILED;
    stream->backfilling = r == 0;
    return JOB_KEEP;
}

static void note_live(struct stream *stream, const struct rows *rows)
{
    stream->place = rows_integer(rows, fields_column(kind_of(stream)->fields, "seq"));
}

/* What arrived behind the stream's place. However much the filter lets through, and whatever
 * indexes there are: a few rows are looked at, by their numbers, and the place is behind them. */
static enum job_result read_live(struct txn *txn, struct stream *stream)
{
    sql_auto sql = {0};
    int64_t last;

    if (newest(txn, stream, &last) < 0)
        return JOB_FAILED;
    bool is_last = last - stream->place <= SCAN;
    int64_t end = is_last ? last : stream->place + SCAN;
    sql_add(&sql, "SELECT ");
    fields_select(kind_of(stream)->fields, &sql);
    sql_addf(&sql, " FROM (SELECT * FROM %s WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?) r",
             kind_of(stream)->table);
    sql_bind(&sql, value_integer(stream->place));
    sql_bind(&sql, value_integer(end));
    sql_bind(&sql, value_integer(SCAN));
    sql_add(&sql, " WHERE ");
    if (!add_condition(txn, stream, stream->since, &sql))
        return JOB_UNDO;
    sql_add(&sql, " ORDER BY r.seq");
    int r = read_rows(txn, stream, &sql, note_live);
    if (r < 0)
        return JOB_FAILED;
    if (r > 0 && end > stream->place)
        stream->place = end;
    stream->socket.parks = r > 0 && is_last && !stream->out.length;
    return JOB_KEEP;
}

static int begin(struct txn *txn, struct stream *stream)
{
    if (newest(txn, stream, &stream->place) < 0)
        return -1;
    stream->since = txn_now(txn) - kind_of(stream)->backfill;
    stream->last_time = stream->since;
    stream->has_begun = true;
    return 0;
}

enum job_result stream_run(struct txn *txn, struct socket *socket)
{
    struct stream *stream = stream_of(socket);
    sql_auto unused = {0};

    buf_clear(&stream->out);
    if (!stream->has_begun && !add_condition(txn, stream, 0, &unused))
        return JOB_UNDO;
    if (watch(txn, stream) < 0 || (!stream->has_begun && begin(txn, stream) < 0))
        return JOB_FAILED;
    return stream->backfilling ? read_backfill(txn, stream) : read_live(txn, stream);
}

/* ---- sending ---- */

static void send_messages(struct stream *stream)
{
    const struct buf *out = &stream->out;
    size_t length;

    for (size_t at = 0; at < out->length; at += length + 1) {
        length = strlen(out->data + at);
        http_socket_send(stream->socket.http, out->data + at, length);
    }
    buf_release(&stream->out);
}

void stream_proceed(struct socket *socket)
{
    struct stream *stream = stream_of(socket);

    send_messages(stream);
    if (stream->problem.code)
        http_socket_close(socket->http, HTTP_CLOSE_PROTOCOL, "%s", stream->problem.message);
    else if (http_socket_has_room(socket->http))
        socket_work(socket);
}

void stream_release(struct socket *socket)
{
    struct stream *stream = stream_of(socket);

    json_decref(stream->filter);
    buf_release(&stream->out);
}
