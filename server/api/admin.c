/* The server about itself: is it well, which version, what clients ask before they begin. */
#include "server/api/routes.h"

static int tell_health(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_json(reply, 200, "true");
}

/* Reads, so that it tells whether the store answers. */
static int tell_ready(struct txn *txn, struct request *request, struct http_reply *reply)
{
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT MAX(number) FROM migrations") < 0)
        return HANDLER_FAILED;
    if (!api_is_ready(request->api))
        return reply_json(reply, 503, "{\"message\":\"The server is starting or stopping\"}");
    return reply_json(reply, 200, "{\"message\":\"OK\"}");
}

static int tell_api_version(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_json(reply, 200, "\"" PREFECT_API_VERSION "\"");
}

static int tell_prefect_version(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_json(reply, 200, "\"" PREFECT_VERSION "\"");
}

static int tell_server(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_json(reply, 200,
                      "{\"name\":\"fermata\",\"version\":\"" FERMATA_VERSION
                      "\",\"api_version\":\"" PREFECT_API_VERSION
                      "\",\"prefect_version\":\"" PREFECT_VERSION "\"}");
}

static int tell_storage(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_json(reply, 200, "{\"default_result_storage_block_id\":null}");
}

static int tell_hello(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_json(reply, 200, "\"\xf0\x9f\x91\x8b\"");
}

/* Browsers are kept out by their Origin; the client compares this text. */
static int refuse_csrf_token(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_detail(reply, 422, "CSRF protection is disabled.");
}

static const struct field message_fields[] = {
    {.name = "message", .type = FIELD_TEXT, .doc = "OK, or what is the matter."}, FIELDS_END};

static const struct field storage_fields[] = {
    {.name = "default_result_storage_block_id",
     .type = FIELD_ID,
     .flags = FIELD_NULLABLE,
     .doc = "Null: results are kept where the flow runs."},
    FIELDS_END};

static const struct field server_fields[] = {
    {.name = "name", .type = FIELD_TEXT, .doc = "fermata."},
    {.name = "version", .type = FIELD_TEXT, .doc = "Fermata's own."},
    {.name = "api_version", .type = FIELD_TEXT, .doc = "Of the API."},
    {.name = "prefect_version",
     .type = FIELD_TEXT,
     .doc = "That of Prefect whose clients are at home here."},
    FIELDS_END};

const struct route admin_routes[] = {
    {.method = HTTP_GET,
     .path = "/api/health",
     .handle = tell_health,
     .flags = ROUTE_NO_STORE | ROUTE_ANY_VERSION,
     .summary = "Whether the server runs.",
     .status = 200,
     .shape = REPLY_BOOLEAN},
    {.method = HTTP_GET,
     .path = "/api/ready",
     .handle = tell_ready,
     .flags = ROUTE_ANY_VERSION,
     .summary = "Whether it serves requests: the store answers, and it is not stopping.",
     .status = 200,
     .answers = ANSWERS_503,
     .shape = REPLY_OBJECT,
     .reply_fields = message_fields},
    {.method = HTTP_GET,
     .path = "/api/hello",
     .handle = tell_hello,
     .flags = ROUTE_NO_STORE,
     .summary = "A greeting.",
     .status = 200,
     .shape = REPLY_STRING},
    {.method = HTTP_GET,
     .path = "/api/version",
     .handle = tell_api_version,
     .flags = ROUTE_NO_STORE | ROUTE_ANY_VERSION,
     .summary = "The version of the API.",
     .status = 200,
     .shape = REPLY_STRING},
    {.method = HTTP_GET,
     .path = "/api/admin/version",
     .handle = tell_prefect_version,
     .flags = ROUTE_NO_STORE | ROUTE_ANY_VERSION,
     .summary = "The version of Prefect whose clients are at home here.",
     .status = 200,
     .shape = REPLY_STRING},
    {.method = HTTP_GET,
     .path = "/api/admin/server",
     .handle = tell_server,
     .flags = ROUTE_NO_STORE | ROUTE_ANY_VERSION,
     .summary = "What answers here, and its versions.",
     .status = 200,
     .shape = REPLY_OBJECT,
     .reply_fields = server_fields},
    {.method = HTTP_GET,
     .path = "/api/admin/storage",
     .handle = tell_storage,
     .flags = ROUTE_NO_STORE,
     .summary = "Where results are kept.",
     .status = 200,
     .shape = REPLY_OBJECT,
     .reply_fields = storage_fields},
    {.method = HTTP_GET,
     .path = "/api/csrf-token",
     .handle = refuse_csrf_token,
     .flags = ROUTE_NO_STORE,
     .summary = "Says that no token is needed: browsers are kept out by their Origin.",
     .status = 422,
     .shape = REPLY_ANY},
    {.path = NULL},
};
