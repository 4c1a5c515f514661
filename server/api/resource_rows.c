/* Handlers that serve any resource, one row at a time: create, read, update, delete. */
#include <ctype.h>
#include <string.h>

#include "server/api/resources.h"
#include "server/orchestration/made_event.h"

int reply_missing(struct http_reply *reply, const struct resource *resource)
{
    if (resource->missing)
        return reply_detail(reply, 404, "%s", resource->missing);
    return reply_detail(reply, 404, "%s not found", resource->name);
}

int reply_resource(struct txn *txn, struct http_reply *reply, int status,
                   const struct resource *resource, const char *condition, struct value value)
{
    sql_auto sql = {0};
    rows_auto rows = {0};
    struct json_writer writer;

    resource_select(resource, &sql);
    sql_addf(&sql, " WHERE %s", condition);
    sql_bind(&sql, value);
    int found = sql_first(txn, &rows, &sql);
    if (found < 0)
        return HANDLER_FAILED;
    if (!found)
        return reply_missing(reply, resource);
    reply_begin(reply, status, &writer);
    fields_write_row(resource->fields, &writer, &rows);
    return HANDLER_DONE;
}

/* The column that the {name} of the path stands for. */
static const char *key_column(struct txn *txn, const struct request *request)
{
    const char *name = strchr(request->route->path, '{') + 1;
    const char *column = arena_strndup(txn_arena(txn), name, strcspn(name, "}"));

    if (!field_find(request->route->resource->fields, column))
        BUG("%s names no field", request->route->path);
    return column;
}

/* The resource's name in the middle of a sentence. */
static const char *noun(struct txn *txn, const struct resource *resource)
{
    char *name = arena_strdup(txn_arena(txn), resource->name);

    *name = (char)tolower((unsigned char)*name);
    return name;
}

/* Whether no other row has what is sent for the resource's unique text; 0: the reply says so. */
static int check_unique(struct txn *txn, const struct request *request, struct http_reply *reply,
                        const char *own_column, const char *own)
{
    const struct resource *resource = request->route->resource;
    const char *text = resource->unique ? request_text(request, resource->unique) : NULL;
    rows_auto rows = {0};
    sql_auto sql = {0};

    if (!text)
        return 1;
    sql_addf(&sql, "SELECT 1 FROM %s WHERE %s = ? AND %s <> ?", resource->table, resource->unique,
             own_column);
    sql_bind(&sql, V(text));
    sql_bind(&sql, V(own));
    int taken = sql_first(txn, &rows, &sql);
    if (taken > 0)
        reply_detail(reply, 409, "A %s with the %s '%s' already exists.", noun(txn, resource),
                     resource->unique, text);
    return taken < 0 ? -1 : !taken;
}

static int check(struct txn *txn, struct request *request, struct record *record,
                 struct http_reply *reply)
{
    return request->route->check ? request->route->check(txn, request, record, reply) : 1;
}

int resource_event(struct txn *txn, const struct resource *resource, const char *key,
                   struct value value, const char *what)
{
    made_event_auto made = {0};
    rows_auto rows = {0};
    sql_auto sql = {0};

    if (!resource->event_kind)
        return 0;
    resource_select(resource, &sql);
    sql_addf(&sql, " WHERE r.%s = ?", key);
    sql_bind(&sql, value);
    int found = sql_first(txn, &rows, &sql);
    if (found <= 0)
        return found;
    made_event_begin(&made, txn, arena_printf(txn_arena(txn), "%s.%s", resource->event_kind, what),
                     resource->event_kind, rows_text(&rows, fields_column(resource->fields, "id")),
                     rows_text(&rows, fields_column(resource->fields, "name")));
    fields_write_event(resource->fields, &made.payload, &rows);
    return made_event_record(&made);
}

int resource_create(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct resource *resource = request->route->resource;
    struct record record;

    record_from_create(&record, resource->fields, txn_arena(txn), request->body, request->body_text,
                       NULL);
    int fits = check(txn, request, &record, reply);
    if (fits > 0)
        fits = check_unique(txn, request, reply, "id", "");
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (record_insert(txn, resource->table, &record) < 0 ||
        resource_event(txn, resource, "id", record_get(&record, "id"), "created") < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "%s", resource->table);
    return reply_resource(txn, reply, 201, resource, "r.id = ?", record_get(&record, "id"));
}

int resource_read(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *condition = arena_printf(txn_arena(txn), "r.%s = ?", key_column(txn, request));

    return reply_resource(txn, reply, 200, request->route->resource, condition,
                          V(request->params[0]));
}

int resource_update(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct resource *resource = request->route->resource;
    const char *key = key_column(txn, request);
    struct record record;

    record_from_update(&record, resource->fields, txn_arena(txn), request->body, request->body_text,
                       NULL);
    int fits = check(txn, request, &record, reply);
    if (fits > 0)
        fits = check_unique(txn, request, reply, key, request->params[0]);
    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    int changed = record_update(txn, resource->table, &record, key, V(request->params[0]));
    if (changed < 0)
        return HANDLER_FAILED;
    if (!changed)
        return reply_missing(reply, resource);
    struct value now =
        record_is_set(&record, key) ? record_get(&record, key) : V(request->params[0]);
    if (resource_event(txn, resource, key, now, "updated") < 0)
        return HANDLER_FAILED;
    txn_publish(txn, "%s", resource->table);
    return reply_nothing(reply, 204);
}

int resource_delete(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct resource *resource = request->route->resource;
    const char *key = key_column(txn, request);
    sql_auto sql = {0};

    if (resource_event(txn, resource, key, V(request->params[0]), "deleted") < 0)
        return HANDLER_FAILED;
    sql_addf(&sql, "DELETE FROM %s WHERE %s = ?", resource->table, key);
    sql_bind(&sql, V(request->params[0]));
    int deleted = sql_run(txn, &sql);
    if (deleted < 0)
        return HANDLER_FAILED;
    if (!deleted)
        return reply_missing(reply, resource);
    txn_publish(txn, "%s", resource->table);
    return reply_nothing(reply, 204);
}
