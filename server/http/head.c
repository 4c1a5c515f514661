#include "server/http/head.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER",
};

enum field {
    FIELD_ORIGIN = HTTP_HEADER_COUNT, /* those before are the ones that takers read */
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_CONNECTION,
    FIELD_EXPECT,
    FIELD_UPGRADE,
    FIELD_SOCKET_KEY,
    FIELD_SOCKET_VERSION,
    FIELD_SOCKET_PROTOCOL,
    FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = {
    [HTTP_HEADER_CONTENT_TYPE] = "Content-Type",
    [HTTP_HEADER_AUTHORIZATION] = "Authorization",
    [HTTP_HEADER_USER_AGENT] = "User-Agent",
    [HTTP_HEADER_PREFER] = "Prefer",
    [HTTP_HEADER_IF_NONE_MATCH] = "If-None-Match",
    [HTTP_HEADER_IDEMPOTENCY_KEY] = "Idempotency-Key",
    [HTTP_HEADER_LEASE] = "Fermata-Lease",
    [HTTP_HEADER_API_VERSION] = "X-PREFECT-API-VERSION",
    [HTTP_HEADER_ACCEPT] = "Accept",
    [HTTP_HEADER_ACCEPT_ENCODING] = "Accept-Encoding",
    [HTTP_HEADER_FLOW_ID] = "X-Prefect-Flow-Id",
    [HTTP_HEADER_HOST] = "Host",
    [FIELD_ORIGIN] = "Origin",
    [FIELD_CONTENT_LENGTH] = "Content-Length",
    [FIELD_TRANSFER_ENCODING] = "Transfer-Encoding",
    [FIELD_CONNECTION] = "Connection",
    [FIELD_EXPECT] = "Expect",
    [FIELD_UPGRADE] = "Upgrade",
    [FIELD_SOCKET_KEY] = "Sec-WebSocket-Key",
    [FIELD_SOCKET_VERSION] = "Sec-WebSocket-Version",
    [FIELD_SOCKET_PROTOCOL] = "Sec-WebSocket-Protocol",
};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

int refuse(struct refusal *refusal, int status, const char *format, ...)
{
    va_list args;

    refusal->status = status;
    va_start(args, format);
    vsnprintf(refusal->detail, sizeof(refusal->detail), format, args);
    va_end(args);
    return -1;
}

/* RFC 9110, 5.6.2 */
static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_control(unsigned char c)
{
    return (c < ' ' && c != '\t') || c == 0x7f;
}

/* Binary rubbish is told at its first byte, not when the time for a request is over. */
static bool line_is_text(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (is_control((unsigned char)line[i]) && !(line[i] == '\r' && i + 1 == length))
            return false;
    return true;
}

int head_find_end(const char *data, size_t length, size_t *scanned, struct refusal *ret_refusal)
{
    size_t at = *scanned;

    while (at < length) {
        const char *newline = memchr(data + at, '\n', length - at);
        size_t end = newline ? (size_t)(newline - data) : length;
        if (!line_is_text(data + at, end - at) || (newline && (!end || data[end - 1] != '\r')))
            return refuse(ret_refusal, 400,
                          "This is no HTTP/1.1 request: a line with a control character, or one "
                          "that does not end with CR LF");
        if (end >= HEAD_LIMIT)
            return refuse(ret_refusal, 431,
                          "The request's headers are too long: all together may have %d bytes",
                          HEAD_LIMIT);
        if (!newline)
            break;
        if (end == at + 1)
            return (int)(end + 1);
        at = end + 1;
    }
    *scanned = at;
    return 0;
}

static enum http_method method_from_name(const char *name)
{
    for (enum http_method method = 0; method < HTTP_OTHER; method++)
        if (strcmp(name, method_names[method]) == 0)
            return method;
    return HTTP_OTHER;
}

/* RFC 9112, 3.2: a path with a query, a whole URL, or "*" for OPTIONS. */
static int parse_target(char *target, struct head *head, struct refusal *refusal)
{
    char *path = target;

    if (strlen(target) > HEAD_TARGET_LIMIT)
        return refuse(refusal, 414, "The request's URL is too long: it may have %d bytes",
                      HEAD_TARGET_LIMIT);
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        char *authority = strstr(target, "://") + 3;
        size_t length = strcspn(authority, "/?#");
        /* Moved to the front, so that there is room for a NUL behind it. */
        memmove(target, authority, length);
        path = authority + length;
        target[length] = '\0';
        head->authority = target;
    } else if (*target != '/' && !(strcmp(target, "*") == 0 && head->method == HTTP_OPTIONS)) {
        return refuse(refusal, 400, "The target of the request is no path");
    }
    char *query = strchr(path, '?');
    if (query)
        *query = '\0';
    head->query = query ? query + 1 : "";
    head->path = *path ? path : "/";
    return 0;
}

static int parse_version(const char *version, struct head *head, struct refusal *refusal)
{
    if (strcmp(version, "HTTP/1.1") == 0) {
        head->keep_alive = true;
        return 0;
    }
    head->is_old = strcmp(version, "HTTP/1.0") == 0;
    if (head->is_old)
        return 0;
    if (strncmp(version, "HTTP/", 5) == 0 && strlen(version) == 8 && version[6] == '.')
        return refuse(refusal, 505, "The server speaks HTTP/1.1 and HTTP/1.0 only");
    return refuse(refusal, 400,
                  "This is no HTTP/1.1 request: the first line does not end with a "
                  "version");
}

static int parse_request_line(char *line, struct head *head, struct refusal *refusal)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    size_t method_length = 0;

    while (is_token_char((unsigned char)line[method_length]))
        method_length++;
    if (!version || !method_length || line + method_length != target || strchr(version + 1, ' '))
        return refuse(refusal, 400,
                      "This is no HTTP/1.1 request: the first line is not method, path and version "
                      "with one space between");
    *target++ = '\0';
    *version++ = '\0';
    head->method = method_from_name(line);
    if (parse_version(version, head, refusal) < 0)
        return -1;
    return parse_target(target, head, refusal);
}

static int find_field(const char *name)
{
    for (int field = 0; field < FIELD_COUNT; field++)
        if (strcasecmp(name, field_names[field]) == 0)
            return field;
    return -1;
}

static int parse_field(char *line, const char *values[FIELD_COUNT], struct refusal *refusal)
{
    size_t name_length = 0;

    while (is_token_char((unsigned char)line[name_length]))
        name_length++;
    if (!name_length || line[name_length] != ':')
        return refuse(refusal, 400, "A header line is not a name, a colon and a value");
    line[name_length] = '\0';
    int field = find_field(line);
    if (field < 0)
        return 0;
    char *value = line + name_length + 1;
    value += strspn(value, " \t");
    size_t length = strlen(value);
    while (length && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        value[--length] = '\0';
    if (values[field])
        return refuse(refusal, 400, "The header %s was sent twice", field_names[field]);
    values[field] = value;
    return 0;
}

static int parse_content_length(const char *value, struct head *head, struct refusal *refusal)
{
    size_t length = 0;

    if (!*value || value[strspn(value, "0123456789")])
        return refuse(refusal, 400, "The header Content-Length is not a number of bytes");
    for (const char *p = value; *p; p++) {
        size_t digit = (size_t)(*p - '0');
        /* What does not fit in a size_t is past every limit all the same. */
        length = length > (SIZE_MAX - digit) / 10 ? SIZE_MAX : length * 10 + digit;
    }
    head->content_length = length;
    return 0;
}

static bool list_has(const char *list, const char *item)
{
    size_t length = strlen(item);

    while (*list) {
        list += strspn(list, " \t,");
        size_t n = strcspn(list, " \t,");
        if (n == length && strncasecmp(list, item, n) == 0)
            return true;
        list += n;
    }
    return false;
}

/* Another upgrade (to HTTP/2) is an offer that the server does not take. */
static void use_socket_fields(const char *const values[FIELD_COUNT], struct head *head)
{
    const char *connection = values[FIELD_CONNECTION];
    const char *upgrade = values[FIELD_UPGRADE];

    head->wants_socket =
        connection && upgrade && list_has(connection, "upgrade") && list_has(upgrade, "websocket");
    head->socket_key = values[FIELD_SOCKET_KEY];
    head->socket_version = values[FIELD_SOCKET_VERSION];
    head->socket_protocols = values[FIELD_SOCKET_PROTOCOL];
}

static int use_fields(const char *const values[FIELD_COUNT], struct head *head,
                      struct refusal *refusal)
{
    const char *connection = values[FIELD_CONNECTION];
    const char *expect = values[FIELD_EXPECT];

    memcpy(head->fields, values, sizeof(head->fields));
    head->host = values[HTTP_HEADER_HOST];
    head->origin = values[FIELD_ORIGIN];
    use_socket_fields(values, head);
    if (!head->host && !head->is_old)
        return refuse(refusal, 400, "The request has no header Host");
    if (values[FIELD_TRANSFER_ENCODING])
        return refuse(refusal, 411,
                      "The server takes no body of unknown length (Transfer-Encoding): send it "
                      "with a Content-Length");
    if (connection && head->is_old)
        head->keep_alive = list_has(connection, "keep-alive");
    if (connection && list_has(connection, "close"))
        head->keep_alive = false;
    if (expect && !head->is_old) {
        if (strcasecmp(expect, "100-continue") != 0)
            return refuse(refusal, 417, "The server meets no expectation but 100-continue");
        head->expects_continue = true;
    }
    if (!values[FIELD_CONTENT_LENGTH])
        return 0;
    return parse_content_length(values[FIELD_CONTENT_LENGTH], head, refusal);
}

int head_parse(char *text, size_t length, struct head *ret_head, struct refusal *ret_refusal)
{
    const char *values[FIELD_COUNT] = {0};
    struct head head = {0};
    int lines = 0;

    for (char *line = text, *end; line < text + length - 2; line = end + 2, lines++) {
        end = memchr(line, '\r', (size_t)(text + length - line));
        *end = '\0';
        if (lines > HEAD_FIELD_LIMIT)
            return refuse(ret_refusal, 431, "The request has too many headers: it may have %d",
                          HEAD_FIELD_LIMIT);
        if (lines ? parse_field(line, values, ret_refusal) < 0
                  : parse_request_line(line, &head, ret_refusal) < 0)
            return -1;
    }
    if (use_fields(values, &head, ret_refusal) < 0)
        return -1;
    *ret_head = head;
    return 0;
}
