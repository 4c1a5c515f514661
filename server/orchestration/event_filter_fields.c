#include "server/orchestration/event_filter_fields.h"

#include "server/orchestration/event_filter.h"

#define QUERY_LENGTH 200

#define STRINGS .type = FIELD_STRINGS, .flags = FIELD_NULLABLE

static const struct field occurred_fields[] = {
    {.name = "since", .type = FIELD_TIME, .doc = "Not before; without it half a year ago."},
    {.name = "until", .type = FIELD_TIME, .doc = "Not after; without it the present."},
    FIELDS_END};

static const struct field name_fields[] = {
    {.name = "prefix", STRINGS, .doc = "The name begins with one of these."},
    {.name = "exclude_prefix", STRINGS, .doc = "It begins with none of these."},
    {.name = "name", STRINGS, .doc = "It is one of these."},
    {.name = "exclude_name", STRINGS, .doc = "It is none of these."},
    FIELDS_END};

static const struct field id_fields[] = {{.name = "id",
                                          .type = FIELD_IDS,
                                          .flags = FIELD_NULLABLE,
                                          .doc = "The event's id is one of these."},
                                         FIELDS_END};

#define LABELS                                                                                     \
    {                                                                                              \
        .name = "labels", .type = FIELD_MAP, .flags = FIELD_NULLABLE,                              \
        .doc = "For each label a pattern, or several of which one matches."                        \
    }

static const struct field resource_fields[] = {
    {.name = "id", STRINGS, .doc = "The resource's id is one of these."},
    {.name = "id_prefix", STRINGS, .doc = "It begins with one of these."},
    LABELS,
    {.name = "distinct",
     .type = FIELD_BOOLEAN,
     .fallback = "false",
     .doc = "Only the first event of each resource, in the order that is asked for."},
    FIELDS_END};

const struct field any_resource_filter_fields[] = {
    {.name = "id", STRINGS, .doc = "The resource's id is one of these."},
    {.name = "id_prefix", STRINGS, .doc = "It begins with one of these."},
    LABELS,
    FIELDS_END};

const struct field related_filter_fields[] = {
    {.name = "id", STRINGS, .doc = "The resource's id is one of these."},
    {.name = "role", STRINGS, .doc = "Its role is one of these."},
    {.name = "resources_in_roles",
     .type = FIELD_LIST,
     .flags = FIELD_NULLABLE,
     .doc = "It is one of these: pairs of an id and a role."},
    LABELS,
    FIELDS_END};

static const struct field text_fields[] = {
    {.name = "query",
     .type = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .max_length = QUERY_LENGTH,
     .doc = "Words of which one is in the event; all with a plus before them, none with a minus."},
    FIELDS_END};

static const char *const orders[] = {"ASC", "DESC", NULL};

const struct field event_filter_fields[] = {
    {.name = "occurred",
     .type = FIELD_OBJECT,
     .fields = occurred_fields,
     .doc = "When it happened."},
    {.name = "event",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = name_fields,
     .doc = "What happened."},
    {.name = "resource",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = resource_fields,
     .doc = "To what it happened."},
    {.name = "related",
     .type = FIELD_JSON,
     .flags = FIELD_NULLABLE,
     .doc =
         "One of the related resources: id, role, resources_in_roles, labels; or a list of such."},
    {.name = "any_resource",
     .type = FIELD_JSON,
     .flags = FIELD_NULLABLE,
     .doc = "One of all its resources: id, id_prefix, labels; or a list of such filters."},
    {.name = "id", .type = FIELD_OBJECT, .fields = id_fields, .doc = "Which events."},
    {.name = "text",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = text_fields,
     .doc = "What it says."},
    {.name = "order",
     .type = FIELD_ENUM,
     .choices = orders,
     .fallback = "\"DESC\"",
     .doc = "By the time at which it happened."},
    FIELDS_END};
