#include "common/safe_text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define TAB_WIDTH   4

size_t text_next_character(const char *text, size_t length, uint32_t *ret_character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = bytes[0] < 0x80 ? 1 : bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;

    *ret_character = 0xfffd;
    if (size == 1) {
        *ret_character = bytes[0];
        return 1;
    }
    if (size > length || bytes[0] < 0xc2 || bytes[0] > 0xf4)
        return 1;
    uint32_t character = bytes[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 1;
        character = character << 6 | (bytes[i] & 0x3f);
    }
    if (character < smallest[size] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff))
        return 1;
    *ret_character = character;
    return size;
}

bool text_is_harmful(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) ||
           (character >= 0x202a && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069) || character == 0xfffd;
}

void text_add_safe(struct buf *to, const char *text, size_t length, bool lines)
{
    for (size_t i = 0; i < length;) {
        uint32_t character;
        size_t size = text_next_character(text + i, length - i, &character);
        if (character == '\n')
            buf_add_char(to, lines ? '\n' : ' ');
        else if (character == '\t')
            buf_addf(to, "%*s", lines ? TAB_WIDTH : 1, "");
        else if (character == 0x2028 || character == 0x2029)
            buf_add_char(to, ' ');
        else if (character == '\r' && i + 1 < length && text[i + 1] == '\n')
            ; /* the line end follows */
        else if (text_is_harmful(character))
            buf_add_string(to, REPLACEMENT);
        else
            buf_add(to, text + i, size);
        i += size;
    }
}
