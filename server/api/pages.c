/* The web page: its files, and the addresses under which it is opened. */
#include <string.h>
#include <zlib.h>

#include "server/api/headers.h"
#include "server/api/pages.h"
#include "server/api/routes.h"
#include "server/ui/assets.h"

/* The page runs its own scripts, talks to its own server, and nothing else. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct ui_asset *find_asset(const char *path)
{
    for (const struct ui_asset *asset = ui_assets; asset->path; asset++)
        if (strcmp(asset->path, path) == 0)
            return asset;
    return NULL;
}

/* For clients that do not take gzip. */
static int inflate_asset(const struct ui_asset *asset, struct buf *body)
{
    z_stream stream = {.next_in = (Bytef *)asset->gzip, .avail_in = (uInt)asset->gzip_length};
    const int gzip_window = 15 + 16; /* the largest, and zlib's word for a header of gzip */

    char *to = buf_reserve(body, asset->length);
    if (!to || inflateInit2(&stream, gzip_window) != Z_OK)
        return -1;
    stream.next_out = (Bytef *)to;
    stream.avail_out = (uInt)asset->length;
    int r = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    buf_added(body, asset->length - stream.avail_out);
    return r == Z_STREAM_END ? 0 : -1;
}

static int reply_asset(struct request *request, struct http_reply *reply, int status,
                       const struct ui_asset *asset, const char *caching)
{
    const char *known = http_request_header(request->http, HTTP_HEADER_IF_NONE_MATCH);
    const char *accepts = http_request_header(request->http, HTTP_HEADER_ACCEPT_ENCODING);

    reply_header(reply, "ETag", asset->etag);
    reply_header(reply, "Cache-Control", caching);
    reply_header(reply, "Vary", "Accept-Encoding");
    reply_header(reply, "Content-Security-Policy", POLICY);
    reply_header(reply, "Referrer-Policy", "no-referrer");
    if (status == 200 && known && none_match_names(known, asset->etag))
        return reply_nothing(reply, 304);
    reply_nothing(reply, status);
    reply->content_type = asset->content_type;
    if (accepts && encoding_is_accepted(accepts, "gzip")) {
        reply_header(reply, "Content-Encoding", "gzip");
        buf_add(&reply->body, asset->gzip, asset->gzip_length);
    } else if (inflate_asset(asset, &reply->body) < 0) {
        return reply_exception(reply, 500, "The page could not be unpacked.");
    }
    return HANDLER_DONE;
}

/* All pages are one document: its script shows what the address says. */
static int reply_page(struct request *request, struct http_reply *reply, int status)
{
    return reply_asset(request, reply, status, find_asset("/index.html"), "no-cache");
}

static int open_page(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    return reply_page(request, reply, 200);
}

bool page_is_wanted(const struct request *request)
{
    enum http_method method = http_request_method(request->http);
    const char *accepts = http_request_header(request->http, HTTP_HEADER_ACCEPT);

    return (method == HTTP_GET || method == HTTP_HEAD) && accepts && strstr(accepts, "text/html");
}

int page_reply_missing(struct request *request, struct http_reply *reply)
{
    return reply_page(request, reply, 404);
}

/* Names of files change with their content. */
static int read_asset(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct ui_asset *asset = find_asset(http_request_path(request->http));

    (void)txn;
    return asset ? reply_asset(request, reply, 200, asset, "public, max-age=31536000, immutable")
                 : reply_detail(reply, 404, "Not Found");
}

#define PAGE(address, handler)                                                                     \
    {                                                                                              \
        .method = HTTP_GET, .path = address, .handle = handler,                                    \
        .flags = ROUTE_NO_STORE | ROUTE_ANY_VERSION | ROUTE_PAGE                                   \
    }

/* Those that Prefect's client prints are among them. */
const struct route page_routes[] = {
    PAGE("/", open_page),
    PAGE("/requests/{request}", open_page),
    PAGE("/runs", open_page),
    PAGE("/runs/flow-run/{run}", open_page),
    PAGE("/runs/task-run/{task}", open_page),
    PAGE("/flows/flow/{flow}", open_page),
    PAGE("/deployments", open_page),
    PAGE("/deployments/deployment/{deployment}", open_page),
    PAGE("/variables", open_page),
    PAGE("/events", open_page),
    PAGE("/events/event/{occurred}/{event}", open_page),
    PAGE("/assets/{name}", read_asset),
    {.path = NULL},
};
