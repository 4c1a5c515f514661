/* The data of blocks: unsealed, its secrets shown as stars, with the data of other blocks in it. */
#include <errno.h>
#include <string.h>

#include "server/api/blocks.h"
#include "server/resource/overlay.h"
#include "server/secrets/secrets.h"
#include "json/text.h"

#define STARS           "********"
#define REFERENCE_DEPTH 50

static json_t *parse(const char *text)
{
    return json_parse(text, strlen(text), NULL);
}

/* ---- secrets: the schema names them by paths, "auth.password" or "headers.*" ---- */

/* What is done at the end of a path: with the member of the object, and the same of another value,
 * or NULL. */
typedef void at_secret(json_t *object, const char *key, const json_t *other);

static void each_leaf(json_t *object, const json_t *other, at_secret *act)
{
    const char *key;
    json_t *member;
    void *next;

    json_object_foreach_safe(object, next, key, member) {
        if (json_object_size(member) > 0)
            each_leaf(member, json_object_get(other, key), act);
        else
            act(object, key, other);
    }
}

static void follow(json_t *object, const json_t *other, const char *path, at_secret *act)
{
    size_t length = strcspn(path, ".");

    while (json_is_object(object) && path[length] && !(length == 1 && *path == '*')) {
        object = json_object_getn(object, path, length);
        other = json_object_getn(other, path, length);
        path += length + 1;
        length = strcspn(path, ".");
    }
    if (!json_is_object(object))
        return;
    if (length == 1 && *path == '*')
        each_leaf(object, other, act);
    else if (json_object_get(object, path) && !json_is_null(json_object_get(object, path)))
        act(object, path, other);
}

static void hide(json_t *object, const char *key, const json_t *other)
{
    (void)other;
    json_object_set_new(object, key, json_string(STARS));
}

static void restore(json_t *object, const char *key, const json_t *other)
{
    const char *sent = json_string_value(json_object_get(object, key));
    json_t *stored = json_object_get(other, key);

    if (sent && strcmp(sent, STARS) == 0 && stored)
        json_object_set(object, key, stored);
}

/* Goes along the schema's paths through the data. What it changes is laid over the text: all else
 * stays as it was written. */
static const char *change_secrets(struct arena *arena, const char *data, const char *other,
                                  const char *schema_fields, at_secret *act)
{
    json_auto_t *fields = parse(schema_fields);
    json_auto_t *values = parse(data);
    json_auto_t *others = other ? parse(other) : NULL;
    json_auto_t *changed = json_object();
    buf_auto text = BUF_INIT;
    size_t i;
    json_t *path;

    json_array_foreach(json_object_get(fields, "secret_fields"), i, path) {
        const char *steps = json_string_value(path);
        if (!steps)
            continue;
        const char *first = arena_strndup(arena, steps, strcspn(steps, "."));
        follow(values, others, steps, act);
        if (json_object_get(values, first))
            json_object_set(changed, first, json_object_get(values, first));
        else if (strcmp(first, "*") == 0)
            json_object_update(changed, values);
    }
    if (json_object_size(changed) == 0)
        return data;
    json_overlay(&text, data, json_arena_text(arena, changed));
    return text.failed ? NULL : arena_strdup(arena, buf_string(&text));
}

const char *block_data_restore(struct arena *arena, const char *data, const char *stored,
                               const char *schema_fields)
{
    return change_secrets(arena, data, stored, schema_fields, restore);
}

/* ---- blocks that a block refers to ---- */

static int read_at(struct block_reader *reader, const char *id, const char *sealed,
                   const char *schema_fields, int depth, struct block_data *ret_data);

#define REFERENCE_COLUMNS                                                                          \
    "f.name, d.id, d.name, d.is_anonymous, d.data, s.fields, " BLOCK_TYPE_COLUMNS

/* {"block_document": {…}} of a row of REFERENCE_COLUMNS. */
static void write_reference(struct json_writer *writer, const struct rows *rows,
                            const struct block_data *data)
{
    json_begin_object(writer);
    json_key(writer, "block_document");
    json_begin_object(writer);
    json_key(writer, "id");
    json_add_string(writer, rows_text(rows, 1));
    json_key(writer, "name");
    json_add_string(writer, rows_text(rows, 2));
    json_key(writer, "block_type");
    block_type_write(writer, rows, 6);
    json_key(writer, "is_anonymous");
    json_add_bool(writer, rows_integer(rows, 3) != 0);
    json_key(writer, "block_document_references");
    json_add_text(writer, data->references);
    json_end_object(writer);
    json_end_object(writer);
}

static int write_references(struct block_reader *reader, const char *id, int depth,
                            struct json_writer *data, struct json_writer *references)
{
    struct block_data child;
    rows_auto rows = {0};
    int r;

    if (db_query(reader->txn, &rows,
                 "SELECT " REFERENCE_COLUMNS " FROM block_document_references f"
                 " JOIN block_documents d ON d.id = f.reference_id"
                 " JOIN block_types t ON t.id = d.block_type_id"
                 " JOIN block_schemas s ON s.id = d.block_schema_id WHERE f.parent_id = ?",
                 V(id)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0) {
        if (read_at(reader, rows_text(&rows, 1), rows_text(&rows, 4), rows_text(&rows, 5),
                    depth + 1, &child) < 0)
            return -1;
        json_key(data, rows_text(&rows, 0));
        json_add_text(data, child.data);
        json_key(references, rows_text(&rows, 0));
        write_reference(references, &rows, &child);
    }
    return r;
}

static int add_references(struct block_reader *reader, const char *id, const char *shown, int depth,
                          struct block_data *ret_data)
{
    struct arena *arena = txn_arena(reader->txn);
    buf_auto data = BUF_INIT;
    buf_auto references = BUF_INIT;
    buf_auto whole = BUF_INIT;
    struct json_writer data_writer, references_writer;

    json_writer_init(&data_writer, &data);
    json_writer_init(&references_writer, &references);
    json_begin_object(&data_writer);
    json_begin_object(&references_writer);
    if (write_references(reader, id, depth, &data_writer, &references_writer) < 0)
        return -1;
    json_end_object(&data_writer);
    json_end_object(&references_writer);
    if (strcmp(buf_string(&data), "{}") == 0)
        buf_add_string(&whole, shown);
    else
        json_overlay(&whole, shown, buf_string(&data));
    if (data.failed || references.failed || whole.failed)
        return txn_fail(reader->txn, EFBIG, "the blocks that a block refers to are too large");
    ret_data->data = arena_strdup(arena, buf_string(&whole));
    ret_data->references = arena_strdup(arena, buf_string(&references));
    return 0;
}

static int read_at(struct block_reader *reader, const char *id, const char *sealed,
                   const char *schema_fields, int depth, struct block_data *ret_data)
{
    struct arena *arena = txn_arena(reader->txn);
    const char *text;

    if (depth > REFERENCE_DEPTH || reader->room-- <= 0)
        return txn_fail(reader->txn, EFBIG, "a block refers to too many others");
    if (secrets_unseal(reader->secrets, sealed, id, arena, &text, txn_error(reader->txn)) < 0)
        return -1;
    if (!reader->include_secrets)
        text = change_secrets(arena, text, NULL, schema_fields, hide);
    if (!text)
        return txn_fail(reader->txn, EFBIG, "the data of a block is too large");
    return add_references(reader, id, text, depth, ret_data);
}

int block_data_read(struct block_reader *reader, const char *id, const char *sealed,
                    const char *schema_fields, struct block_data *ret_data)
{
    return read_at(reader, id, sealed, schema_fields, 0, ret_data);
}
