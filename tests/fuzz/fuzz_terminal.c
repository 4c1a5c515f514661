/* A byte that says how wide and whether in colour, then text from elsewhere: as Markdown, wrapped,
 * and cut to one short line, it can do a terminal no harm. */
#include <stdint.h>

#include "cli/markdown.h"
#include "cli/text.h"
#include "tests/fuzz/terminal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_short(const char *text, int columns)
{
    buf_auto line = BUF_INIT;

    text_add_short(&line, text, columns);
    check_terminal(buf_string(&line), line.length, false);
    if (text_width(buf_string(&line)) > columns || strchr(buf_string(&line), '\n'))
        abort();
}

static void check_wrapped(const struct buf *text, int width)
{
    buf_auto safe = BUF_INIT, lines = BUF_INIT;

    text_add_safe(&safe, buf_string(text), text->length, true);
    check_terminal(buf_string(&safe), safe.length, false);
    text_wrap(&lines, buf_string(&safe), width, "> ", "  ");
    check_terminal(buf_string(&lines), lines.length, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto text = BUF_INIT, shown = BUF_INIT;
    struct error error;

    if (size == 0)
        return 0;
    bool colour = data[0] & 1;
    int width = 10 + data[0] % 100;
    text_init();
    buf_add(&text, data + 1, size - 1);
    if (markdown_render(&shown, buf_string(&text), width, colour, &error) < 0)
        abort();
    check_terminal(buf_string(&shown), shown.length, colour);
    check_short(buf_string(&text), width);
    check_wrapped(&text, width);
    return 0;
}
