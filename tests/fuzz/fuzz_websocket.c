/* Frames of WebSockets: the same is found however the network cuts them, nothing past the limits.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/websocket.h"

#define MESSAGE_LIMIT 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct buf *found, enum websocket_found what, struct websocket *websocket)
{
    buf_addf(found, "%d ", (int)what);
    switch (what) {
    case WEBSOCKET_FOUND_TEXT:
        if (websocket->message.length > MESSAGE_LIMIT)
            abort();
        buf_add(found, websocket->message.data, websocket->message.length);
        buf_release(&websocket->message);
        break;
    case WEBSOCKET_FOUND_PING:
    case WEBSOCKET_FOUND_PONG:
        if (websocket->control_length > WEBSOCKET_CONTROL_LIMIT)
            abort();
        buf_add(found, websocket->control, websocket->control_length);
        break;
    case WEBSOCKET_FOUND_FAULT:
        if (strlen(websocket->reason) > WEBSOCKET_CONTROL_LIMIT - 2)
            abort();
        buf_addf(found, "%s", websocket->reason);
        /* fall through */
    case WEBSOCKET_FOUND_CLOSE:
        if (websocket->code < 1000 || websocket->code > 4999)
            abort();
        buf_addf(found, "%d", websocket->code);
        break;
    case WEBSOCKET_FOUND_NOTHING:
        break;
    }
}

/* All that is found when the bytes come in pieces. */
static void read_in_pieces(const char *data, size_t size, size_t step, struct buf *found)
{
    struct websocket websocket = {.message.ceiling = MESSAGE_LIMIT};
    enum websocket_found what = WEBSOCKET_FOUND_NOTHING;

    for (size_t at = 0; at < size && what != WEBSOCKET_FOUND_FAULT;) {
        size_t length = size - at < step ? size - at : step;
        size_t used = websocket_read(&websocket, data + at, length, &what);
        if (used > length || (!used && what == WEBSOCKET_FOUND_NOTHING))
            abort();
        if (what != WEBSOCKET_FOUND_NOTHING)
            note(found, what, &websocket);
        at += used;
    }
    buf_release(&websocket.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto whole = BUF_INIT;

    read_in_pieces((const char *)data, size, size, &whole);
    for (size_t step = 1; step <= 3; step++) {
        buf_auto pieces = BUF_INIT;
        read_in_pieces((const char *)data, size, step, &pieces);
        if (pieces.length != whole.length ||
            (whole.length && memcmp(pieces.data, whole.data, whole.length) != 0))
            abort();
    }
    return 0;
}
