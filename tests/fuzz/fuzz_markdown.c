/* The HTML of any Markdown has no tag, attribute or target but those that we know. */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/markdown/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const tags[] = {"a",  "blockquote", "br",    "code", "del",    "em",    "h1",
                                   "h2", "h3",         "h4",    "h5",   "h6",     "hr",    "img",
                                   "li", "ol",         "p",     "pre",  "strong", "table", "tbody",
                                   "td", "th",         "thead", "tr",   "ul",     "input"};
static const char *const attributes[] = {"href",  "rel",   "title", "src",     "alt",     "class",
                                         "align", "start", "type",  "checked", "disabled"};

static bool is_among(const char *const *names, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
            return true;
    return false;
}

static _Noreturn void refuse(const char *html, const char *at)
{
    fprintf(stderr, "at %.60s\nin %s\n", at, html);
    abort();
}

/* As a browser sees it: the scheme ends at a colon that stands before any of "/?#". */
static bool has_scheme(const char *target, size_t length, const char *scheme)
{
    return length >= strlen(scheme) && strncasecmp(target, scheme, strlen(scheme)) == 0;
}

static bool is_safe(const char *target, size_t length, bool is_source)
{
    size_t scheme = strcspn(target, ":/?#\"&");

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)target[i] <= ' ')
            return false;
    if (scheme >= length || target[scheme] != ':')
        /* "&" begins the name of a character, which might be a colon: ours are "&amp;" only. */
        return scheme >= length || target[scheme] != '&' ||
               strncmp(target + scheme, "&amp;", 5) == 0 ||
               strncmp(target + scheme, "&#x27;", 6) == 0;
    if (is_source)
        return !has_scheme(target, length, "javascript:") &&
               !has_scheme(target, length, "vbscript:") && !has_scheme(target, length, "file:") &&
               (!has_scheme(target, length, "data:") || has_scheme(target, length, "data:image/"));
    return has_scheme(target, length, "http:") || has_scheme(target, length, "https:") ||
           has_scheme(target, length, "mailto:");
}

/* ` name="value"`; returns what follows. */
static const char *check_attribute(const char *html, const char *at)
{
    const char *name = at + 1;
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz");
    const char *value = name + length + 2;

    if (!is_among(attributes, COUNT_OF(attributes), name, length) ||
        strncmp(name + length, "=\"", 2) != 0)
        refuse(html, at);
    size_t size = strcspn(value, "\"<>");
    if (value[size] != '"')
        refuse(html, at);
    if ((strncmp(name, "href=", 5) == 0 && !is_safe(value, size, false)) ||
        (strncmp(name, "src=", 4) == 0 && !is_safe(value, size, true)))
        refuse(html, at);
    return value + size + 1;
}

/* From "<" on; returns what follows the ">". */
static const char *check_tag(const char *html, const char *at)
{
    static const char left_out[] = "<!-- raw HTML omitted -->";
    const char *name = at + 1 + (at[1] == '/');
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
    const char *end = name + length;

    if (strncmp(at, left_out, strlen(left_out)) == 0)
        return at + strlen(left_out);
    if (!is_among(tags, COUNT_OF(tags), name, length))
        refuse(html, at);
    while (*end == ' ' && islower((unsigned char)end[1]))
        end = check_attribute(html, end);
    if (strncmp(end, " />", 3) == 0)
        return end + 3;
    if (*end != '>')
        refuse(html, at);
    return end + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto html = BUF_INIT;
    struct error error;

    if (markdown_to_html((const char *)data, size, &html, &error) < 0) {
        if (size <= MARKDOWN_MAX)
            abort();
        return 0;
    }
    if (strlen(buf_string(&html)) != html.length)
        abort();
    for (const char *at = buf_string(&html); (at = strchr(at, '<'));)
        at = check_tag(buf_string(&html), at);
    return 0;
}
