/*
 * The head of an HTTP/1.1 request (RFC 9112): where it ends, and what it says.
 *
 * Strict where leniency lets two programs see two different requests: lines end with CRLF, no
 * space before a colon, no folded lines, one Host, one Content-Length, no Transfer-Encoding.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "server/http/http.h"

#define HEAD_LIMIT        (32 * 1024) /* bytes, of request line and headers together */
#define HEAD_TARGET_LIMIT (8 * 1024)
#define HEAD_FIELD_LIMIT  100

/* Why a request is refused; `status` is 0 if it is not. */
struct refusal {
    int status;
    char detail[256];
};

int refuse(struct refusal *refusal, int status, const char *format, ...) PRINTF_LIKE(3, 4);

struct head {
    enum http_method method;
    bool keep_alive;
    bool is_old; /* HTTP/1.0 */
    bool expects_continue;
    size_t content_length;
    const char *path;
    const char *query;            /* "" if there is none */
    const char *host;             /* or NULL */
    const char *authority;        /* of a target that is a whole URL, or NULL */
    const char *origin;           /* or NULL */
    bool wants_socket;            /* the connection is to become a WebSocket: see websocket.h */
    const char *socket_key;       /* Sec-WebSocket-Key, or NULL */
    const char *socket_version;   /* Sec-WebSocket-Version, or NULL */
    const char *socket_protocols; /* Sec-WebSocket-Protocol, or NULL */
    const char *fields[HTTP_HEADER_COUNT];
};

/* Looks for the end of the head in what has come so far, `*scanned` bytes of which were looked at
 * by earlier calls. Returns the head's length, 0 if more is needed, -1 with a refusal. */
int head_find_end(const char *data, size_t length, size_t *scanned,
                  struct refusal *ret_refusal) MUST_CHECK;

/* Cuts up `text`, a whole head of `length` bytes with a NUL behind: it is changed, and what `head`
 * points at lies in it. -1 with a refusal. */
int head_parse(char *text, size_t length, struct head *ret_head,
               struct refusal *ret_refusal) MUST_CHECK;
