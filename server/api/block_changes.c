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

#define REFERENCE_DEPTH  20   /* of blocks inside one another */
#define REFERENCES_LIMIT 1000 /* of one block */

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

/* Data as it was sent: the members that refer to other blocks are no part of what is sealed. */
struct sent {
    const char *text;   /* of all others; NULL: it is too large */
    json_t *references; /* {"name": "id"} */
};

/* The object's text without members of these names; NULL: it is too large. */
static const char *without(struct arena *arena, const char *text, const json_t *names)
{
    buf_auto kept = BUF_INIT;

    json_without(&kept, text, names);
    return kept.failed ? NULL : arena_adopt(arena, buf_steal(&kept));
}

static const char *sent_text(struct request *request)
{
    static const char *const path[] = {"data", NULL};
    size_t length;
    const char *text = json_member_text(request->body_text, path, &length);

    return text ? arena_strndup(&request->arena, text, length) : "{}";
}

static int prepare_data(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct sent *sent = arena_alloc(&request->arena, sizeof(*sent));
    const char *key;
    json_t *value;
    char id[ID_SIZE];

    (void)txn;
    sent->references = json_arena_own(&request->arena, json_object());
    json_object_foreach(json_object_get(request->body, "data"), key, value) {
        const json_t *reference = reference_in(value);
        const char *text = json_string_value(json_object_get(reference, "block_document_id"));
        if (!reference)
            continue;
        if (!text || !id_parse(text, id)) {
            reply_detail(reply, 400,
                         "Received block reference without a block_document_id in key %s", key);
            return 1;
        }
        json_object_set_new(sent->references, key, json_string(id));
    }
    if (json_object_size(sent->references) > REFERENCES_LIMIT) {
        reply_detail(reply, 400, "A block may refer to at most %d others.", REFERENCES_LIMIT);
        return 1;
    }
    sent->text = without(&request->arena, sent_text(request), sent->references);
    request->prepared = sent;
    return 0;
}

static int seal(struct txn *txn, const struct request *request, const char *data, const char *id,
                const char **ret_sealed)
{
    if (!data)
        return txn_fail(txn, EFBIG, "the data of a block is too large");
    return secrets_seal(secrets_of(request), data, id, txn_arena(txn), ret_sealed, txn_error(txn));
}

/* ---- references ---- */

/* How many blocks are inside one another down to this one: 1 if nothing refers to it. */
static int depth_of(struct txn *txn, const char *id, int64_t *ret_depth)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows,
                 "WITH RECURSIVE above (id, depth) AS (SELECT ?, 1"
                 " UNION SELECT f.parent_id, a.depth + 1 FROM above a"
                 " JOIN block_document_references f ON f.reference_id = a.id WHERE a.depth < ?)"
                 " SELECT MAX(depth) FROM above",
                 V(id), V(REFERENCE_DEPTH)) < 0)
        return -1;
    *ret_depth = rows_integer(&rows, 0);
    return 0;
}

/* Whether the parent, which lies so deep, may refer to the other block: 1; 0: the reply says why
 * not. */
static int check_reference(struct txn *txn, struct http_reply *reply, const char *parent_id,
                           int64_t parent_depth, const char *reference_id)
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
    else if (parent_depth + rows_integer(&rows, 1) > REFERENCE_DEPTH)
        reply_detail(reply, 400, "Blocks may be at most %d deep inside one another.",
                     REFERENCE_DEPTH);
    else
        return 1;
    return 0;
}

/* Forgets the references of members that are sent anew. How many others there are, or -1. */
static int forget_references(struct txn *txn, const struct request *request, const char *parent_id)
{
    const json_t *data = json_object_get(request->body, "data");
    json_auto_t *gone = json_object();
    rows_auto rows = {0};
    const char *name;
    json_t *value;
    int others = 0;
    int r;

    if (db_query(txn, &rows, "SELECT name FROM block_document_references WHERE parent_id = ?",
                 V(parent_id)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0) {
        if (json_object_get(data, rows_text(&rows, 0)))
            json_object_set_new(gone, rows_text(&rows, 0), json_true());
        else
            others++;
    }
    rows_close(&rows);
    json_object_foreach(gone, name, value)
        if (db_run(txn, "DELETE FROM block_document_references WHERE parent_id = ? AND name = ?",
                   V(parent_id), V(name)) < 0)
            return -1;
    return r < 0 ? -1 : others;
}

/* Of the members that are sent. 1; 0: the reply says what is wrong. */
static int store_references(struct txn *txn, const struct request *request,
                            struct http_reply *reply, const char *parent_id)
{
    const struct sent *sent = request->prepared;
    int others = forget_references(txn, request, parent_id);
    int64_t depth;
    const char *name;
    json_t *id;

    if (others < 0 || depth_of(txn, parent_id, &depth) < 0)
        return -1;
    if (others + json_object_size(sent->references) > REFERENCES_LIMIT) {
        reply_detail(reply, 400, "A block may refer to at most %d others.", REFERENCES_LIMIT);
        return 0;
    }
    json_object_foreach(sent->references, name, id) {
        int fits = check_reference(txn, reply, parent_id, depth, json_string_value(id));
        if (fits <= 0)
            return fits;
        if (db_run(txn,
                   "INSERT INTO block_document_references (parent_id, name, reference_id)"
                   " VALUES (?, ?, ?)",
                   V(parent_id), V(name), V(json_string_value(id))) < 0)
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
    const struct sent *sent = request->prepared;
    const char *name = name_of(txn, request, reply);
    const char *sealed;
    char id[ID_SIZE];

    int fits = name ? check_new(txn, request, reply, name) : 0;
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    id_new(id);
    if (seal(txn, request, sent->text, id, &sealed) < 0 ||
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
    const struct sent *sent = request->prepared;
    buf_auto merged = BUF_INIT;
    const char *old;

    if (secrets_unseal(secrets_of(request), stored->sealed, id, arena, &old, txn_error(txn)) < 0)
        return -1;
    const char *text = sent->text;
    text = text ? block_data_restore(arena, text, old, stored->schema_fields) : NULL;
    if (text && request_flag(request, "merge_existing_data", true)) {
        const char *kept = without(arena, old, sent->references);
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
     .prepare = prepare_data,
     .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT | ROUTE_SECRET,
     .resource = &block_document,
     .body = &(const struct body){.fields = block_document_fields, .only = FIELD_CREATE},
     .summary = "Creates a block document.",
     .status = 201,
     .answers = ANSWERS_404 | ANSWERS_409},
    {.method = HTTP_PATCH,
     .path = DOCUMENTS "{id}",
     .handle = update_document,
     .prepare = prepare_data,
     .flags = ROUTE_WRITES | ROUTE_SECRET,
     .resource = &block_document,
     .body = &(const struct body){.fields = update_fields, .only = FIELD_UPDATE},
     .summary = "Changes a block document's data.",
     .status = 204,
     .answers = ANSWERS_404,
     .shape = REPLY_NOTHING},
    {.path = NULL},
};
