#include "lib/input_reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/run.h"
#include "json/text.h"
#include "json/writer.h"

#define DEFAULT_POLL 0.5
#define LONGEST_WAIT 30.0 /* of one read that is held back, seconds */
#define PAGE         200  /* rows that are read at once */

int input_reader_init(struct input_reader *reader, struct fm_run *run, const char *flow_run_id,
                      const char *prefix, struct fm_error *error)
{
    reader->run = run;
    snprintf(reader->prefix, sizeof(reader->prefix), "%s", prefix);
    if (reader->poll_interval <= 0)
        reader->poll_interval = DEFAULT_POLL;
    if (reader->page <= 0)
        reader->page = 1;
    reader->had = json_object();
    reader->rows = json_array();
    if (!reader->had || !reader->rows)
        return fail_without_memory(error);
    return run_id_parse(flow_run_id ? flow_run_id : run->id, reader->flow_run_id, error);
}

void input_reader_release(struct input_reader *reader)
{
    json_decref(reader->had);
    json_decref(reader->rows);
    reader->had = reader->rows = NULL;
}

int input_reader_exclude(struct input_reader *reader, const char *key, struct fm_error *error)
{
    if (json_object_set_new(reader->had, key, json_true()) < 0)
        return fail(error, FM_INVALID, "a key to exclude is no UTF-8, or memory ran out");
    return 0;
}

void input_reader_go_to(struct input_reader *reader, int64_t number)
{
    reader->numbered = true;
    reader->after = number;
}

int64_t input_number(const json_t *row)
{
    return json_integer_value(json_object_get(row, "seq"));
}

/* ---- looking --------------------------------------------------------------------------------- */

static void write_filter(const struct input_reader *reader, struct buf *body)
{
    struct json_writer writer;
    const char *key;
    json_t *value;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "prefix");
    json_add_string(&writer, reader->prefix);
    json_key(&writer, "limit");
    json_add_integer(&writer, reader->numbered ? PAGE : reader->page);
    if (reader->numbered) {
        json_key(&writer, "after");
        json_add_integer(&writer, reader->after);
    } else {
        json_key(&writer, "exclude_keys");
        json_begin_array(&writer);
        json_object_foreach(reader->had, key, value)
            json_add_string(&writer, key);
        json_end_array(&writer);
    }
    json_end_object(&writer);
}

static int take_rows(struct input_reader *reader, const struct fm_reply *reply,
                     struct fm_error *error)
{
    struct error parse_error;

    int r = fm_reply_check(reply, error);
    if (r < 0)
        return r;
    json_t *rows = json_parse(reply->body, reply->length, &parse_error);
    if (!json_is_array(rows)) {
        json_decref(rows);
        return fail(error, FM_FAILED, "the server's list of inputs is no list");
    }
    json_decref(reader->rows);
    reader->rows = rows;
    reader->next = 0;
    return 0;
}

/* Asks for what is new, for up to `wait` seconds. `ret_waited`: the server held the read back. */
static int look(struct input_reader *reader, double wait, bool *ret_waited, struct fm_error *error)
{
    char path[96];
    buf_auto body = BUF_INIT;
    struct fm_reply reply;

    write_filter(reader, &body);
    if (body.failed)
        return fail_without_memory(error);
    snprintf(path, sizeof(path), "/flow_runs/%s/input/filter", reader->flow_run_id);
    int r = fm_client_call(reader->run->client, "POST", path, buf_string(&body), &reply, error,
                           .wait = wait, .retries = reader->retries);
    if (r < 0)
        return r;
    *ret_waited = reply.wait >= 0;
    r = take_rows(reader, &reply, error);
    fm_reply_release(&reply);
    return r;
}

/* ---- handing out ----------------------------------------------------------------------------- */

/* Notes that the row is read. 1: it is handed out; 0: it was to be left out. */
static int pass(struct input_reader *reader, const json_t *row, struct fm_error *error)
{
    const char *key;
    int r = api_string(row, "key", &key, error);

    if (r < 0)
        return r;
    bool left_out = json_object_get(reader->had, key);
    if (input_number(row) > 0)
        input_reader_go_to(reader, input_number(row));
    else if (!left_out)
        r = input_reader_exclude(reader, key, error);
    return r < 0 ? r : !left_out;
}

/* The next row that was read already. 0: there is none. */
static int next_row(struct input_reader *reader, const json_t **ret_row, struct fm_error *error)
{
    int r = 0;

    while (r == 0 && reader->next < json_array_size(reader->rows)) {
        const json_t *row = json_array_get(reader->rows, reader->next++);
        r = pass(reader, row, error);
        if (r > 0)
            *ret_row = row;
    }
    return r;
}

int input_reader_next(struct input_reader *reader, double timeout, const json_t **ret_row,
                      struct fm_error *error)
{
    int64_t end = timeout < 1e10 ? time_monotonic() + (int64_t)(timeout * SECOND) : TIME_NEVER;
    int r;

    while ((r = next_row(reader, ret_row, error)) == 0) {
        double left = end == TIME_NEVER ? INFINITY : (double)(end - time_monotonic()) / SECOND;
        bool waited = false;
        r = look(reader, fmin(LONGEST_WAIT, fmax(left, 0)), &waited, error);
        if (r < 0 && r != FM_UNREACHABLE)
            return r;
        if (json_array_size(reader->rows) > reader->next)
            continue;
        if (left <= 0)
            return r;
        if (!waited && client_sleep(reader->run->client, fmin(reader->poll_interval, left)) < 0)
            return fail(error, FM_CANCELLED, "the process was interrupted");
    }
    return r;
}
