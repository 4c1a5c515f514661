#include "server/templates/json_problem.h"

#include <string.h>

#include "json/text.h"

struct scan {
    const char *text;
    size_t length;
    size_t at;
    int depth;
    const char *problem; /* the first one, NULL as long as there is none */
    size_t where;        /* bytes from the beginning */
};

static void scan_value(struct scan *scan);

static void found(struct scan *scan, const char *problem, size_t where)
{
    if (scan->problem)
        return;
    scan->problem = problem;
    scan->where = where;
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->length && strchr(" \t\n\r", scan->text[scan->at]))
        scan->at++;
}

static bool take(struct scan *scan, const char *word)
{
    size_t length = strlen(word);

    if (scan->length - scan->at < length || memcmp(scan->text + scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

static bool is_digit(const struct scan *scan, size_t at)
{
    return at < scan->length && scan->text[at] >= '0' && scan->text[at] <= '9';
}

static void skip_digits(struct scan *scan)
{
    while (is_digit(scan, scan->at))
        scan->at++;
}

static bool take_number(struct scan *scan)
{
    size_t begin = scan->at;

    take(scan, "-");
    if (!is_digit(scan, scan->at)) {
        scan->at = begin;
        return false;
    }
    if (!take(scan, "0"))
        skip_digits(scan);
    if (scan->at < scan->length && scan->text[scan->at] == '.' && is_digit(scan, scan->at + 1)) {
        scan->at++;
        skip_digits(scan);
    }
    size_t exponent = scan->at;
    if (take(scan, "e") || take(scan, "E")) {
        if (!take(scan, "+"))
            take(scan, "-");
        skip_digits(scan);
        if (!is_digit(scan, scan->at - 1))
            scan->at = exponent;
    }
    return true;
}

/* At the character behind a backslash. */
static void scan_escape(struct scan *scan)
{
    char letter = scan->text[scan->at++];

    if (letter != 'u') {
        if (!strchr("\"\\/bfnrt", letter))
            found(scan, "Invalid \\escape", scan->at - 2);
        return;
    }
    if (scan->at + 4 >= scan->length)
        found(scan, "Invalid \\uXXXX escape", scan->at - 1);
    for (size_t i = 0; !scan->problem && i < 4; i++)
        if (!strchr("0123456789abcdefABCDEF", scan->text[scan->at + i]))
            found(scan, "Invalid \\uXXXX escape", scan->at - 1);
    scan->at += 4;
}

/* Behind the quote that opens it. */
static void scan_string(struct scan *scan)
{
    size_t begin = scan->at - 1;

    while (!scan->problem) {
        if (scan->at >= scan->length) {
            found(scan, "Unterminated string starting at", begin);
            return;
        }
        unsigned char c = (unsigned char)scan->text[scan->at++];
        if (c == '"')
            return;
        if (c < 0x20)
            found(scan, "Invalid control character at", scan->at - 1);
        else if (c == '\\' && scan->at >= scan->length)
            found(scan, "Unterminated string starting at", begin);
        else if (c == '\\')
            scan_escape(scan);
    }
}

static void scan_key(struct scan *scan)
{
    if (!take(scan, "\"")) {
        found(scan, "Expecting property name enclosed in double quotes", scan->at);
        return;
    }
    scan_string(scan);
    skip_space(scan);
    if (!scan->problem && !take(scan, ":"))
        found(scan, "Expecting ':' delimiter", scan->at);
    skip_space(scan);
}

/* Behind the bracket that opens an array or an object. */
static void scan_members(struct scan *scan, bool object, const char *closing)
{
    skip_space(scan);
    if (take(scan, closing))
        return;
    while (!scan->problem) {
        if (object)
            scan_key(scan);
        if (scan->problem)
            return;
        scan_value(scan);
        skip_space(scan);
        if (scan->problem || take(scan, closing))
            return;
        if (!take(scan, ","))
            found(scan, "Expecting ',' delimiter", scan->at);
        skip_space(scan);
    }
}

static void scan_value(struct scan *scan)
{
    static const char *const words[] = {"null", "true", "false"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (take(scan, words[i]))
            return;
    if (take_number(scan))
        return;
    if (take(scan, "\"")) {
        scan_string(scan);
        return;
    }
    bool object = take(scan, "{");
    if (!object && !take(scan, "[")) {
        found(scan, "Expecting value", scan->at);
        return;
    }
    if (++scan->depth > JSON_TEXT_DEPTH)
        found(scan, "", scan->at); /* not Python's to say */
    else
        scan_members(scan, object, object ? "}" : "]");
    scan->depth--;
}

static size_t characters(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

bool json_problem(const char *text, size_t length, struct buf *to)
{
    struct scan scan = {.text = text, .length = length};
    size_t lines = 1, line = 0; /* where the line begins */

    if (take(&scan, "\xef\xbb\xbf"))
        found(&scan, "Unexpected UTF-8 BOM (decode using utf-8-sig)", 0);
    skip_space(&scan);
    if (!scan.problem)
        scan_value(&scan);
    skip_space(&scan);
    if (scan.at < scan.length)
        found(&scan, "Extra data", scan.at);
    if (!scan.problem || !*scan.problem)
        return false;
    for (size_t i = 0; i < scan.where; i++) {
        if (text[i] == '\n') {
            lines++;
            line = i + 1;
        }
    }
    buf_addf(to, "%s: line %zu column %zu (char %zu)", scan.problem, lines,
             characters(text + line, scan.where - line) + 1, characters(text, scan.where));
    return true;
}
