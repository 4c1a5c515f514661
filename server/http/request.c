#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "server/http/internal.h"
#include "json/writer.h"

struct http_request *request_new(struct connection *connection, const char *text, size_t length)
{
    struct http_server *server = connection->server;
    struct http_request *request = malloc(sizeof(*request) + length + 1);

    if (!request)
        return NULL;
    *request = (struct http_request){.server = server, .connection = connection};
    request->body.ceiling = server->config.body_limit;
    memcpy(request->text, text, length);
    request->text[length] = '\0';
    memcpy(request->peer, connection->peer, sizeof(request->peer));
    memcpy(request->note, connection->note, sizeof(request->note));
    list_append(&server->requests, &request->node);
    server->request_count++;
    COUNT(server->requests_open, 1);
    return request;
}

void request_free(struct http_request *request)
{
    struct http_server *server = request->server;

    if (request->data && server->config.on_free)
        server->config.on_free(server->config.context, request);
    list_remove(&request->node);
    server->request_count--;
    COUNT(server->requests_open, -1);
    server_let_go(server, request->body.capacity + request->reply_body.capacity);
    buf_release(&request->body);
    buf_release(&request->reply_head);
    buf_release(&request->reply_body);
    free(request);
    server_check_finished(server);
}

enum http_method http_request_method(const struct http_request *request)
{
    return request->head.method;
}

const char *http_request_path(const struct http_request *request)
{
    return request->head.path;
}

const char *http_request_query(const struct http_request *request)
{
    return request->head.query;
}

const char *http_request_body(const struct http_request *request, size_t *ret_length)
{
    *ret_length = request->body.length;
    return buf_string(&request->body);
}

const char *http_request_header(const struct http_request *request, enum http_header header)
{
    return request->head.fields[header];
}

const char *http_request_peer(const struct http_request *request)
{
    return request->peer;
}

void http_request_set_data(struct http_request *request, void *data)
{
    request->data = data;
}

void *http_request_data(const struct http_request *request)
{
    return request->data;
}

void *http_request_note(struct http_request *request)
{
    return request->note;
}

/* RFC 9110, 15 */
static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

static bool has_header(const struct http_reply *reply, const char *name)
{
    for (int i = 0; i < HTTP_REPLY_HEADERS && reply->headers[i].name; i++)
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

/* A value may hold what a client once sent: it must not become a header of its own. */
static void add_header(struct buf *to, const char *name, const char *value)
{
    buf_add_string(to, name);
    buf_add(to, ": ", 2);
    size_t start = to->length;
    buf_add_string(to, value);
    for (size_t i = start; !to->failed && i < to->length; i++)
        if ((unsigned char)to->data[i] < ' ')
            to->data[i] = ' ';
    buf_add(to, "\r\n", 2);
}

struct date {
    time_t time;
    char text[96];
};

/* RFC 9110, 5.6.7, whatever language the process speaks. */
static void write_date(struct date *date, time_t now)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;

    gmtime_r(&now, &tm);
    date->time = now;
    snprintf(date->text, sizeof(date->text), "%s, %02d %s %d %02d:%02d:%02d GMT", days[tm.tm_wday],
             tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Written once a second by each thread, not for each of its many replies in that second. */
static void add_date(struct buf *to)
{
    static _Thread_local struct date date;
    time_t now = time(NULL);

    if (date.time != now)
        write_date(&date, now);
    add_header(to, "Date", date.text);
}

void reply_write_head(struct buf *to, const struct http_reply *reply)
{
    buf_addf(to, "HTTP/1.1 %d %s\r\n", reply->status, reason_of(reply->status));
    if (reply->status != 204 && reply->status != 304) {
        add_header(to, "Content-Type",
                   reply->content_type ? reply->content_type : "application/json");
        buf_addf(to, "Content-Length: %zu\r\n", reply->body.length);
    }
    if (!has_header(reply, "Cache-Control"))
        add_header(to, "Cache-Control", "no-store");
    add_header(to, "X-Content-Type-Options", "nosniff");
    add_date(to);
    for (int i = 0; i < HTTP_REPLY_HEADERS && reply->headers[i].name; i++)
        add_header(to, reply->headers[i].name, reply->headers[i].value);
}

void reply_write_refusal(const struct refusal *refusal, struct buf *ret_head, struct buf *ret_body)
{
    struct http_reply reply = {.status = refusal->status};

    if (refusal->status == 503) {
        reply.headers[0].name = "Retry-After";
        reply.headers[0].value = "1";
    } else if (refusal->status == 426) {
        reply.headers[0].name = "Sec-WebSocket-Version";
        reply.headers[0].value = "13";
    }
    buf_add_string(&reply.body, "{\"detail\":");
    json_quote(&reply.body, refusal->detail, strlen(refusal->detail));
    buf_add_string(&reply.body, "}");
    reply_write_head(ret_head, &reply);
    *ret_body = reply.body;
}

/* Takes the body over. A reply for which there was no memory becomes one that says so. */
static void keep_reply(struct http_request *request, struct http_reply *reply)
{
    static const struct refusal no_memory = {500, "The server has no memory for this reply"};

    reply_write_head(&request->reply_head, reply);
    if (!reply->body.failed) {
        request->reply_body = reply->body;
        reply->body = (struct buf)BUF_INIT;
    } else {
        buf_release(&reply->body);
        buf_clear(&request->reply_head);
        reply_write_refusal(&no_memory, &request->reply_head, &request->reply_body);
    }
    if (reply->status == 204 || reply->status == 304 || request->is_head)
        buf_release(&request->reply_body);
    server_hold(request->server, request->reply_body.capacity);
}

void request_deliver(struct http_request *request)
{
    if (request->connection)
        connection_reply(request->connection, request);
    request_free(request);
}

/* One wake-up serves all the replies that are queued before it is heard. */
void http_reply(struct http_request *request, struct http_reply *reply)
{
    struct http_server *server = request->server;

    keep_reply(request, reply);
    if (server_is_own_thread(server)) {
        request_deliver(request);
        return;
    }
    pthread_mutex_lock(&server->queue_lock);
    bool is_first = !server->queue_first;
    request->is_replied = true;
    request->next = NULL;
    *server->queue_end = request;
    server->queue_end = &request->next;
    if (is_first)
        uv_async_send(&server->wake);
    pthread_mutex_unlock(&server->queue_lock);
}
