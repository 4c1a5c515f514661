/* Creating and changing block documents: the data is sealed, references to other blocks are rows.
 */
#include <errno.h>
#include <string.h>

#include "common/ids.h"
#include "server/api/blocks.h"
#include "server/api/names.h"
#include "server/api/routes.h"
#include "server/resource/overlay.h"
#include "server/secrets/secrets.h"
#include "json/text.h"

#define REFERENCE_DEPTH 20 /* of blocks inside one another */

static const struct secrets *secrets_of(const struct request *request)
{
    return api_config(request->api)->secrets;
}

/* ---- data as it is sent ---- */

/* {"$ref": {"block_document_id": …}}: what is inside, or NULL. */
static const json_t *reference_in(const json_t *value)
{
    const json_t *reference = json_object_get(value, "$ref");

    return json_is_object(reference) ? reference : NULL;
}

/* Whether the references are ids of blocks; else the reply says which is none. */
static bool check_references(const struct request *request, struct http_reply *reply)
{
    json_t *data = json_object_get(request->body, "data");
    const char *key;
    json_t *value;
    char id[ID_SIZE];

    json_object_foreach(data, key, value) {
        const json_t *reference = reference_in(value);
        const char *text = json_string_value(json_object_get(reference, "block_document_id"));
        if (reference && (!text || !id_parse(text, id))) {
            reply_detail(reply, 400,
                         "Received block reference without a block_document_id in key %s", key);
            return false;
        }
    }
    return true;
}

/* An object's text without the members that refer to other blocks in `data`. */
static const char *without_references(struct arena *arena, const char *text, json_t *object,
                                      const json_t *data)
{
    buf_auto kept = BUF_INIT;
    struct json_writer writer;
    const char *key;
    json_t *value;
    size_t length;

    json_writer_init(&writer, &kept);
    json_begin_object(&writer);
    json_object_foreach(object, key, value) {
        const char *const path[] = {key, NULL};
        if (reference_in(json_object_get(data, key)))
            continue;
        const char *member = json_member_text(text, path, &length);
        json_key(&writer, key);
        json_add_text(&writer, arena_strndup(arena, member, length));
    }
    json_end_object(&writer);
    return kept.failed ? NULL : arena_strdup(arena, buf_string(&kept));
}

static const char *sent_data(struct request *request)
{
    const char *const path[] = {"data", NULL};
    size_t length;
    const char *text = json_member_text(request->body_text, path, &length);

    return text ? arena_strndup(&request->arena, text, length) : "{}";
}

static int seal(struct txn *txn, const struct request *request, const char *data, const char *id,
                const char **ret_sealed)
{
    if (!data)
        return txn_fail(txn, EFBIG, "the data of a block is too large");
    return secrets_seal(secrets_of(request), data, id, txn_arena(txn), ret_sealed, txn_error(txn));
}

/* ---- references ---- */

/* Whether the parent may refer to the other block: 1; 0: the reply says why not. */
static int check_reference(struct txn *txn, struct http_reply *reply, const char *parent_id,
                           const char *reference_id)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows,
                 "WITH RECURSIVE below (id, depth) AS (SELECT id, 1 FROM block_documents"
                 " WHERE id = ? UNION SELECT f.reference_id, b.depth + 1 FROM below b"
                 " JOIN block_document_references f ON f.parent_id = b.id WHERE b.depth < ?)"
                 " SELECT COUNT(*), COALESCE(MAX(depth), 0),"
                 " COUNT(CASE WHEN id = ? THEN 1 END) FROM below",
                 V(reference_id), V(REFERENCE_DEPTH), V(parent_id)) < 0)
        return -1;
    if (rows_integer(&rows, 0) == 0)
        reply_detail(reply, 400, "No block document has the id %s.", reference_id);
    else if (rows_integer(&rows, 2) > 0)
        reply_detail(reply, 400,
                     "Cannot create block document reference: it would introduce a cycle into the "
                     "block_document_reference graph (parent=%s, reference=%s).",
                     parent_id, reference_id);
    else if (rows_integer(&rows, 1) >= REFERENCE_DEPTH)
        reply_detail(reply, 400, "Blocks may be at most %d deep inside one another.",
                     REFERENCE_DEPTH);
    else
        return 1;
    return 0;
}

/* Of the members that are sent. 1; 0: the reply says what is wrong. */
static int store_references(struct txn *txn, const struct request *request,
                            struct http_reply *reply, const char *parent_id)
{
    json_t *data = json_object_get(request->body, "data");
    const char *key;
    json_t *value;
    char id[ID_SIZE];

    json_object_foreach(data, key, value) {
        const json_t *reference = reference_in(value);
        if (db_run(txn, "DELETE FROM block_document_references WHERE parent_id = ? AND name = ?",
                   V(parent_id), V(key)) < 0)
            return -1;
        if (!reference ||
            !id_parse(json_string_value(json_object_get(reference, "block_document_id")), id))
            continue;
        int fits = check_reference(txn, reply, parent_id, id);
        if (fits <= 0)
            return fits;
        if (db_run(txn,
                   "INSERT INTO block_document_references (parent_id, name, reference_id)"
                   " VALUES (?, ?, ?)",
                   V(parent_id), V(key), V(id)) < 0)
            return -1;
    }
    return 1;
}

/* ---- creating ---- */

/* Whether the schema is there and one of the type: 1; 0: the reply says why not. */
static int check_schema(struct txn *txn, struct http_reply *reply, const char *schema_id,
                        const char *type_id)
{
    rows_auto rows = {0};
    int found =
        db_first(txn, &rows, "SELECT block_type_id FROM block_schemas WHERE id = ?", V(schema_id));

    if (found < 0)
        return -1;
    if (!found)
        reply_detail(reply, 404, "Block schema %s not found.", schema_id);
    else if (strcmp(rows_text(&rows, 0), type_id) != 0)
        reply_detail(reply, 400, "The block schema has to be one of the same block type.");
    else
        return 1;
    return 0;
}

/* The name that is sent, or one that is made up; NULL: the reply says what is wrong with it. */
static const char *name_of(struct txn *txn, const struct request *request, struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    char id[ID_SIZE];

    if (!check_dashed_name(request, reply, "name", "Block document name"))
        return NULL;
    if (name)
        return name;
    if (!request_flag(request, "is_anonymous", false)) {
        reply_problem(reply, request, "name", "value_error",
                      "Value error, Names must be provided for block documents.");
        return NULL;
    }
    id_random(id);
    return arena_printf(txn_arena(txn), "anonymous-%s", id);
}

/* Whether everything that it belongs to is there, and no other has its name. */
static int check_new(struct txn *txn, struct request *request, struct http_reply *reply,
                     const char *name)
{
    const char *type_id = request_id(request, "block_type_id");
    rows_auto rows = {0};

    if (!check_references(request, reply))
        return 0;
    int fits = check_block_type(txn, reply, type_id);
    if (fits > 0)
        fits = check_schema(txn, reply, request_id(request, "block_schema_id"), type_id);
    if (fits <= 0)
        return fits;
    int taken =
        db_first(txn, &rows, "SELECT 1 FROM block_documents WHERE block_type_id = ? AND name = ?",
                 V(type_id), V(name));
    if (taken > 0)
        reply_detail(reply, 409, "Block already exists");
    return taken < 0 ? -1 : !taken;
}

static int create_document(struct txn *txn, struct request *request, struct http_reply *reply)
{
    json_t *data = json_object_get(request->body, "data");
    const char *name = name_of(txn, request, reply);
    const char *sealed;
    char id[ID_SIZE];

    int fits = name ? check_new(txn, request, reply, name) : 0;
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    id_new(id);
    const char *text = without_references(txn_arena(txn), sent_data(request), data, data);
    if (seal(txn, request, text, id, &sealed) < 0 ||
        db_run(txn,
               "INSERT INTO block_documents (id, created, updated, name, data, block_schema_id,"
               " block_type_id, is_anonymous) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               V(id), V(txn_now(txn)), V(txn_now(txn)), V(name), V(sealed),
               V(request_id(request, "block_schema_id")), V(request_id(request, "block_type_id")),
               V(request_flag(request, "is_anonymous", false))) < 0)
        return HANDLER_FAILED;
    fits = store_references(txn, request, reply, id);
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return reply_block_document(txn, request, reply, 201, false, id);
}

/* ---- changing ---- */

struct stored {
    const char *sealed;
    const char *schema_fields;
    const char *type_id;
};

static int load(struct txn *txn, const char *id, struct stored *ret_stored)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT d.data, s.fields, d.block_type_id FROM block_documents d"
                         " JOIN block_schemas s ON s.id = d.block_schema_id WHERE d.id = ?",
                         V(id));

    if (found <= 0)
        return found;
    ret_stored->sealed = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    ret_stored->schema_fields = arena_strdup(txn_arena(txn), rows_text(&rows, 1));
    ret_stored->type_id = arena_strdup(txn_arena(txn), rows_text(&rows, 2));
    return 1;
}

/* The data that is sent, over what is stored or in its place. Stars that were read and are sent
 * back stand for what is stored. */
static int change_data(struct txn *txn, struct request *request, const char *id,
                       const struct stored *stored, const char **ret_sealed)
{
    struct arena *arena = txn_arena(txn);
    json_t *data = json_object_get(request->body, "data");
    buf_auto merged = BUF_INIT;
    const char *old;

    if (secrets_unseal(secrets_of(request), stored->sealed, id, arena, &old, txn_error(txn)) < 0)
        return -1;
    json_auto_t *old_values = json_parse(old, strlen(old), NULL);
    const char *text = without_references(arena, sent_data(request), data, data);
    text = text ? block_data_restore(arena, text, old, stored->schema_fields) : NULL;
    if (text && request_flag(request, "merge_existing_data", true)) {
        const char *kept = without_references(arena, old, old_values, data);
        if (kept)
            json_overlay(&merged, kept, text);
        text = kept && !merged.failed ? buf_string(&merged) : NULL;
    }
    return seal(txn, request, text, id, ret_sealed);
}

static int store_data(struct txn *txn, struct request *request, struct http_reply *reply,
                      const char *id, const struct stored *stored)
{
    bool merges = request_flag(request, "merge_existing_data", true);
    const char *sealed;

    if (merges && !json_object_get(request->body, "data"))
        return 1;
    if (!check_references(request, reply))
        return 0;
    if (change_data(txn, request, id, stored, &sealed) < 0 ||
        db_run(txn, "UPDATE block_documents SET data = ? WHERE id = ?", V(sealed), V(id)) < 0)
        return -1;
    if (!merges &&
        db_run(txn, "DELETE FROM block_document_references WHERE parent_id = ?", V(id)) < 0)
        return -1;
    return store_references(txn, request, reply, id);
}

static int update_document(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *id = request->params[0];
    const char *schema_id = request_id(request, "block_schema_id");
    struct stored stored;
    int fits = load(txn, id, &stored);

    if (fits == 0)
        return reply_missing(reply, &block_document);
    if (fits > 0 && schema_id)
        fits = check_schema(txn, reply, schema_id, stored.type_id);
    if (fits > 0)
        fits = store_data(txn, request, reply, id, &stored);
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (db_run(txn,
               "UPDATE block_documents SET updated = ?,"
               " block_schema_id = COALESCE(?, block_schema_id) WHERE id = ?",
               V(txn_now(txn)), V(schema_id), V(id)) < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

/* ---- routes ---- */

static const struct field update_fields[] = {
    {.name = "block_schema_id",
     .type = FIELD_ID,
     .flags = FIELD_UPDATE | FIELD_NULLABLE,
     .doc = "Another schema of the same type."},
    {.name = "data", .type = FIELD_MAP, .flags = FIELD_UPDATE, .doc = "The new data."},
    {.name = "merge_existing_data",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_UPDATE,
     .fallback = "true",
     .doc = "Whether members that are not sent stay."},
    FIELDS_END};

#define DOCUMENTS "/api/block_documents/"

const struct route block_change_routes[] = {
    {.method = HTTP_POST,
     .path = DOCUMENTS,
     .handle = create_document,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT | ROUTE_SECRET,
     .resource = &block_document,
     .body = &(const struct body){.fields = block_document_fields, .only = FIELD_CREATE},
     .summary = "Creates a block document.",
     .status = 201,
     .answers = ANSWERS_404 | ANSWERS_409},
    {.method = HTTP_PATCH,
     .path = DOCUMENTS "{id}",
     .handle = update_document,
     .flags = ROUTE_WRITES | ROUTE_SECRET,
     .resource = &block_document,
     .body = &(const struct body){.fields = update_fields, .only = FIELD_UPDATE},
     .summary = "Changes a block document's data.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.path = NULL},
};
