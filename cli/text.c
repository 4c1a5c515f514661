#include "cli/text.h"

#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "common/times.h"

void text_init(void)
{
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) /* no UTF-8 asked for; what is printed is UTF-8 all the same */
        setlocale(LC_CTYPE, "C.UTF-8");
}

void text_add_style(struct buf *to, bool colour, unsigned styles)
{
    static const struct {
        unsigned style;
        const char *code;
    } codes[] = {
        {STYLE_BOLD, ";1"},      {STYLE_DIM, ";2"},     {STYLE_ITALIC, ";3"},
        {STYLE_UNDERLINE, ";4"}, {STYLE_STRIKE, ";9"},  {STYLE_RED, ";31"},
        {STYLE_GREEN, ";32"},    {STYLE_YELLOW, ";33"}, {STYLE_CYAN, ";36"},
    };

    if (!colour)
        return;
    buf_add_string(to, "\x1b[0");
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (styles & codes[i].style)
            buf_add_string(to, codes[i].code);
    buf_add_char(to, 'm');
}

static int character_width(uint32_t character)
{
    int width = character < 0x7f ? 1 : wcwidth((wchar_t)character);

    return width < 0 ? 1 : width;
}

size_t text_first(const char *text, size_t length, int *ret_width)
{
    uint32_t character;
    size_t size = text_next_character(text, length, &character);

    if (ret_width)
        *ret_width = character_width(character);
    while (size < length) {
        size_t more = text_next_character(text + size, length - size, &character);
        if (character_width(character) > 0)
            break;
        size += more;
    }
    return size;
}

void text_add_short(struct buf *to, const char *text, int columns)
{
    buf_auto safe = BUF_INIT;
    int width = 0;

    text_add_safe(&safe, text, strlen(text), false);
    if (text_width(buf_string(&safe)) <= columns) {
        buf_add(to, buf_string(&safe), safe.length);
        return;
    }
    for (size_t i = 0; i < safe.length;) {
        uint32_t character;
        size_t size = text_next_character(safe.data + i, safe.length - i, &character);
        width += character_width(character);
        if (width > columns - 1)
            break;
        buf_add(to, safe.data + i, size);
        i += size;
    }
    buf_add_string(to, "…");
}

/* The length of our escape sequence at `text`, or 0. */
static size_t sequence_length(const char *text)
{
    return text[0] == '\x1b' ? strcspn(text, "m") + 1 : 0;
}

static int width_of(const char *text, size_t length)
{
    int width = 0;

    for (size_t i = 0; i < length;) {
        size_t size = sequence_length(text + i);
        if (size == 0) {
            uint32_t character;
            size = text_next_character(text + i, length - i, &character);
            width += character_width(character);
        }
        i += size;
    }
    return width;
}

int text_width(const char *text)
{
    return width_of(text, strlen(text));
}

/* One word is what must stay on a line: up to a space or a line end, but a line may be broken on
 * either side of a wide character, since their languages put no spaces. */
static size_t word_length(const char *text)
{
    size_t i = 0;

    while (text[i] && text[i] != ' ' && text[i] != '\n') {
        size_t size = sequence_length(text + i);
        if (size == 0) {
            uint32_t character;
            size = text_next_character(text + i, strnlen(text + i, 4), &character);
            if (character_width(character) == 2)
                return i > 0 ? i : size;
        }
        i += size;
    }
    return i;
}

struct wrapper {
    struct buf *to;
    const char *rest;
    const char *style; /* the sequence in force, or NULL; not terminated */
    int width;
    int column;
    int spaces; /* seen, and not yet written */
};

static void break_line(struct wrapper *wrapper)
{
    if (wrapper->style)
        buf_add_string(wrapper->to, "\x1b[0m");
    buf_add_char(wrapper->to, '\n');
    buf_add_string(wrapper->to, wrapper->rest);
    if (wrapper->style)
        buf_add(wrapper->to, wrapper->style, sequence_length(wrapper->style));
    wrapper->column = text_width(wrapper->rest);
    wrapper->spaces = 0;
}

static void add_word(struct wrapper *wrapper, const char *word, size_t length)
{
    int width = width_of(word, length);

    if (wrapper->column + wrapper->spaces + width > wrapper->width &&
        wrapper->column > text_width(wrapper->rest))
        break_line(wrapper);
    buf_addf(wrapper->to, "%*s", wrapper->spaces, "");
    buf_add(wrapper->to, word, length);
    wrapper->column += wrapper->spaces + width;
    wrapper->spaces = 0;
    for (size_t i = 0; i < length; i++)
        if (word[i] == '\x1b')
            wrapper->style = word + i;
}

void text_wrap(struct buf *to, const char *text, int width, const char *first, const char *rest)
{
    struct wrapper wrapper = {.to = to, .rest = rest, .width = width};

    buf_add_string(to, first);
    wrapper.column = text_width(first);
    while (*text) {
        if (*text == ' ') {
            wrapper.spaces++;
            text++;
        } else if (*text == '\n') {
            break_line(&wrapper);
            text++;
        } else {
            size_t length = word_length(text);
            add_word(&wrapper, text, length);
            text += length;
        }
    }
    buf_add_char(to, '\n');
}

void text_add_relative(struct buf *to, int64_t time, int64_t now)
{
    static const struct {
        int64_t length;
        const char *name;
    } units[] = {
        {365 * DAY, "year"}, {DAY, "day"}, {HOUR, "hour"}, {MINUTE, "minute"}, {SECOND, "second"}};
    uint64_t distance =
        time > now ? (uint64_t)time - (uint64_t)now : (uint64_t)now - (uint64_t)time;
    size_t unit = 0;

    while (unit < COUNT_OF(units) && distance < (uint64_t)units[unit].length)
        unit++;
    if (unit == COUNT_OF(units)) {
        buf_add_string(to, "now");
        return;
    }
    if (time > now)
        buf_add_string(to, "in ");
    for (size_t i = unit; i < COUNT_OF(units) && i < unit + 2; i++) {
        uint64_t count = distance / (uint64_t)units[i].length;
        distance %= (uint64_t)units[i].length;
        if (count > 0)
            buf_addf(to, "%s%" PRIu64 " %s%s", i > unit ? " " : "", count, units[i].name,
                     count == 1 ? "" : "s");
    }
    if (time <= now)
        buf_add_string(to, " ago");
}
