#include "lib/cursor.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/run.h"
#include "json/text.h"
#include "json/writer.h"

#define SINGLES 200 /* single acknowledgements that are read at once: they are short */

static int name_keys(struct cursor *cursor, const char *name, const struct input_reader *reader,
                     struct fm_error *error)
{
    if (strlen(name) >= CURSOR_NAME_SIZE || !input_key_is_plain(name))
        return fail(
            error, FM_INVALID,
            "'%.100s' cannot be the name of a cursor: a name has 1 to %d lower-case letters, "
            "digits and dashes",
            name, CURSOR_NAME_SIZE - 1);
    int n = snprintf(cursor->mark, sizeof(cursor->mark), "cursor-%s-%s-%s", name,
                     reader->flow_run_id, reader->prefix);
    int k = snprintf(cursor->prefix, sizeof(cursor->prefix), "acknowledged-%s-%s-", name,
                     reader->flow_run_id);
    if (n < 0 || (size_t)n >= sizeof(cursor->mark) || k < 0)
        return fail(error, FM_INVALID, "the prefix of a receiver with a cursor is too long");
    return 0;
}

static int path_of_mark(const struct cursor *cursor, struct buf *path, struct fm_error *error)
{
    buf_addf(path, "/flow_runs/%s/input/%s", cursor->run->id, cursor->mark);
    return path->failed ? fail_without_memory(error) : 0;
}

/* ---- where it is ----------------------------------------------------------------------------- */

static int read_mark(const struct fm_reply *reply, int64_t *ret_number, struct fm_error *error)
{
    struct error parse_error;
    json_t *mark = json_parse(reply->body, reply->length, &parse_error);
    const json_t *number = json_object_get(mark, "seq");
    int r = 0;

    if (json_is_integer(number) && json_integer_value(number) > 0)
        *ret_number = json_integer_value(number);
    else
        r = fail(error, FM_FAILED, "the mark of the cursor is none");
    json_decref(mark);
    return r;
}

/* 1: the mark is there; 0: it is not. */
static int load_mark(const struct cursor *cursor, int64_t *ret_number, struct fm_error *error)
{
    buf_auto path = BUF_INIT;
    struct fm_reply reply;

    int r = path_of_mark(cursor, &path, error);
    if (r == 0)
        r = fm_client_call(cursor->run->client, "GET", buf_string(&path), NULL, &reply, error);
    if (r < 0)
        return r;
    if (reply.status != 404) {
        r = fm_reply_check(&reply, error);
        if (r == 0)
            r = read_mark(&reply, ret_number, error);
        r = r < 0 ? r : 1;
    }
    fm_reply_release(&reply);
    return r;
}

/* Leaves out what was acknowledged one by one. */
static int load_single(const struct cursor *cursor, struct input_reader *reader,
                       struct fm_error *error)
{
    struct input_reader single = {.page = SINGLES};
    const json_t *row;

    int r = input_reader_init(&single, cursor->run, NULL, cursor->prefix, error);
    while (r == 0 && (r = input_reader_next(&single, 0, &row, error)) > 0) {
        const char *key = json_string_value(json_object_get(row, "key"));
        /* A prefix may match more loosely on the server than it does here. */
        bool ours = strncmp(key, cursor->prefix, strlen(cursor->prefix)) == 0;
        r = ours ? input_reader_exclude(reader, key + strlen(cursor->prefix), error) : 0;
    }
    input_reader_release(&single);
    return r;
}

int cursor_open(struct cursor *ret_cursor, const char *name, struct input_reader *reader,
                struct fm_error *error)
{
    struct cursor cursor = {.run = reader->run};
    int64_t number = 0;

    int r = name_keys(&cursor, name, reader, error);
    if (r == 0)
        r = load_mark(&cursor, &number, error);
    if (r > 0)
        input_reader_go_to(reader, number);
    else if (r == 0)
        r = load_single(&cursor, reader, error);
    if (r < 0)
        return r;
    *ret_cursor = cursor;
    return 0;
}

/* ---- moving it ------------------------------------------------------------------------------- */

static int move_mark(const struct cursor *cursor, const char *key, int64_t number,
                     struct fm_error *error)
{
    const struct fm_call call = {0};
    buf_auto path = BUF_INIT;
    buf_auto value = BUF_INIT;
    buf_auto body = BUF_INIT;
    struct json_writer writer;

    int r = path_of_mark(cursor, &path, error);
    if (r < 0)
        return r;
    buf_addf(&value, "{\"seq\":%lld,\"key\":\"%s\"}", (long long)number, key);
    if (value.failed)
        return fail_without_memory(error); /* a mark that is none would hold the receiver up */
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "value");
    json_add_string(&writer, buf_string(&value));
    json_end_object(&writer);
    return api_call(cursor->run->client, "PUT", buf_string(&path), &body, &call, NULL, error);
}

static int add_single(const struct cursor *cursor, const char *key, struct fm_error *error)
{
    buf_auto own_key = BUF_INIT;
    buf_auto value = BUF_INIT;

    buf_addf(&own_key, "%s%s", cursor->prefix, key);
    buf_add_string(&value, "true");
    if (own_key.failed || value.failed)
        return fail_without_memory(error);
    int r = input_post(cursor->run, cursor->run->id, buf_string(&own_key), &value, error);
    return r == FM_CONFLICT ? 0 : r; /* it was acknowledged already */
}

int cursor_move(const struct cursor *cursor, const char *key, int64_t number,
                struct fm_error *error)
{
    return number > 0 ? move_mark(cursor, key, number, error) : add_single(cursor, key, error);
}
