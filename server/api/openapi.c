/*
 * GET /openapi.json: the API described in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), made
 * from the same tables that serve it.
 */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/openapi_schemas.h"
#include "server/api/router.h"
#include "server/api/routes.h"
#include "server/orchestration/transition.h"

/* ---- refusals ---- */

static const struct field detail_fields[] = {
    {.name = "detail", .type = FIELD_TEXT, .doc = "What is wrong."}, FIELDS_END};

static const struct field exception_fields[] = {
    {.name = "exception_message", .type = FIELD_TEXT, .doc = "What has happened."},
    {.name = "detail", .type = FIELD_TEXT, .flags = FIELD_OPTIONAL_REPLY, .doc = "More about it."},
    FIELDS_END};

static const struct field problem_fields[] = {
    {.name = "type", .type = FIELD_TEXT, .doc = "Pydantic's word for it: missing, enum, …"},
    {.name = "loc", .type = FIELD_LIST, .doc = "Where: body or query, then keys and indices."},
    {.name = "msg", .type = FIELD_TEXT, .doc = "What is wrong."},
    {.name = "input", .type = FIELD_JSON, .doc = "What was sent there."},
    {.name = "ctx", .type = FIELD_MAP, .flags = FIELD_OPTIONAL_REPLY, .doc = "What was expected."},
    FIELDS_END};

static const struct field error_fields[] = {
    {.name = "path", .type = FIELD_TEXT, .doc = "Where; empty for the whole."},
    {.name = "message", .type = FIELD_TEXT, .doc = "What is wrong, for a person."},
    FIELDS_END};

static const struct field invalid_fields[] = {
    {.name = "exception_message", .type = FIELD_TEXT, .doc = "That the request is invalid."},
    {.name = "exception_detail",
     .type = FIELD_OBJECTS,
     .fields = problem_fields,
     .doc = "All that is wrong, for programs."},
    {.name = "request_body", .type = FIELD_JSON, .doc = "What was sent."},
    {.name = "errors",
     .type = FIELD_OBJECTS,
     .fields = error_fields,
     .doc = "The same for a person."},
    FIELDS_END};

static const struct field refusal_fields[] = {
    {.name = "detail", .type = FIELD_TEXT, .doc = "What is wrong."},
    {.name = "errors",
     .type = FIELD_OBJECTS,
     .flags = FIELD_OPTIONAL_REPLY,
     .fields = error_fields,
     .doc = "Field by field."},
    FIELDS_END};

/* Tables that several routes share. */
static const struct {
    const struct field *fields;
    const char *name;
} named[] = {
    {detail_fields, "Detail"},   {exception_fields, "Exception"},
    {problem_fields, "Problem"}, {error_fields, "FieldError"},
    {invalid_fields, "Invalid"}, {refusal_fields, "Refusal"},
    {state_fields, "State"},     {state_detail_fields, "StateDetails"},
    {outcome_fields, "Outcome"},
};

/* Which routes may answer so. */
enum {
    OF_ALL = 1 << 0,
    OF_STORE = 1 << 1, /* those that have a transaction */
    OF_BODY = 1 << 2,
    OF_INPUT = 1 << 3, /* those that check what is sent */
    OF_FLAG = 1 << 4,  /* those that say so: ANSWERS_… */
};

static const struct {
    int status;
    const char *name;
    const char *description;
    const struct field *shapes[2]; /* any of them */
    unsigned of;
    unsigned answers;
} refusals[] = {
    {400, "BadRequest", "The request is malformed.", {detail_fields}, OF_ALL, 0},
    {403,
     "Forbidden",
     "The Host or the Origin is not one of the server's.",
     {detail_fields},
     OF_ALL,
     0},
    {404, "NotFound", "It is not there.", {detail_fields, exception_fields}, OF_FLAG, ANSWERS_404},
    {405, "MethodNotAllowed", "The path has other methods: see Allow.", {detail_fields}, 0, 0},
    {408,
     "RequestTimeout",
     "The request did not come to its end in time.",
     {detail_fields},
     OF_ALL,
     0},
    {409, "Conflict", "Something else is there already.", {detail_fields}, OF_FLAG, ANSWERS_409},
    {410, "Gone", "It is too late.", {detail_fields}, OF_FLAG, ANSWERS_410},
    {411, "LengthRequired", "The length of the body is not told.", {detail_fields}, OF_BODY, 0},
    {413,
     "ContentTooLarge",
     "Body or answer are too large.",
     {detail_fields, exception_fields},
     OF_ALL,
     0},
    {414, "UriTooLong", "The URL is too long.", {detail_fields}, OF_ALL, 0},
    {415, "UnsupportedMediaType", "The body is not JSON.", {detail_fields}, OF_BODY, 0},
    {417,
     "ExpectationFailed",
     "Expect asks for what the server does not do.",
     {detail_fields},
     OF_ALL,
     0},
    {422,
     "Unprocessable",
     "What was sent does not fit.",
     {invalid_fields, refusal_fields},
     OF_INPUT,
     0},
    {423,
     "Locked",
     "There is no slot now: ask again after Retry-After seconds.",
     {detail_fields},
     OF_FLAG,
     ANSWERS_423},
    {431, "HeaderFieldsTooLarge", "The headers are too large.", {detail_fields}, OF_ALL, 0},
    {500, "InternalServerError", "The server has failed.", {exception_fields}, OF_STORE, 0},
    {503,
     "ServiceUnavailable",
     "Not now: try again later.",
     {detail_fields, exception_fields},
     OF_ALL,
     0},
    {505, "VersionNotSupported", "The server speaks HTTP/1.1 and 1.0.", {detail_fields}, OF_ALL, 0},
    {507, "InsufficientStorage", "The disk is full.", {exception_fields}, OF_STORE, 0},
};

static json_t *any_of_shapes(struct schemas *schemas, const struct field *const *shapes,
                             const struct field *more)
{
    json_t *list = json_array();
    json_t *schema;

    for (int i = 0; i < 2 && shapes[i]; i++)
        json_array_append_new(list, schema_of_reply(schemas, shapes[i], ""));
    if (more)
        json_array_append_new(list, schema_of_reply(schemas, more, ""));
    if (json_array_size(list) > 1)
        return json_pack("{s:o}", "anyOf", list);
    schema = json_incref(json_array_get(list, 0));
    json_decref(list);
    return schema;
}

static json_t *json_content(json_t *schema)
{
    return json_pack("{s:{s:o}}", "application/json", "schema", schema);
}

static json_t *refusal_components(struct schemas *schemas)
{
    json_t *components = json_object();

    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        json_object_set_new(
            components, refusals[i].name,
            json_pack("{s:s,s:o}", "description", refusals[i].description, "content",
                      json_content(any_of_shapes(schemas, refusals[i].shapes, NULL))));
    return components;
}

/* A text that is taken already: resource_create and resource_update say so by themselves. */
static unsigned answers_of(const struct route *route)
{
    bool writes = route->handle == resource_create || route->handle == resource_update;

    return route->answers | (writes && route->resource->unique ? ANSWERS_409 : 0);
}

static bool may_refuse(const struct route *route, size_t i)
{
    bool stores = !(route->flags & ROUTE_NO_STORE);
    bool checks = route->body || route->query || (route->flags & (ROUTE_IDEMPOTENT | ROUTE_LEASES));

    return (refusals[i].of & OF_ALL) || ((refusals[i].of & OF_STORE) && stores) ||
           ((refusals[i].of & OF_BODY) && route->body) || ((refusals[i].of & OF_INPUT) && checks) ||
           (refusals[i].answers & answers_of(route));
}

/* What a route says in its own way; NULL: as all do. */
static json_t *own_refusal(struct schemas *schemas, const struct route *route, size_t i)
{
    json_t *schema = NULL;

    if (refusals[i].status == 409 && route->conflict_fields)
        schema = schema_of_reply(schemas, route->conflict_fields, "AnswerConflict");
    else if (refusals[i].status == 503 && (route->answers & ANSWERS_503))
        schema = any_of_shapes(schemas, refusals[i].shapes, route->reply_fields);
    return schema ? json_pack("{s:s,s:o}", "description", refusals[i].description, "content",
                              json_content(schema))
                  : NULL;
}

static void add_refusals(struct schemas *schemas, const struct route *route, json_t *replies)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        char status[8];
        snprintf(status, sizeof(status), "%d", refusals[i].status);
        if (!may_refuse(route, i) || json_object_get(replies, status))
            continue;
        json_t *own = own_refusal(schemas, route, i);
        json_object_set_new(
            replies, status,
            own ? own : json_pack("{s:s+}", "$ref", "#/components/responses/", refusals[i].name));
    }
}

/* ---- what is wanted ---- */

/* "/api/flow_runs/{id}/set_state" -> "FlowRunsSetState" */
static void name_of_path(const char *path, char ret_name[static SCHEMA_NAME_SIZE])
{
    char words[256];
    size_t length = 0;

    path += strncmp(path, "/api/", 5) == 0 ? 5 : 0;
    for (bool in_braces = false; *path && length + 1 < sizeof(words); path++) {
        in_braces = *path == '{' || (in_braces && *path != '}');
        if (!in_braces)
            words[length++] = *path;
    }
    words[length] = '\0';
    ret_name[0] = '\0';
    schemas_camel(ret_name, words);
}

static json_t *page_of(json_t *item)
{
    return json_pack("{s:s,s:{s:{s:s,s:o},s:{s:s},s:{s:s},s:{s:s},s:{s:s}},s:[sssss]}", "type",
                     "object", "properties", "results", "type", "array", "items", item, "count",
                     "type", "integer", "limit", "type", "integer", "pages", "type", "integer",
                     "page", "type", "integer", "required", "results", "count", "limit", "pages",
                     "page");
}

static const struct field *reply_fields_of(const struct route *route)
{
    return route->reply_fields ? route->reply_fields : route->resource->fields;
}

static json_t *schema_of_shape(struct schemas *schemas, const struct route *route)
{
    static const char *const plain[] = {[REPLY_NULL] = "null",
                                        [REPLY_BOOLEAN] = "boolean",
                                        [REPLY_INTEGER] = "integer",
                                        [REPLY_STRING] = "string",
                                        [REPLY_TEXT] = "string"};
    char name[SCHEMA_NAME_SIZE];

    switch (route->shape) {
    case REPLY_OBJECT:
    case REPLY_LIST:
    case REPLY_PAGE:
        name_of_path(route->path, name);
        json_t *item = schema_of_reply(schemas, reply_fields_of(route), name);
        if (route->shape == REPLY_OBJECT)
            return item;
        return route->shape == REPLY_PAGE ? page_of(item)
                                          : json_pack("{s:s,s:o}", "type", "array", "items", item);
    case REPLY_NUMBER:
        return json_pack("{s:[ss]}", "type", "number", "null");
    case REPLY_ANY:
        return json_object();
    default:
        return json_pack("{s:s}", "type", plain[route->shape]);
    }
}

static json_t *header(const char *description)
{
    return json_pack("{s:s,s:{s:s}}", "description", description, "schema", "type", "string");
}

static json_t *success_headers(const struct route *route)
{
    json_t *headers = json_object();

    if (route->answers & ANSWERS_304)
        json_object_set_new(headers, "ETag", header("The version, for If-None-Match."));
    if (route->flags & ROUTE_WAITS)
        json_object_set_new(headers, "Preference-Applied", header("How long it may have waited."));
    return headers;
}

static json_t *success(struct schemas *schemas, const struct route *route, const char *description)
{
    json_t *reply = json_pack("{s:s}", "description", description);
    json_t *headers = success_headers(route);

    if (json_object_size(headers))
        json_object_set(reply, "headers", headers);
    json_decref(headers);
    if (route->shape == REPLY_TEXT)
        json_object_set_new(
            reply, "content",
            json_pack("{s:{s:o}}", "text/plain", "schema", schema_of_shape(schemas, route)));
    else if (route->shape != REPLY_NOTHING)
        json_object_set_new(reply, "content", json_content(schema_of_shape(schemas, route)));
    return reply;
}

static json_t *replies_of(struct schemas *schemas, const struct route *route)
{
    json_t *replies = json_object();
    char status[8];

    snprintf(status, sizeof(status), "%d", route->status);
    json_object_set_new(replies, status, success(schemas, route, route->summary));
    if (route->answers & ANSWERS_200)
        json_object_set_new(replies, "200",
                            success(schemas, route, "It was there already, or nothing changed."));
    if (route->answers & ANSWERS_304)
        json_object_set_new(replies, "304", json_pack("{s:s}", "description", "Nothing changed."));
    add_refusals(schemas, route, replies);
    return replies;
}

/* ---- what is sent ---- */

static const struct {
    const char *component;
    const char *name;
    const char *type;
    const char *doc;
} headers[] = {
    {"ApiVersion", "X-PREFECT-API-VERSION", "string", "x.y.z; 0.8.0 at least."},
    {"Prefer", "Prefer", "string",
     "wait=SECONDS (RFC 7240): the answer waits so long for something to say."},
    {"IdempotencyKey", "Idempotency-Key", "string",
     "Sent again with the same key, a request has the same answer, for a day."},
    {"Lease", "Fermata-Lease", "string",
     "SECONDS; holder=UUID: the run is held by this client, or taken, under a lease."},
    {"IfNoneMatch", "If-None-Match", "string", "The ETag that the client knows: 304 if it holds."},
};

static json_t *header_components(void)
{
    json_t *components = json_object();

    for (size_t i = 0; i < COUNT_OF(headers); i++)
        json_object_set_new(components, headers[i].component,
                            json_pack("{s:s,s:s,s:b,s:s,s:{s:s}}", "name", headers[i].name, "in",
                                      "header", "required", false, "description", headers[i].doc,
                                      "schema", "type", headers[i].type));
    return components;
}

static void add_header(json_t *parameters, bool condition, const char *component)
{
    if (condition)
        json_array_append_new(parameters,
                              json_pack("{s:s+}", "$ref", "#/components/parameters/", component));
}

static void add_path_parameters(json_t *parameters, const char *path)
{
    for (const char *p = strchr(path, '{'); p; p = strchr(p, '{')) {
        size_t length = strcspn(++p, "}");
        json_t *schema = json_pack("{s:s}", "type", "string");
        if (router_names_id(p, length))
            json_object_set_new(schema, "format", json_string("uuid"));
        json_array_append_new(parameters, json_pack("{s:s%,s:s,s:b,s:o}", "name", p, length, "in",
                                                    "path", "required", true, "schema", schema));
    }
}

static json_t *parameters_of(struct schemas *schemas, const struct route *route)
{
    json_t *parameters = json_array();

    add_path_parameters(parameters, route->path);
    for (const struct field *field = route->query; field && field->name; field++)
        json_array_append_new(parameters,
                              json_pack("{s:s,s:s,s:b,s:s,s:o}", "name", field->name, "in", "query",
                                        "required", (field->flags & FIELD_REQUIRED) != 0,
                                        "description", field->doc, "schema",
                                        schema_of_field(schemas, field, SCHEMA_BODY, "")));
    add_header(parameters, !(route->flags & ROUTE_ANY_VERSION), "ApiVersion");
    add_header(parameters, route->flags & ROUTE_WAITS, "Prefer");
    add_header(parameters, route->flags & ROUTE_IDEMPOTENT, "IdempotencyKey");
    add_header(parameters, route->flags & ROUTE_LEASES, "Lease");
    add_header(parameters, route->answers & ANSWERS_304, "IfNoneMatch");
    return parameters;
}

/* Filters belong to the bodies that are open, and to those that name them. */
static bool has_filters(const struct route *route)
{
    const struct resource *resource = route->resource;

    return resource && resource->filters &&
           (route->body->open || field_find(route->body->fields, resource->filter_key));
}

static json_t *request_body_of(struct schemas *schemas, const struct route *route)
{
    char name[SCHEMA_NAME_SIZE];

    name_of_path(route->path, name);
    json_t *schema = has_filters(route) ? schema_of_filters(schemas, route->body, route->resource)
                                        : schema_of_body(schemas, route->body, name);
    return json_pack("{s:b,s:o}", "required", !route->body->optional, "content",
                     json_content(schema));
}

/* ---- the document ---- */

static json_t *operation_of(struct schemas *schemas, const struct route *route, const char *tag)
{
    char id[160];
    int length = snprintf(id, sizeof(id), "%s%s", http_method_name(route->method), route->path);

    for (int i = 0; i < length && i < (int)sizeof(id) - 1; i++)
        id[i] = isalnum((unsigned char)id[i]) ? (char)tolower((unsigned char)id[i]) : '_';
    json_t *operation = json_pack("{s:s,s:[s],s:s,s:o}", "operationId", id, "tags", tag, "summary",
                                  route->summary, "parameters", parameters_of(schemas, route));
    if (route->body)
        json_object_set_new(operation, "requestBody", request_body_of(schemas, route));
    json_object_set_new(operation, "responses", replies_of(schemas, route));
    return operation;
}

static void add_operation(struct schemas *schemas, json_t *paths, const struct route *route,
                          const char *tag)
{
    char method[16];

    snprintf(method, sizeof(method), "%s", http_method_name(route->method));
    for (char *p = method; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (!json_object_get(paths, route->path))
        json_object_set_new(paths, route->path, json_object());
    json_object_set_new(json_object_get(paths, route->path), method,
                        operation_of(schemas, route, tag));
}

static void name_tables(struct schemas *schemas)
{
    for (size_t i = 0; i < COUNT_OF(named); i++)
        schemas_name(schemas, named[i].fields, named[i].name);
    schemas_name(schemas, state_create_fields, "State");
    for (const struct routes *group = all_routes; group->tag; group++) {
        for (const struct route *route = group->routes; route->path; route++) {
            char name[SCHEMA_NAME_SIZE] = "";
            if (!route->resource)
                continue;
            schemas_camel(name, route->resource->name);
            schemas_name(schemas, route->resource->fields, name);
            if (route->resource->filters)
                schemas_name(schemas, route->resource->filters, name);
        }
    }
}

static json_t *document_new(void)
{
    struct schemas schemas;
    json_t *paths = json_object();
    json_t *tags = json_array();

    schemas_init(&schemas);
    name_tables(&schemas);
    json_t *responses = refusal_components(&schemas);
    for (const struct routes *group = all_routes; group->tag; group++) {
        if (group == all_routes || strcmp(group->tag, group[-1].tag) != 0)
            json_array_append_new(tags, json_pack("{s:s}", "name", group->tag));
        for (const struct route *route = group->routes; route->path; route++)
            add_operation(&schemas, paths, route, group->tag);
    }
    json_t *document =
        json_pack("{s:s,s:{s:s,s:s,s:s,s:{s:s,s:s}},s:o,s:o,s:{s:O,s:o,s:o}}", "openapi", "3.1.0",
                  "info", "title", "Fermata", "version", FERMATA_VERSION, "description",
                  "An engine for interactive workflows, with the API of Prefect 3 and more.",
                  "license", "name", "Apache License 2.0", "identifier", "Apache-2.0", "tags", tags,
                  "paths", paths, "components", "schemas", schemas.components, "responses",
                  responses, "parameters", header_components());
    schemas_release(&schemas);
    return document;
}

/* ---- the route ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char *document_text; /* made on first use, kept to the end */

static void make_document(void)
{
    json_auto_t *document = document_new();

    document_text = json_dumps(document, JSON_COMPACT);
}

static int tell_openapi(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)request;
    pthread_once(&once, make_document);
    if (!document_text)
        return txn_fail(txn, ENOMEM, "no memory for the description of the API");
    return reply_json(reply, 200, document_text);
}

#define OPENAPI_ROUTE(where)                                                                       \
    {                                                                                              \
        .method = HTTP_GET, .path = where, .handle = tell_openapi, .flags = ROUTE_ANY_VERSION,     \
        .summary = "This description of the API.", .status = 200, .shape = REPLY_ANY               \
    }

const struct route openapi_routes[] = {
    OPENAPI_ROUTE("/openapi.json"), OPENAPI_ROUTE("/api/openapi.json"), {.path = NULL}};
