#include "server/log.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "common/times.h"

/* Bytes, as written. A field that would not fit into its line is left out, and all after it. */
#define LINE_SIZE    16384
#define MESSAGE_MAX  4096
#define VALUE_MAX    2048
#define LINE_RESERVE 32 /* for what closes a line */

struct line {
    size_t length;
    char text[LINE_SIZE];
};

static const struct {
    const char *name;
    const char *plain; /* as wide as the others */
    const char *colour;
} levels[] = {
    [LOG_LEVEL_DEBUG] = {"debug", "DEBUG", "\033[2m"},
    [LOG_LEVEL_INFO] = {"info", "INFO ", "\033[32m"},
    [LOG_LEVEL_WARNING] = {"warning", "WARN ", "\033[33m"},
    [LOG_LEVEL_ERROR] = {"error", "ERROR", "\033[31m"},
};

static enum log_format line_format = LOG_PLAIN;
static enum log_level minimum_level = LOG_LEVEL_INFO;
static bool in_colour;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER; /* long lines would mix in a pipe */

void log_start(enum log_format format, enum log_level minimum)
{
    const char *terminal = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");

    line_format = format;
    minimum_level = minimum;
    in_colour = isatty(STDERR_FILENO) && !(no_colour && *no_colour) && terminal &&
                strcmp(terminal, "dumb") != 0;
}

bool log_level_parse(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (strcasecmp(name, levels[i].name) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* All of it or, where it does not fit, nothing and false. */
static bool add(struct line *line, const char *text, size_t length)
{
    if (length > sizeof(line->text) - LINE_RESERVE - line->length)
        return false;
    memcpy(line->text + line->length, text, length);
    line->length += length;
    return true;
}

static bool add_string(struct line *line, const char *text)
{
    return add(line, text, strlen(text));
}

/* The length of the UTF-8 character (RFC 3629) at `text`, 0 if there is none. */
static size_t character(const unsigned char *text, uint32_t *ret_code)
{
    size_t length = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = text[0] & lead_bits[length];

    if ((text[0] >= 0x80 && text[0] < 0xc2) || text[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    *ret_code = code;
    return length;
}

/* What a terminal or a reader of lines could take for more than a character of the text. */
static bool is_dangerous(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
           (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

/* One character as it may stand in a line; returns how much of `*text` it took. */
static size_t escape(const unsigned char *text, bool quoted, char ret_text[static 13])
{
    uint32_t code;
    size_t length = character(text, &code);

    if (!length) {
        strcpy(ret_text, "\xef\xbf\xbd"); /* U+FFFD */
        return 1;
    }
    if (code == '\n' || code == '\r' || code == '\t')
        snprintf(ret_text, 13, "\\%c", code == '\n' ? 'n' : code == '\r' ? 'r' : 't');
    else if (is_dangerous(code))
        snprintf(ret_text, 13, "\\u%04x", code);
    else if (code == '\\' || (quoted && code == '"'))
        snprintf(ret_text, 13, "\\%c", (char)code);
    else
        snprintf(ret_text, 13, "%.*s", (int)length, (const char *)text);
    return length;
}

static bool add_escaped(struct line *line, const char *string, bool quoted, size_t max)
{
    const unsigned char *text = (const unsigned char *)string;
    size_t before = line->length;
    char piece[13];

    while (*text) {
        text += escape(text, quoted, piece);
        if (line->length - before + strlen(piece) > max)
            return add_string(line, "…");
        if (!add_string(line, piece))
            return false;
    }
    return true;
}

static bool add_quoted(struct line *line, const char *string, size_t max)
{
    return add_string(line, "\"") && add_escaped(line, string, true, max) && add_string(line, "\"");
}

/* A value that needs no quotes among other `key=value`s. */
static bool is_plain_word(const char *string)
{
    if (!*string)
        return false;
    for (const char *p = string; *p; p++)
        if (strchr(" \"=\\", *p) || (unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
            return false;
    return true;
}

static bool add_value(struct line *line, const struct log_field *field)
{
    char text[40];

    switch (field->type) {
    case LOG_FIELD_STRING:
        if (!field->string)
            return add_string(line, "null");
        if (line_format == LOG_PLAIN && is_plain_word(field->string))
            return add_escaped(line, field->string, false, VALUE_MAX);
        return add_quoted(line, field->string, VALUE_MAX);
    case LOG_FIELD_INTEGER:
        snprintf(text, sizeof(text), "%lld", (long long)field->integer);
        return add_string(line, text);
    case LOG_FIELD_NUMBER:
        snprintf(text, sizeof(text), "%.9g", field->number);
        return add_string(line, isfinite(field->number) ? text : "null");
    case LOG_FIELD_BOOL:
        return add_string(line, field->truth ? "true" : "false");
    }
    BUG("log field \"%s\" is of no type", field->key);
}

static void begin_plain(struct line *line, enum log_level level, const char *message)
{
    struct timespec now;
    struct tm tm;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof(text), "%H:%M:%S", &tm);
    add_string(line, text);
    snprintf(text, sizeof(text), ".%03d ", (int)(now.tv_nsec / 1000000));
    add_string(line, text);
    add_string(line, in_colour ? levels[level].colour : "");
    add_string(line, levels[level].plain);
    add_string(line, in_colour ? "\033[0m " : " ");
    add_escaped(line, message, false, MESSAGE_MAX);
}

static void begin_json(struct line *line, enum log_level level, const char *message)
{
    char text[TIME_SIZE];

    time_format(time_now(), text);
    add_string(line, "{\"time\":\"");
    add_string(line, text);
    add_string(line, "\",\"level\":\"");
    add_string(line, levels[level].name);
    add_string(line, "\",\"message\":");
    add_quoted(line, message, MESSAGE_MAX);
}

static bool add_field(struct line *line, const struct log_field *field)
{
    bool json = line_format == LOG_JSON;

    return add_string(line, json ? ",\"" : " ") && add_string(line, field->key) &&
           add_string(line, json ? "\":" : "=") && add_value(line, field);
}

static void write_line(const char *text, size_t length)
{
    pthread_mutex_lock(&writing);
    while (length > 0) {
        ssize_t n = write(STDERR_FILENO, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* there is nowhere to say it */
        text += n;
        length -= (size_t)n;
    }
    pthread_mutex_unlock(&writing);
}

void log_fields(enum log_level level, const char *message, const struct log_field *fields,
                size_t count)
{
    struct line line;
    int saved_errno = errno;

    if (level < minimum_level)
        return;
    line.length = 0;
    if (line_format == LOG_JSON)
        begin_json(&line, level, message);
    else
        begin_plain(&line, level, message);
    for (size_t i = 0; i < count; i++) {
        size_t before = line.length;
        if (!add_field(&line, &fields[i])) {
            line.length = before;
            break;
        }
    }
    /* What closes it always has room: see LINE_RESERVE. */
    const char *close = line_format == LOG_JSON ? "}\n" : "\n";
    memcpy(line.text + line.length, close, strlen(close));
    write_line(line.text, line.length + strlen(close));
    errno = saved_errno;
}

PRINTF_LIKE(2, 0)
static void log_formatted(enum log_level level, const char *format, va_list args)
{
    char message[MESSAGE_MAX + 8]; /* longer than what is shown, so that a cut is seen */
    int saved_errno = errno;

    if (level < minimum_level)
        return;
    vsnprintf(message, sizeof(message), format, args);
    errno = saved_errno;
    log_fields(level, message, NULL, 0);
}

#define DEFINE_LOG(name, level)                                                                    \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        log_formatted(level, format, args);                                                        \
        va_end(args);                                                                              \
    }

DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_error, LOG_LEVEL_ERROR)

void log_out_of_memory(void)
{
    log_error("memory has run out; what was acknowledged is on disk, start the server again");
    abort();
}
