#include "common/base64.h"

#include <sodium.h>
#include <stdlib.h>

bool base64_decode(const char *text, size_t length, uint8_t *to, size_t *ret_size)
{
    return sodium_base642bin(to, BASE64_ROOM(length), text, length, NULL, ret_size, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

bool base64_is(const char *text, size_t length)
{
    uint8_t *bytes = malloc(BASE64_ROOM(length) + 1);
    size_t size;

    bool is = bytes && base64_decode(text, length, bytes, &size);
    free(bytes);
    return is;
}

void base64_encode(const uint8_t *data, size_t length, struct buf *to)
{
    size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    char *text = buf_reserve(to, size);

    if (!text)
        return;
    sodium_bin2base64(text, size, data, length, sodium_base64_VARIANT_ORIGINAL);
    buf_added(to, size - 1);
}
