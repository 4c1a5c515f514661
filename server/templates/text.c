/* Characters, spaces and case; see value.h. */
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <wctype.h>

#include "server/templates/value.h"

size_t text_step(const char *text, size_t length)
{
    size_t n = 1;

    while (n < length && ((unsigned char)text[n] & 0xc0) == 0x80)
        n++;
    return n;
}

size_t text_count(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

uint32_t text_code(const char *text, size_t n)
{
    uint32_t code = n == 1 ? (unsigned char)text[0] : (unsigned char)text[0] & (0xffu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

/* What Python's str.isspace() takes for a space. */
static bool is_space(uint32_t code)
{
    return (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x20) || code == 0x85 ||
           code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
           code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

size_t text_space(const char *text, size_t length)
{
    if (length == 0)
        return 0;
    size_t n = text_step(text, length);
    return is_space(text_code(text, n)) ? n : 0;
}

size_t text_space_before(const char *text, size_t length)
{
    size_t n = 1;

    if (length == 0)
        return 0;
    while (n < length && ((unsigned char)text[length - n] & 0xc0) == 0x80)
        n++;
    return is_space(text_code(text + length - n, n)) ? n : 0;
}

static locale_t unicode;
static pthread_once_t unicode_once = PTHREAD_ONCE_INIT;

static void open_unicode(void)
{
    unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void text_add_code(struct buf *to, uint32_t code)
{
    if (code < 0x80) {
        buf_add_char(to, (char)code);
        return;
    }
    int rest = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    buf_add_char(to, (char)((0xff00u >> (rest + 1)) | code >> (6 * rest)));
    while (rest-- > 0)
        buf_add_char(to, (char)(0x80 | (code >> (6 * rest) & 0x3f)));
}

void text_add_case(struct buf *to, const char *text, size_t length, enum text_case which)
{
    pthread_once(&unicode_once, open_unicode);
    for (size_t n; length > 0; text += n, length -= n) {
        n = text_step(text, length);
        uint32_t code = text_code(text, n);
        if (code == 0xdf && which == TEXT_UPPER) {
            buf_add_string(to, "SS"); /* the one common letter that becomes two */
            continue;
        }
        if (code < 0x80)
            code = which == TEXT_UPPER ? (code >= 'a' && code <= 'z' ? code - 32 : code)
                                       : (code >= 'A' && code <= 'Z' ? code + 32 : code);
        else if (unicode)
            code = (uint32_t)(which == TEXT_UPPER ? towupper_l((wint_t)code, unicode)
                                                  : towlower_l((wint_t)code, unicode));
        text_add_code(to, code);
    }
}
