#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LEAST_WIDTH    20
#define GREATEST_WIDTH 100 /* longer lines of text are hard to read */
#define LEAST_COLUMN   8
#define COLUMN_GAP     2

static int terminal_width(int fd)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return columns ? atoi(columns) : 80;
}

void screen_init(struct screen *ret_screen, FILE *out)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    *ret_screen = (struct screen){.out = out, .is_terminal = isatty(fileno(out)), .width = 80};
    if (!ret_screen->is_terminal)
        return;
    ret_screen->colour = !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
    ret_screen->width = terminal_width(fileno(out));
    if (ret_screen->width < LEAST_WIDTH)
        ret_screen->width = LEAST_WIDTH;
    if (ret_screen->width > GREATEST_WIDTH)
        ret_screen->width = GREATEST_WIDTH;
}

void screen_flush(struct screen *screen, struct buf *text)
{
    fputs(buf_string(text), screen->out);
    fflush(screen->out);
    buf_clear(text);
}

void complain(const char *format, ...)
{
    struct screen screen;
    buf_auto line = BUF_INIT;
    char message[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    screen_init(&screen, stderr);
    text_add_style(&line, screen.colour, STYLE_BOLD | STYLE_RED);
    buf_add_string(&line, "error: ");
    text_add_style(&line, screen.colour, STYLE_PLAIN);
    text_add_safe(&line, message, strlen(message), true);
    buf_add_char(&line, '\n');
    screen_flush(&screen, &line);
}

void table_release(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}

void table_add(struct table *table, const char *text)
{
    buf_auto safe = BUF_INIT;

    if (!text)
        text = "";
    text_add_safe(&safe, text, strlen(text), false);
    buf_add_string(&safe, ""); /* so that there is something to steal */
    char *cell = buf_steal(&safe);
    char **cells = realloc(table->cells, (table->count + 1) * sizeof(*cells));
    if (cells)
        table->cells = cells;
    if (cells && cell)
        cells[table->count++] = cell;
    else {
        free(cell);
        table->failed = true;
    }
}

static void measure(const struct table *table, int widths[])
{
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = text_width(table->headers[i]);
    for (size_t i = 0; i < table->count; i++) {
        int width = text_width(table->cells[i]);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
}

/* Cuts the widest columns until the table fits. */
static void shrink(const struct table *table, int widths[], int room)
{
    int total = -COLUMN_GAP;

    for (size_t i = 0; i < table->columns; i++)
        total += widths[i] + COLUMN_GAP;
    while (total > room) {
        size_t widest = 0;
        for (size_t i = 1; i < table->columns; i++)
            if (widths[i] > widths[widest])
                widest = i;
        if (widths[widest] <= LEAST_COLUMN)
            return;
        widths[widest]--;
        total--;
    }
}

static void add_row(const struct table *table, struct buf *to, const char *const *cells,
                    const int widths[])
{
    int gap = 0;

    for (size_t i = 0; i < table->columns; i++) {
        buf_auto cell = BUF_INIT;
        text_add_short(&cell, cells[i], widths[i]);
        buf_addf(to, "%*s%s", gap, "", buf_string(&cell));
        gap = widths[i] - text_width(buf_string(&cell)) + COLUMN_GAP;
    }
}

int table_print(const struct table *table, struct screen *screen, struct error *error)
{
    int *widths = calloc(table->columns, sizeof(*widths));
    buf_auto text = BUF_INIT;

    if (!widths || table->failed) {
        free(widths);
        return error_set(error, ENOMEM, "out of memory");
    }
    measure(table, widths);
    if (screen->is_terminal)
        shrink(table, widths, terminal_width(fileno(screen->out)));
    text_add_style(&text, screen->colour, STYLE_BOLD);
    add_row(table, &text, table->headers, widths);
    text_add_style(&text, screen->colour, STYLE_PLAIN);
    buf_add_char(&text, '\n');
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns) {
        add_row(table, &text, (const char *const *)&table->cells[i], widths);
        buf_add_char(&text, '\n');
        screen_flush(screen, &text);
    }
    screen_flush(screen, &text);
    free(widths);
    return 0;
}
