#include "cli/line.h"

#include <string.h>

#include "cli/text.h"

void line_release(struct line *line)
{
    buf_release(&line->text);
    *line = (struct line){0};
}

static const char *text_of(const struct line *line)
{
    return buf_string(&line->text);
}

/* Where the character behind `place` ends. */
static size_t after(const struct line *line, size_t place)
{
    size_t left = line->text.length - place;

    return left == 0 ? place : place + text_first(text_of(line) + place, left, NULL);
}

/* Where the character before `place` begins: back over marks that take no column. */
static size_t before(const struct line *line, size_t place)
{
    const char *text = text_of(line);
    int width = 0;

    while (place > 0 && width == 0) {
        do
            place--;
        while (place > 0 && ((unsigned char)text[place] & 0xc0) == 0x80);
        text_first(text + place, line->text.length - place, &width);
    }
    return place;
}

static void cut(struct line *line, size_t from, size_t to)
{
    line->fresh = false;
    if (to <= from)
        return;
    memmove(line->text.data + from, line->text.data + to, line->text.length - to + 1);
    line->text.length -= to - from;
    line->cursor = from;
}

void line_set(struct line *line, const char *text)
{
    buf_clear(&line->text);
    buf_add_string(&line->text, text);
    line->cursor = line->text.length;
    line->fresh = line->text.length > 0;
}

void line_insert(struct line *line, const char *text, size_t length)
{
    buf_auto rest = BUF_INIT;

    if (line->fresh)
        cut(line, 0, line->text.length);
    buf_add_string(&rest, text_of(line) + line->cursor);
    if (line->text.data)
        line->text.data[line->cursor] = '\0';
    line->text.length = line->cursor;
    buf_add(&line->text, text, length);
    line->cursor = line->text.length;
    buf_add(&line->text, buf_string(&rest), rest.length);
}

void line_left(struct line *line)
{
    line->fresh = false;
    line->cursor = before(line, line->cursor);
}

void line_right(struct line *line)
{
    line->fresh = false;
    line->cursor = after(line, line->cursor);
}

void line_home(struct line *line)
{
    line->fresh = false;
    line->cursor = 0;
}

void line_end(struct line *line)
{
    line->fresh = false;
    line->cursor = line->text.length;
}

void line_backspace(struct line *line)
{
    if (line->cursor > 0)
        cut(line, before(line, line->cursor), line->cursor);
}

void line_delete(struct line *line)
{
    cut(line, line->cursor, after(line, line->cursor));
}

void line_delete_word(struct line *line)
{
    const char *text = text_of(line);
    size_t begin = line->cursor;

    while (begin > 0 && text[begin - 1] == ' ')
        begin--;
    while (begin > 0 && text[begin - 1] != ' ')
        begin--;
    cut(line, begin, line->cursor);
}

void line_delete_before(struct line *line)
{
    cut(line, 0, line->cursor);
}

void line_delete_after(struct line *line)
{
    cut(line, line->cursor, line->text.length);
}

/* Columns of the part from one place to another as it is shown. */
static int width_between(const struct line *line, size_t from, size_t to)
{
    buf_auto safe = BUF_INIT;

    text_add_safe(&safe, text_of(line) + from, to - from, false);
    return text_width(buf_string(&safe));
}

/* The first place from which on what is before the cursor has room. */
static size_t first_shown(const struct line *line, int room, int *ret_width)
{
    size_t begin = line->cursor;
    int width = 0;

    while (begin > 0) {
        size_t place = before(line, begin);
        int more = width_between(line, place, begin);
        if (width + more > room)
            break;
        width += more;
        begin = place;
    }
    *ret_width = width;
    return begin;
}

/* The place up to which what is behind the cursor has room. */
static size_t last_shown(const struct line *line, int room)
{
    size_t end = line->cursor;

    while (end < line->text.length) {
        size_t place = after(line, end);
        room -= width_between(line, end, place);
        if (room < 0)
            break;
        end = place;
    }
    return end;
}

void line_show(const struct line *line, int room, struct buf *to, int *ret_column)
{
    int ahead = line->cursor < line->text.length ? room - 1 : room; /* what is behind goes on */
    int column;
    size_t begin = first_shown(line, ahead, &column);

    if (begin > 0) {
        begin = first_shown(line, ahead - 1, &column);
        buf_add_string(to, "…");
        column++;
    }
    size_t end = last_shown(line, room - column);
    bool is_cut = end < line->text.length;
    if (is_cut)
        end = last_shown(line, room - column - 1);
    text_add_safe(to, text_of(line) + begin, end - begin, false);
    buf_add_string(to, is_cut ? "…" : "");
    *ret_column = column;
}
