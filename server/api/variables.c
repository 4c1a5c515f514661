#include <ctype.h>
#include <string.h>

#include "server/api/routes.h"

#define NAME_LENGTH  255
#define VALUE_LENGTH 5000 /* bytes of its JSON, as in Prefect */

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "name",
     .type = FIELD_TEXT,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_REQUIRED | FIELD_EVENT,
     .max_length = NAME_LENGTH,
     .doc = "Lower-case letters, digits, dashes and underscores."},
    {.name = "value",
     .type = FIELD_JSON,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_REQUIRED | FIELD_NULLABLE | FIELD_EVENT,
     .doc = "Any JSON, up to 5000 bytes."},
    {.name = "tags",
     .type = FIELD_STRINGS,
     .flags = FIELD_CREATE | FIELD_UPDATE | FIELD_EVENT,
     .fallback = "[]",
     .doc = "Words to find it by."},
    FIELDS_END};

static const struct filter filters[] = {
    {.name = "id", .kind = FILTER_VALUE, .operators = OP_ANY, .type = FIELD_ID},
    {.name = "name", .kind = FILTER_VALUE, .operators = OP_ANY | OP_LIKE, .type = FIELD_TEXT},
    {.name = "tags", .kind = FILTER_TAGS, .operators = OP_ALL | OP_IS_NULL},
    FILTERS_END};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC"},
                                    {"NAME_DESC", "r.name DESC"},
                                    {"CREATED_DESC", "r.created DESC, r.seq DESC"},
                                    {"UPDATED_DESC", "r.updated DESC, r.seq DESC"},
                                    {NULL, NULL}};

static const struct resource variable = {.name = "Variable",
                                         .table = "variables",
                                         .fields = fields,
                                         .filters = filters,
                                         .filter_key = "variables",
                                         .sorts = sorts,
                                         .unique = "name",
                                         .missing = "Variable not found.",
                                         .event_kind = "prefect.variable"};

static bool is_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && !strchr("-_", *p))
            return false;
    return *name != '\0';
}

/* Name and value, as far as they are sent. */
static int check_variable(struct txn *txn, struct request *request, struct record *record,
                          struct http_reply *reply)
{
    const char *name = request_text(request, "name");
    const char *value = record_get(record, "value").text;

    (void)txn;
    if (name && !is_name(name)) {
        reply_problem(reply, request, "name", "value_error",
                      "Value error, Variable name must only contain lowercase letters, numbers, "
                      "and dashes or underscores.");
        return 0;
    }
    if (value && strlen(value) > VALUE_LENGTH) {
        reply_problem(reply, request, "value", "value_error",
                      "Value error, Variable value must be less than or equal to %d characters.",
                      VALUE_LENGTH);
        return 0;
    }
    return 1;
}

#define VARIABLES "/api/variables/"

const struct route variable_routes[] = {
    {ROUTE_CREATE(VARIABLES, variable, fields, resource_create), .check = check_variable,
     .summary = "Creates a variable."},
    {ROUTE_FILTER(VARIABLES, variable, "variables")},
    {ROUTE_COUNT(VARIABLES, variable, "variables")},
    {ROUTE_READ(VARIABLES "name/{name}", variable, resource_read),
     .summary = "Reads the variable of that name."},
    {ROUTE_UPDATE(VARIABLES "name/{name}", variable, fields, resource_update),
     .check = check_variable, .summary = "Changes the variable of that name."},
    {ROUTE_DELETE(VARIABLES "name/{name}", variable, resource_delete),
     .summary = "Deletes the variable of that name."},
    {ROUTE_READ(VARIABLES "{id}", variable, resource_read), .summary = "Reads a variable."},
    {ROUTE_UPDATE(VARIABLES "{id}", variable, fields, resource_update), .check = check_variable,
     .summary = "Changes a variable."},
    {ROUTE_DELETE(VARIABLES "{id}", variable, resource_delete), .summary = "Deletes a variable."},
    {.path = NULL},
};
