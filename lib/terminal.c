#include "lib/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/safe_text.h"
#include "common/times.h"

#define COLOUR_NAME "\033[35m"
#define COLOUR_END  "\033[0m"

static const struct {
    enum fm_level level;
    const char *name;
    const char *colour;
} levels[] = {
    {FM_CRITICAL, "CRITICAL", "\033[1;31m"}, {FM_ERROR, "ERROR", "\033[31m"},
    {FM_WARNING, "WARNING", "\033[33m"},     {FM_INFO, "INFO", "\033[36m"},
    {FM_DEBUG, "DEBUG", "\033[34m"},
};

void terminal_init(struct terminal *terminal, int fd)
{
    const char *no_colour = getenv("NO_COLOR");

    terminal->fd = fd;
    terminal->is_one = isatty(fd);
    terminal->coloured = terminal->is_one && (!no_colour || !*no_colour);
    pthread_mutex_init(&terminal->lock, NULL);
}

void terminal_finish(struct terminal *terminal)
{
    pthread_mutex_destroy(&terminal->lock);
}

static void add_coloured(const struct terminal *terminal, struct buf *line, const char *colour,
                         const char *text)
{
    buf_addf(line, "%s%s%s", terminal->coloured ? colour : "", text,
             terminal->coloured ? COLOUR_END : "");
}

static void begin_line(const struct terminal *terminal, struct buf *line, enum fm_level level)
{
    int64_t now = time_now();
    time_t seconds = (time_t)(now / SECOND);
    size_t row = 0;
    struct tm local;
    char padded[16];

    while (row + 1 < COUNT_OF(levels) && level < levels[row].level)
        row++;
    localtime_r(&seconds, &local);
    buf_addf(line, "%02d:%02d:%02d.%03d | ", local.tm_hour, local.tm_min, local.tm_sec,
             (int)(now % SECOND / 1000));
    snprintf(padded, sizeof(padded), "%-7s", levels[row].name);
    add_coloured(terminal, line, levels[row].colour, padded);
    buf_add_string(line, " | ");
}

/* What others wrote does not get to steer the terminal. */
static void add_message(const struct terminal *terminal, struct buf *line, const char *message)
{
    if (terminal->is_one)
        text_add_safe(line, message, strlen(message), true);
    else
        buf_add_string(line, message);
    buf_add_char(line, '\n');
}

void terminal_complain(const char *message)
{
    const struct terminal terminal = {.is_one = isatty(STDERR_FILENO)};
    buf_auto line = BUF_INIT;

    add_message(&terminal, &line, message);
    fputs(buf_string(&line), stderr);
}

static void write_out(struct terminal *terminal, const struct buf *line)
{
    size_t done = 0;

    pthread_mutex_lock(&terminal->lock);
    while (done < line->length) {
        ssize_t n = write(terminal->fd, line->data + done, line->length - done);
        if (n < 0 && errno != EINTR)
            break; /* nobody is there to read it */
        if (n > 0)
            done += (size_t)n;
    }
    pthread_mutex_unlock(&terminal->lock);
}

void terminal_print(struct terminal *terminal, enum fm_level level, const char *who,
                    const char *message)
{
    buf_auto line = BUF_INIT;

    begin_line(terminal, &line, level);
    buf_addf(&line, "%s - ", who);
    add_message(terminal, &line, message);
    write_out(terminal, &line);
}

void terminal_print_run(struct terminal *terminal, enum fm_level level, const char *kind,
                        const char *run_name, const char *message)
{
    buf_auto line = BUF_INIT;
    buf_auto quoted = BUF_INIT;

    begin_line(terminal, &line, level);
    buf_add_char(&quoted, '\'');
    text_add_safe(&quoted, run_name, strlen(run_name), false);
    buf_add_char(&quoted, '\'');
    buf_addf(&line, "%s run ", kind);
    add_coloured(terminal, &line, COLOUR_NAME, buf_string(&quoted));
    buf_add_string(&line, " - ");
    add_message(terminal, &line, message);
    write_out(terminal, &line);
}
