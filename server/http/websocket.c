#include "server/http/websocket.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base64.h"

#define KEY_BYTES    16
#define KEY_LENGTH   24 /* of these as base64 */
#define DIGEST_BYTES 20
#define GUID         "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

#define FINAL_BIT     0x80
#define RESERVED_BITS 0x70
#define OPCODE_BITS   0x0f
#define MASK_BIT      0x80
#define LENGTH_BITS   0x7f
#define LENGTH_16     126 /* the length is in the next 2 bytes */
#define LENGTH_64     127 /* in the next 8 */
#define MASK_BYTES    4

enum {
    CODE_PROTOCOL = 1002,
    CODE_DATA_TYPE = 1003,
    CODE_NONE = 1005, /* never sent: the peer's close names none */
    CODE_NO_TEXT = 1007,
    CODE_TOO_BIG = 1009,
    CODE_OURS = 1011,
};

/* ---- the handshake ---- */

int websocket_check(const struct head *head, struct refusal *ret_refusal)
{
    uint8_t bytes[BASE64_ROOM(KEY_LENGTH)];
    size_t size;

    if (head->method != HTTP_GET || head->is_old || head->content_length)
        return refuse(ret_refusal, 400,
                      "A WebSocket is opened by GET over HTTP/1.1, without a body");
    if (!head->socket_version || strcmp(head->socket_version, "13") != 0)
        return refuse(ret_refusal, 426, "The server speaks version 13 of WebSockets only");
    if (!head->socket_key || strlen(head->socket_key) != KEY_LENGTH ||
        !base64_decode(head->socket_key, KEY_LENGTH, bytes, &size) || size != KEY_BYTES)
        return refuse(ret_refusal, 400,
                      "The header Sec-WebSocket-Key is not 16 bytes as base64 text");
    return 0;
}

void websocket_accept(const char *key, char ret_accept[static WEBSOCKET_ACCEPT_SIZE])
{
    unsigned char digest[DIGEST_BYTES];
    char text[KEY_LENGTH + sizeof(GUID)];
    buf_auto accept = BUF_INIT;

    snprintf(text, sizeof(text), "%s" GUID, key);
    lws_SHA1((const unsigned char *)text, strlen(text), digest);
    base64_encode(digest, sizeof(digest), &accept);
    snprintf(ret_accept, WEBSOCKET_ACCEPT_SIZE, "%s", buf_string(&accept));
}

bool websocket_offers(const char *protocols, const char *protocol)
{
    size_t length = strlen(protocol);

    while (protocols && *protocols) {
        protocols += strspn(protocols, " \t,");
        size_t n = strcspn(protocols, " \t,");
        if (n == length && strncmp(protocols, protocol, n) == 0)
            return true;
        protocols += n;
    }
    return false;
}

/* ---- frames in ---- */

static enum websocket_found fault(struct websocket *websocket, int code, const char *reason)
{
    websocket->code = code;
    websocket->reason = reason;
    return WEBSOCKET_FOUND_FAULT;
}

static bool is_control(enum websocket_opcode opcode)
{
    return opcode & 0x8;
}

/* Bytes of a header whose second byte is this. */
static size_t header_size(unsigned char second)
{
    size_t extended = 0;

    if ((second & LENGTH_BITS) == LENGTH_16)
        extended = 2;
    else if ((second & LENGTH_BITS) == LENGTH_64)
        extended = 8;
    return 2 + extended + MASK_BYTES;
}

/* What the first two bytes say: enough to refuse a frame before the rest of it comes. */
static enum websocket_found check_start(struct websocket *websocket)
{
    unsigned char first = websocket->header[0];
    unsigned char second = websocket->header[1];
    enum websocket_opcode opcode = first & OPCODE_BITS;

    websocket->opcode = opcode;
    websocket->is_final = first & FINAL_BIT;
    if (first & RESERVED_BITS)
        return fault(websocket, CODE_PROTOCOL, "A frame has reserved bits: no extension is in use");
    if (!(second & MASK_BIT))
        return fault(websocket, CODE_PROTOCOL, "A frame of a client has to be masked");
    switch (opcode) {
    case WEBSOCKET_CONTINUATION:
    case WEBSOCKET_TEXT:
        if ((opcode == WEBSOCKET_TEXT) == websocket->in_message)
            return fault(websocket, CODE_PROTOCOL,
                         "A message may neither go on that has not begun, nor begin in another");
        return WEBSOCKET_FOUND_NOTHING;
    case WEBSOCKET_BINARY:
        return fault(websocket, CODE_DATA_TYPE, "The server takes text, not binary messages");
    case WEBSOCKET_CLOSE:
    case WEBSOCKET_PING:
    case WEBSOCKET_PONG:
        if (!websocket->is_final || (second & LENGTH_BITS) > WEBSOCKET_CONTROL_LIMIT)
            return fault(websocket, CODE_PROTOCOL,
                         "A control frame may have 125 bytes and no fragments");
        return WEBSOCKET_FOUND_NOTHING;
    }
    return fault(websocket, CODE_PROTOCOL, "A frame has an unknown opcode");
}

static enum websocket_found check_header(struct websocket *websocket)
{
    const unsigned char *header = websocket->header;
    unsigned char short_length = header[1] & LENGTH_BITS;
    size_t extended = websocket->header_length - 2 - MASK_BYTES;
    uint64_t length = extended ? 0 : short_length;

    for (size_t i = 0; i < extended; i++)
        length = length << 8 | header[2 + i];
    if ((short_length == LENGTH_16 && length < LENGTH_16) ||
        (short_length == LENGTH_64 && length <= UINT16_MAX))
        return fault(websocket, CODE_PROTOCOL, "A frame's length is not written the shortest way");
    if (!is_control(websocket->opcode) &&
        length > websocket->message.ceiling - websocket->message.length)
        return fault(websocket, CODE_TOO_BIG, "The message is longer than the server takes");
    websocket->payload = length;
    websocket->taken = 0;
    websocket->in_payload = true;
    if (is_control(websocket->opcode))
        websocket->control_length = 0;
    else
        websocket->in_message = true;
    return WEBSOCKET_FOUND_NOTHING;
}

/* Takes bytes of a header; checks it as soon as there is enough. */
static size_t read_header(struct websocket *websocket, const char *data, size_t length,
                          enum websocket_found *ret_found)
{
    size_t used = 0;

    while (used < length && !websocket->in_payload && *ret_found == WEBSOCKET_FOUND_NOTHING) {
        websocket->header[websocket->header_length++] = (unsigned char)data[used++];
        if (websocket->header_length == 2)
            *ret_found = check_start(websocket);
        else if (websocket->header_length > 2 &&
                 websocket->header_length == header_size(websocket->header[1]))
            *ret_found = check_header(websocket);
    }
    return used;
}

static void unmask(const struct websocket *websocket, const char *data, size_t length, char *to)
{
    const unsigned char *mask = websocket->header + websocket->header_length - MASK_BYTES;

    for (size_t i = 0; i < length; i++)
        to[i] = (char)((unsigned char)data[i] ^ mask[(websocket->taken + i) % MASK_BYTES]);
}

static size_t read_payload(struct websocket *websocket, const char *data, size_t length,
                           enum websocket_found *ret_found)
{
    if (length > websocket->payload - websocket->taken)
        length = (size_t)(websocket->payload - websocket->taken);
    if (is_control(websocket->opcode)) {
        unmask(websocket, data, length, websocket->control + websocket->control_length);
        websocket->control_length += length;
    } else {
        char *to = buf_reserve(&websocket->message, length);
        if (!to) {
            *ret_found = fault(websocket, CODE_OURS, "The server has no memory for this message");
            return 0;
        }
        unmask(websocket, data, length, to);
        buf_added(&websocket->message, length);
    }
    websocket->taken += length;
    return length;
}

/* How many bytes the character has that begins here, 0 if it is none (RFC 3629). */
static size_t character_length(const unsigned char *text, size_t length)
{
    static const struct {
        unsigned char first, last;               /* of the first byte */
        unsigned char second_first, second_last; /* of the second: no surrogates, nothing longer
                                                    than need be, nothing past U+10FFFF */
        size_t length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t form = 0;

    while (form < COUNT_OF(forms) && *text > forms[form].last)
        form++;
    if (form == COUNT_OF(forms) || *text < forms[form].first || forms[form].length > length)
        return 0;
    for (size_t i = 1; i < forms[form].length; i++) {
        unsigned char first = i == 1 ? forms[form].second_first : 0x80;
        unsigned char last = i == 1 ? forms[form].second_last : 0xbf;
        if (text[i] < first || text[i] > last)
            return 0;
    }
    return forms[form].length;
}

static bool is_utf8(const char *text, size_t length)
{
    size_t at = 0;
    size_t n = 1;

    while (at < length && n) {
        n = character_length((const unsigned char *)text + at, length - at);
        at += n;
    }
    return n > 0;
}

/* RFC 6455, 7.4 */
static bool may_be_sent(int code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

static enum websocket_found found_close(struct websocket *websocket)
{
    const unsigned char *control = (const unsigned char *)websocket->control;
    size_t length = websocket->control_length;

    websocket->code = CODE_NONE;
    if (!length)
        return WEBSOCKET_FOUND_CLOSE;
    websocket->code = length < 2 ? 0 : control[0] << 8 | control[1];
    if (!may_be_sent(websocket->code))
        return fault(websocket, CODE_PROTOCOL, "A close has a code that is none");
    if (!is_utf8(websocket->control + 2, length - 2))
        return fault(websocket, CODE_NO_TEXT, "The reason of a close is not UTF-8");
    return WEBSOCKET_FOUND_CLOSE;
}

static enum websocket_found found_frame(struct websocket *websocket)
{
    websocket->in_payload = false;
    websocket->header_length = 0;
    switch (websocket->opcode) {
    case WEBSOCKET_CLOSE:
        return found_close(websocket);
    case WEBSOCKET_PING:
        return WEBSOCKET_FOUND_PING;
    case WEBSOCKET_PONG:
        return WEBSOCKET_FOUND_PONG;
    default:
        break;
    }
    if (!websocket->is_final)
        return WEBSOCKET_FOUND_NOTHING;
    websocket->in_message = false;
    if (!is_utf8(buf_string(&websocket->message), websocket->message.length))
        return fault(websocket, CODE_NO_TEXT, "The message is not UTF-8");
    return WEBSOCKET_FOUND_TEXT;
}

size_t websocket_read(struct websocket *websocket, const char *data, size_t length,
                      enum websocket_found *ret_found)
{
    enum websocket_found found = WEBSOCKET_FOUND_NOTHING;
    size_t used = 0;

    if (!websocket->in_payload)
        used = read_header(websocket, data, length, &found);
    if (websocket->in_payload && used < length)
        used += read_payload(websocket, data + used, length - used, &found);
    if (found == WEBSOCKET_FOUND_NOTHING && websocket->in_payload &&
        websocket->taken == websocket->payload)
        found = found_frame(websocket);
    *ret_found = found;
    return used;
}

bool websocket_is_within(const struct websocket *websocket)
{
    return websocket->in_message || websocket->in_payload || websocket->header_length;
}

/* ---- frames out ---- */

void websocket_write(struct buf *to, enum websocket_opcode opcode, const void *data, size_t length)
{
    unsigned char header[10] = {FINAL_BIT | opcode};
    size_t extended = length < LENGTH_16 ? 0 : length <= UINT16_MAX ? 2 : 8;

    header[1] = !extended ? (unsigned char)length : extended == 2 ? LENGTH_16 : LENGTH_64;
    for (size_t i = 0; i < extended; i++)
        header[2 + i] = (unsigned char)((uint64_t)length >> 8 * (extended - 1 - i));
    buf_add(to, header, 2 + extended);
    buf_add(to, data, length);
}

void websocket_write_close(struct buf *to, int code, const char *reason)
{
    char payload[WEBSOCKET_CONTROL_LIMIT] = {(char)(code >> 8), (char)code};
    size_t length = 0;

    while (reason[length]) {
        size_t n =
            character_length((const unsigned char *)reason + length, strlen(reason + length));
        if (!n || 2 + length + n > sizeof(payload))
            break;
        length += n;
    }
    memcpy(payload + 2, reason, length);
    websocket_write(to, WEBSOCKET_CLOSE, payload, 2 + length);
}
