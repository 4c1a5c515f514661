/*
 * WebSockets (RFC 6455), a server's side of it: the handshake, frames in, frames out. Bytes only;
 * socket.c has the sockets.
 *
 * Ours and not libwebsockets' because a pong is a receipt here, which may have to wait for the
 * disk: that library answers a ping by itself, and drops one that comes while another has no answer
 * yet. Extensions (compression) are not taken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "server/http/head.h"

#define WEBSOCKET_CONTROL_LIMIT 125 /* bytes that a ping, a pong or a close may carry */
#define WEBSOCKET_ACCEPT_SIZE   29  /* with the closing NUL */

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0x0,
    WEBSOCKET_TEXT = 0x1,
    WEBSOCKET_BINARY = 0x2,
    WEBSOCKET_CLOSE = 0x8,
    WEBSOCKET_PING = 0x9,
    WEBSOCKET_PONG = 0xa,
};

/* Checks what a request that asks for a WebSocket has to say. -1 with a refusal: 400, or 426 for
 * another version than 13. */
int websocket_check(const struct head *head, struct refusal *ret_refusal) MUST_CHECK;

/* The value of Sec-WebSocket-Accept for a key that was checked. */
void websocket_accept(const char *key, char ret_accept[static WEBSOCKET_ACCEPT_SIZE]);

/* Whether a list of subprotocols ("a, b") names this one; NULL is an empty list. */
bool websocket_offers(const char *protocols, const char *protocol);

/* ---- frames in ---- */

enum websocket_found {
    WEBSOCKET_FOUND_NOTHING, /* all was used; the frame goes on, or another one has to come */
    WEBSOCKET_FOUND_TEXT,    /* a whole message is in `message` */
    WEBSOCKET_FOUND_PING,    /* its payload is in `control` */
    WEBSOCKET_FOUND_PONG,
    WEBSOCKET_FOUND_CLOSE, /* with the peer's code in `code`, or 1005 */
    WEBSOCKET_FOUND_FAULT, /* `code` and `reason` say what is wrong; nothing more can be read */
};

struct websocket {
    /* Of the present text message; its ceiling is the limit of one. When a whole one was found, the
     * caller releases it before the next read. */
    struct buf message;
    char control[WEBSOCKET_CONTROL_LIMIT];
    size_t control_length;
    int code;
    const char *reason;

    /* The rest is websocket.c's. Zeroed at first. */
    unsigned char header[14]; /* of the present frame, as far as it has come */
    size_t header_length;
    enum websocket_opcode opcode;
    bool is_final;
    bool in_message; /* a text message has begun, and goes on in continuations */
    bool in_payload;
    uint64_t payload; /* bytes that the present frame has */
    uint64_t taken;   /* of these */
};

/* Uses bytes up to the end of one frame at the most and returns how many. */
size_t websocket_read(struct websocket *websocket, const char *data, size_t length,
                      enum websocket_found *ret_found);

/* Whether a message or a frame has begun and is not whole yet. */
bool websocket_is_within(const struct websocket *websocket);

/* ---- frames out ---- */

void websocket_write(struct buf *to, enum websocket_opcode opcode, const void *data, size_t length);

/* A close with a reason, which is cut to what a frame holds. */
void websocket_write_close(struct buf *to, int code, const char *reason);
