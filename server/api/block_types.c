/* Block types: kinds of things that are configured once and used by name. */
#include <string.h>
#include <strings.h>

#include "server/api/blocks.h"
#include "server/api/names.h"
#include "server/api/routes.h"

#define CHANGEABLE (FIELD_CREATE | FIELD_UPDATE | FIELD_NULLABLE | FIELD_EVENT)

const struct field block_type_fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED | FIELD_EVENT,
     .doc = "Its name for people."},
    {.name = "slug",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_REQUIRED | FIELD_EVENT,
     .doc = "Its name for programs: lower-case letters, digits and dashes."},
    {.name = "logo_url", .type = FIELD_TEXT, .flags = CHANGEABLE, .doc = "A picture of it."},
    {.name = "documentation_url",
     .type = FIELD_TEXT,
     .flags = CHANGEABLE,
     .doc = "Where more is written about it."},
    {.name = "description", .type = FIELD_TEXT, .flags = CHANGEABLE, .doc = "What it is for."},
    {.name = "code_example", .type = FIELD_TEXT, .flags = CHANGEABLE, .doc = "How it is used."},
    {.name = "is_protected",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_EVENT,
     .fallback = "false",
     .doc = "Always false: no type is the server's own."},
    FIELDS_END};

const struct filter block_type_filters[] = {
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_LIKE, .type = FIELD_TEXT},
    {.name = "slug", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_TEXT},
    FILTERS_END};

static const struct relation relations[] = {{"block_schemas", block_schema_filters,
                                             "r.id IN (SELECT r.block_type_id FROM block_schemas r"
                                             " WHERE ",
                                             ")", NULL},
                                            {.key = NULL}};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC, r.seq ASC"}, {NULL, NULL}};

static const struct resource block_type = {.name = "Block type",
                                           .table = "block_types",
                                           .fields = block_type_fields,
                                           .filters = block_type_filters,
                                           .filter_key = "block_types",
                                           .relations = relations,
                                           .sorts = sorts,
                                           .unique = "slug",
                                           .event_kind = "prefect.block-type"};

void block_type_write(struct json_writer *writer, const struct rows *rows, int column)
{
    fields_write_columns(block_type_fields, writer, rows, column);
}

int check_block_type(struct txn *txn, struct http_reply *reply, const char *id)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows, "SELECT 1 FROM block_types WHERE id = ?", V(id));

    if (found == 0)
        reply_detail(reply, 404, "Block type %s not found.", id);
    return found;
}

static int check_new(struct txn *txn, struct request *request, struct record *record,
                     struct http_reply *reply)
{
    (void)txn;
    (void)record;
    if (!check_plain_name(request, reply, "name") ||
        !check_dashed_name(request, reply, "slug", "Block type slug"))
        return 0;
    if (strncasecmp(request_text(request, "name"), "prefect", strlen("prefect")) != 0)
        return 1;
    reply_detail(reply, 403, "Block type names beginning with 'Prefect' are reserved.");
    return 0;
}

#define TYPES "/api/block_types/"

const struct route block_type_routes[] = {
    {ROUTE_CREATE(TYPES, block_type, block_type_fields, resource_create), .check = check_new,
     .summary = "Creates a block type."},
    {ROUTE_FILTER(TYPES, block_type, "block types")},
    {ROUTE_READ(TYPES "{id}", block_type, resource_read), .summary = "Reads a block type."},
    {ROUTE_READ(TYPES "slug/{slug}", block_type, resource_read),
     .summary = "Reads the block type of that slug."},
    {ROUTE_UPDATE(TYPES "{id}", block_type, block_type_fields, resource_update),
     .summary = "Changes a block type."},
    {ROUTE_DELETE(TYPES "{id}", block_type, resource_delete),
     .summary = "Deletes a block type with its schemas and documents."},
    {.path = NULL},
};
