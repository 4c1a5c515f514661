/* Saved searches: sets of filters that a user interface keeps, by name. */
#include "server/api/routes.h"

static const struct field filter_fields[] = {
    {.name = "object", .type = FIELD_TEXT, .flags = FIELD_REQUIRED, .doc = "What is looked for."},
    {.name = "property", .type = FIELD_TEXT, .flags = FIELD_REQUIRED, .doc = "Which part of it."},
    {.name = "type", .type = FIELD_TEXT, .flags = FIELD_REQUIRED, .doc = "What that part is."},
    {.name = "operation",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .doc = "How it is compared."},
    {.name = "value",
     .type = FIELD_JSON,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .doc = "With what."},
    FIELDS_END};

static const struct field fields[] = {FIELD_ID_CREATED_UPDATED,
                                      {.name = "name",
                                       .type = FIELD_TEXT,
                                       .flags = FIELD_CREATE | FIELD_REQUIRED,
                                       .doc = "The name, of which there is one."},
                                      {.name = "filters",
                                       .type = FIELD_OBJECTS,
                                       .flags = FIELD_CREATE | FIELD_OPEN,
                                       .fields = filter_fields,
                                       .fallback = "[]",
                                       .doc = "The filters, which are kept and not used here."},
                                      FIELDS_END};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC"}, {NULL, NULL}};

static const struct resource saved_search = {
    .name = "Saved search", .table = "saved_searches", .fields = fields, .sorts = sorts};

/* One that has the name already is replaced. */
static int put_saved_search(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    struct record record;

    record_from_create(&record, fields, txn_arena(txn), request->body, request->body_text, NULL);
    int changed = db_run(txn, "UPDATE saved_searches SET filters = ?, updated = ? WHERE name = ?",
                         record_get(&record, "filters"), V(txn_now(txn)), V(name));
    if (changed < 0 || (!changed && record_insert(txn, saved_search.table, &record) < 0))
        return HANDLER_FAILED;
    return reply_resource(txn, reply, changed ? 200 : 201, &saved_search, "r.name = ?", V(name));
}

#define SAVED_SEARCHES "/api/saved_searches/"

const struct route saved_search_routes[] = {
    {.method = HTTP_PUT,
     .path = SAVED_SEARCHES,
     .handle = put_saved_search,
     .flags = ROUTE_WRITES,
     .resource = &saved_search,
     .body = &(const struct body){.fields = fields, .only = FIELD_CREATE},
     .summary = "Creates a saved search, or replaces the one that has the name.",
     .status = 201,
     .answers = ANSWERS_200},
    {ROUTE_FILTER(SAVED_SEARCHES, saved_search, "saved searches")},
    {ROUTE_READ(SAVED_SEARCHES "{id}", saved_search, resource_read),
     .summary = "Reads a saved search."},
    {ROUTE_DELETE(SAVED_SEARCHES "{id}", saved_search, resource_delete),
     .summary = "Deletes a saved search."},
    {.path = NULL},
};
