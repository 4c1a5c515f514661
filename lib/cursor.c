#include "lib/cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/ids.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/run.h"
#include "json/writer.h"

#define PAGE 200 /* rows that are read at once */

static int write_filter(const char *prefix, const json_t *known, struct buf *body,
                        struct fm_error *error)
{
    char *keys = json_dumps(known, JSON_COMPACT);
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "prefix");
    json_add_string(&writer, prefix);
    json_key(&writer, "limit");
    json_add_integer(&writer, PAGE);
    json_key(&writer, "exclude_keys");
    json_add_text(&writer, keys);
    json_end_object(&writer);
    bool ok = keys != NULL;
    free(keys);
    return ok ? 0 : fail_without_memory(error);
}

/* Reads the next page: the rows' keys go to `known`, what they acknowledge to `keys`. */
static int load_page(struct fm_run *run, const char *prefix, json_t *known, json_t *keys,
                     size_t *ret_count, struct fm_error *error)
{
    const struct fm_call call = {0};
    char path[96];
    buf_auto body = BUF_INIT;
    json_t *rows = NULL;
    const json_t *row;
    size_t i;

    int r = write_filter(prefix, known, &body, error);
    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "/flow_runs/%s/input/filter", run->id);
    r = api_call(run->client, "POST", path, &body, &call, &rows, error);
    *ret_count = json_array_size(rows);
    json_array_foreach(rows, i, row) {
        const char *key = json_string_value(json_object_get(row, "key"));
        /* A prefix may match more loosely on the server than it does here. */
        bool ours = key && strncmp(key, prefix, strlen(prefix)) == 0;
        if (json_array_append(known, json_object_get(row, "key")) < 0 ||
            (ours && json_array_append_new(keys, json_string(key + strlen(prefix))) < 0))
            r = fail_without_memory(error);
    }
    json_decref(rows);
    return r;
}

int cursor_load(struct fm_run *run, const char *name, json_t *keys, struct fm_error *error)
{
    char prefix[128];
    json_t *known = json_array();
    size_t count = PAGE;
    int r = 0;

    snprintf(prefix, sizeof(prefix), "cursor-%.100s-", name);
    while (r == 0 && count == PAGE)
        r = load_page(run, prefix, known, keys, &count, error);
    json_decref(known);
    return r;
}

int cursor_store(struct fm_run *run, const char *name, const char *key, struct fm_error *error)
{
    char path[96];
    char id[ID_SIZE];
    buf_auto body = BUF_INIT;
    buf_auto row = BUF_INIT;
    struct json_writer writer;

    id_random(id);
    const struct fm_call call = {.idempotency_key = id};
    buf_addf(&row, "cursor-%.100s-%s", name, key);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "key");
    json_add_string(&writer, buf_string(&row));
    json_key(&writer, "value");
    json_add_string(&writer, "true");
    json_end_object(&writer);
    snprintf(path, sizeof(path), "/flow_runs/%s/input", run->id);
    int r = api_call(run->client, "POST", path, &body, &call, NULL, error);
    return r == FM_CONFLICT ? 0 : r; /* it was stored already */
}
