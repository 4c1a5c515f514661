#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LEAST_WIDTH    20
#define GREATEST_WIDTH 100 /* longer lines of text are hard to read */
#define LEAST_COLUMN   8   /* unless even that is too wide */
#define COLUMN_GAP     2

static int terminal_width(int fd)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return columns ? atoi(columns) : 80;
}

static bool terminal_is_dumb(void)
{
    const char *terminal = getenv("TERM");

    return !terminal || !*terminal || strcmp(terminal, "dumb") == 0;
}

void screen_init(struct screen *ret_screen, FILE *out)
{
    const char *no_colour = getenv("NO_COLOR");

    *ret_screen = (struct screen){.out = out, .is_terminal = isatty(fileno(out)), .width = 80};
    if (!ret_screen->is_terminal)
        return;
    ret_screen->colour = !(no_colour && *no_colour) && !terminal_is_dumb();
    ret_screen->width = terminal_width(fileno(out));
    if (ret_screen->width < LEAST_WIDTH)
        ret_screen->width = LEAST_WIDTH;
    if (ret_screen->width > GREATEST_WIDTH)
        ret_screen->width = GREATEST_WIDTH;
}

bool screen_can_be_drawn_over(const struct screen *screen)
{
    return screen->is_terminal && !terminal_is_dumb();
}

int screen_height(const struct screen *screen)
{
    struct winsize size;

    return ioctl(fileno(screen->out), TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
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

/* What is typed or copied again. */
static bool is_id(const struct table *table, size_t column)
{
    return strcmp(table->headers[column], "ID") == 0;
}

/* Cuts the widest columns, none below `least`, until the table fits; ids only if `also_ids`. */
static void shrink_to(const struct table *table, int widths[], int room, int least, bool also_ids)
{
    int total = -COLUMN_GAP;

    for (size_t i = 0; i < table->columns; i++)
        total += widths[i] + COLUMN_GAP;
    for (; total > room; total--) {
        int *widest = NULL;
        for (size_t i = 0; i < table->columns; i++)
            if ((also_ids || !is_id(table, i)) && (!widest || widths[i] > *widest))
                widest = &widths[i];
        if (!widest || *widest <= least)
            return;
        (*widest)--;
    }
}

static void shrink(const struct table *table, int widths[], int room)
{
    shrink_to(table, widths, room, LEAST_COLUMN, false);
    shrink_to(table, widths, room, LEAST_COLUMN, true);
    shrink_to(table, widths, room, 1, true);
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

int table_add_to(const struct table *table, const struct screen *screen, struct buf *to,
                 struct error *error)
{
    int *widths = calloc(table->columns, sizeof(*widths));

    if (!widths || table->failed) {
        free(widths);
        return error_set(error, ENOMEM, "out of memory");
    }
    measure(table, widths);
    if (screen->is_terminal)
        shrink(table, widths, terminal_width(fileno(screen->out)));
    text_add_style(to, screen->colour, STYLE_BOLD);
    add_row(table, to, table->headers, widths);
    text_add_style(to, screen->colour, STYLE_PLAIN);
    buf_add_char(to, '\n');
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns) {
        add_row(table, to, (const char *const *)&table->cells[i], widths);
        buf_add_char(to, '\n');
    }
    free(widths);
    return 0;
}

int table_print(const struct table *table, struct screen *screen, struct error *error)
{
    buf_auto text = BUF_INIT;

    if (table_add_to(table, screen, &text, error) < 0)
        return -1;
    screen_flush(screen, &text);
    return 0;
}
