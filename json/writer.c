#include "json/writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/times.h"

void json_writer_init(struct json_writer *writer, struct buf *to)
{
    *writer = (struct json_writer){.to = to};
    writer->first[0] = true;
}

static void before_value(struct json_writer *writer)
{
    if (writer->in_object[writer->depth]) {
        if (!writer->after_key)
            BUG("a JSON object got a value without a key");
        writer->after_key = false;
        return;
    }
    if (!writer->first[writer->depth])
        buf_add_char(writer->to, ',');
    writer->first[writer->depth] = false;
}

static void begin(struct json_writer *writer, bool object)
{
    before_value(writer);
    buf_add_char(writer->to, object ? '{' : '[');
    if (++writer->depth > JSON_WRITER_DEPTH)
        BUG("JSON is written deeper than %d", JSON_WRITER_DEPTH);
    writer->first[writer->depth] = true;
    writer->in_object[writer->depth] = object;
}

static void end(struct json_writer *writer, bool object)
{
    if (writer->depth == 0 || writer->in_object[writer->depth] != object || writer->after_key)
        BUG("a JSON %s is ended that was not begun", object ? "object" : "array");
    writer->depth--;
    buf_add_char(writer->to, object ? '}' : ']');
}

void json_begin_object(struct json_writer *writer)
{
    begin(writer, true);
}

void json_end_object(struct json_writer *writer)
{
    end(writer, true);
}

void json_begin_array(struct json_writer *writer)
{
    begin(writer, false);
}

void json_end_array(struct json_writer *writer)
{
    end(writer, false);
}

void json_key(struct json_writer *writer, const char *key)
{
    if (!writer->in_object[writer->depth] || writer->after_key)
        BUG("JSON key \"%s\" where none can be", key);
    if (!writer->first[writer->depth])
        buf_add_char(writer->to, ',');
    writer->first[writer->depth] = false;
    json_quote(writer->to, key, strlen(key));
    buf_add_char(writer->to, ':');
    writer->after_key = true;
}

void json_add_text(struct json_writer *writer, const char *json)
{
    before_value(writer);
    buf_add_string(writer->to, json ? json : "null");
}

static int add_piece(const char *piece, size_t length, void *to)
{
    buf_add(to, piece, length);
    return 0;
}

void json_add_value(struct json_writer *writer, const json_t *value)
{
    before_value(writer);
    if (!value)
        buf_add_string(writer->to, "null");
    else if (json_dump_callback(value, add_piece, writer->to, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
        writer->to->failed = true;
}

void json_add_null(struct json_writer *writer)
{
    json_add_text(writer, "null");
}

void json_add_bool(struct json_writer *writer, bool value)
{
    json_add_text(writer, value ? "true" : "false");
}

void json_add_integer(struct json_writer *writer, int64_t value)
{
    before_value(writer);
    buf_addf(writer->to, "%lld", (long long)value);
}

void json_add_number(struct json_writer *writer, double value)
{
    char text[40];

    if (!isfinite(value)) {
        json_add_null(writer);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    if (!strpbrk(text, ".e"))
        strcat(text, ".0"); /* so that it reads back as a number with a fraction */
    json_add_text(writer, text);
}

void json_add_string(struct json_writer *writer, const char *value)
{
    if (!value) {
        json_add_null(writer);
        return;
    }
    before_value(writer);
    json_quote(writer->to, value, strlen(value));
}

void json_add_time(struct json_writer *writer, int64_t time)
{
    char text[TIME_SIZE];

    time_format(time, text);
    json_add_string(writer, text);
}

/* What stands for a byte that a JSON string may not hold as it is, or NULL. */
static const char *escape(unsigned char c, char room[static 7])
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    default:
        if (c >= 0x20)
            return NULL;
        snprintf(room, 7, "\\u%04x", c);
        return room;
    }
}

void json_quote(struct buf *to, const char *string, size_t length)
{
    const char *end = string + length;
    const char *plain = string; /* start of what was not written yet */
    char room[7];

    buf_add_char(to, '"');
    for (const char *p = string; p < end; p++) {
        const char *instead = escape((unsigned char)*p, room);
        if (!instead)
            continue;
        buf_add(to, plain, (size_t)(p - plain));
        buf_add_string(to, instead);
        plain = p + 1;
    }
    buf_add(to, plain, (size_t)(end - plain));
    buf_add_char(to, '"');
}
