/* The formats that can be checked without large tables: JSON Schema validation, section 7.3. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "common/times.h"
#include "json/schema_internal.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool alphanumeric(char c)
{
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool hexadecimal(char c)
{
    return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Reads exactly `count` digits; -1 if they are not there. */
static int number(const char **p, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*p)++) {
        if (!digit(**p))
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* RFC 3339: full-date */
static bool read_date(const char **p)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = number(p, 4);
    int month = year >= 0 && take_char(p, '-') ? number(p, 2) : -1;
    int day = month >= 0 && take_char(p, '-') ? number(p, 2) : -1;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (day < 1 || month < 1 || month > 12)
        return false;
    return day <= days[month - 1] + (month == 2 && leap);
}

/* RFC 3339: full-time; a second 60 only where UTC can have one. */
static bool read_time(const char **p)
{
    int hour = number(p, 2);
    int minute = hour >= 0 && take_char(p, ':') ? number(p, 2) : -1;
    int second = minute >= 0 && take_char(p, ':') ? number(p, 2) : -1;
    int utc;

    if (second < 0 || hour > 23 || minute > 59 || second > 60)
        return false;
    if (take_char(p, '.')) {
        if (!digit(**p))
            return false;
        while (digit(**p))
            (*p)++;
    }
    utc = hour * 60 + minute;
    if (**p == 'Z' || **p == 'z') {
        (*p)++;
    } else {
        int sign = take_char(p, '+') ? 1 : take_char(p, '-') ? -1 : 0;
        int hours = sign ? number(p, 2) : -1;
        int minutes = hours >= 0 && take_char(p, ':') ? number(p, 2) : -1;
        if (minutes < 0 || hours > 23 || minutes > 59)
            return false;
        utc -= sign * (hours * 60 + minutes);
    }
    return second < 60 || (utc + 2 * 1440) % 1440 == 1439;
}

static bool is_date(const char *text, size_t length)
{
    const char *p = text;

    return read_date(&p) && p == text + length;
}

static bool is_time(const char *text, size_t length)
{
    const char *p = text;

    return read_time(&p) && p == text + length;
}

static bool is_date_time(const char *text, size_t length)
{
    const char *p = text;

    return read_date(&p) && (take_char(&p, 'T') || take_char(&p, 't')) && read_time(&p) &&
           p == text + length;
}

/* Numbers with units in the order of `units`, each at most once; how many there were, -1 if wrong.
 */
static int read_units(const char **p, const char *units)
{
    int count = 0;

    while (digit(**p)) {
        const char *found;
        while (digit(**p))
            (*p)++;
        found = **p ? strchr(units, **p) : NULL;
        if (!found)
            return -1;
        units = found + 1;
        (*p)++;
        count++;
    }
    return count;
}

/* RFC 3339, appendix A: P3DT4H, P2W */
static bool is_duration(const char *text, size_t length)
{
    const char *p = text;
    int dates;

    if (!take_char(&p, 'P'))
        return false;
    if (strchr(p, 'W'))
        return read_units(&p, "W") == 1 && p == text + length;
    dates = read_units(&p, "YMD");
    if (dates < 0 || (dates == 0 && *p != 'T'))
        return false;
    if (take_char(&p, 'T') && read_units(&p, "HMS") < 1)
        return false;
    return p == text + length;
}

/* RFC 1123, section 2.1 */
static bool is_hostname(const char *text, size_t length)
{
    size_t label = 0;

    if (length == 0 || length > 253)
        return false;
    for (size_t i = 0; i <= length; i++) {
        if (i == length || text[i] == '.') {
            if (label == 0 || label > 63 || text[i - 1] == '-')
                return false;
            label = 0;
        } else if (alphanumeric(text[i]) || (text[i] == '-' && label > 0)) {
            label++;
        } else {
            return false;
        }
    }
    return true;
}

static bool is_ipv4(const char *text, size_t length)
{
    struct in_addr address;

    return strlen(text) == length && inet_pton(AF_INET, text, &address) == 1;
}

static bool is_ipv6(const char *text, size_t length)
{
    struct in6_addr address;

    return strlen(text) == length && inet_pton(AF_INET6, text, &address) == 1;
}

/* Calls a check with a part of a text as a string of its own. */
static bool part_is(bool (*check)(const char *, size_t), const char *text, size_t length)
{
    char part[64];

    if (length >= sizeof(part))
        return false;
    memcpy(part, text, length);
    part[length] = '\0';
    return check(part, length);
}

/* RFC 5321: dot-string or quoted-string */
static bool is_local_part(const char *text, size_t length)
{
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        for (size_t i = 1; i < length - 1; i++) {
            if ((text[i] == '\\' && ++i == length - 1) || text[i] < ' ' || text[i] > '~' ||
                (text[i] == '"' && text[i - 1] != '\\'))
                return false;
        }
        return true;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' ? i == 0 || i == length - 1 || text[i - 1] == '.'
                           : !alphanumeric(text[i]) && !strchr("!#$%&'*+-/=?^_`{|}~", text[i]))
            return false;
    }
    return length > 0;
}

static bool is_email(const char *text, size_t length)
{
    const char *at = memrchr(text, '@', length);
    size_t domain;

    if (!at || !is_local_part(text, (size_t)(at - text)))
        return false;
    domain = length - (size_t)(at + 1 - text);
    if (at[1] != '[')
        return is_hostname(at + 1, domain);
    if (at[domain] != ']')
        return false;
    if (strncmp(at + 2, "IPv6:", 5) == 0)
        return part_is(is_ipv6, at + 7, domain - 7);
    return part_is(is_ipv4, at + 2, domain - 2);
}

static bool is_uuid(const char *text, size_t length)
{
    if (length != 36)
        return false;
    for (size_t i = 0; i < length; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !hexadecimal(text[i]))
            return false;
    }
    return true;
}

static bool is_regex(const char *text, size_t length)
{
    struct schema_pattern *pattern;

    if (strlen(text) != length || schema_pattern_compile(text, &pattern, NULL) < 0)
        return false;
    schema_pattern_free(pattern);
    return true;
}

/* RFC 6901 */
static bool is_json_pointer(const char *text, size_t length)
{
    if (length > 0 && text[0] != '/')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '~' && text[i + 1] != '0' && text[i + 1] != '1')
            return false;
    }
    return true;
}

static bool is_relative_json_pointer(const char *text, size_t length)
{
    size_t n = strspn(text, "0123456789");

    if (n == 0 || (text[0] == '0' && n > 1))
        return false;
    return (text[n] == '#' && n + 1 == length) || is_json_pointer(text + n, length - n);
}

/* Whether all bytes may stand in a part of a URI: unreserved, escaped, or one of `others`. */
static bool are_uri_characters(const char *text, size_t length, const char *others)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%' && i + 2 < length && hexadecimal(text[i + 1]) &&
            hexadecimal(text[i + 2]))
            i += 2;
        else if (!alphanumeric(text[i]) && (!text[i] || !strchr("-._~", text[i])) &&
                 (!text[i] || !strchr(others, text[i])))
            return false;
    }
    return true;
}

#define SUB_DELIMS "!$&'()*+,;="

/* [userinfo@]host[:port] */
static bool is_authority(const char *text, size_t length)
{
    const char *at = memchr(text, '@', length);
    const char *end = text + length;

    if (at) {
        if (!are_uri_characters(text, (size_t)(at - text), SUB_DELIMS ":"))
            return false;
        text = at + 1;
    }
    if (text < end && *text == '[') {
        const char *close = memchr(text, ']', (size_t)(end - text));
        if (!close)
            return false;
        size_t inside = (size_t)(close - text - 1);
        if (text[1] == 'v' ? !are_uri_characters(text + 1, inside, SUB_DELIMS ":")
                           : !part_is(is_ipv6, text + 1, inside))
            return false;
        text = close + 1;
        if (text < end && *text != ':')
            return false;
    }
    const char *colon = memchr(text, ':', (size_t)(end - text));
    const char *host_end = colon ? colon : end;
    if (!are_uri_characters(text, (size_t)(host_end - text), SUB_DELIMS))
        return false;
    for (const char *p = colon ? colon + 1 : end; p < end; p++) {
        if (!digit(*p))
            return false;
    }
    return true;
}

/* RFC 3986, behind the scheme */
static bool is_relative_part(const char *text, size_t length)
{
    const char *end = text + length;
    const char *fragment = memchr(text, '#', length);
    const char *query = memchr(text, '?', fragment ? (size_t)(fragment - text) : length);
    const char *path_end = query ? query : fragment ? fragment : end;

    if (fragment &&
        !are_uri_characters(fragment + 1, (size_t)(end - fragment - 1), SUB_DELIMS ":@/?"))
        return false;
    if (query && !are_uri_characters(query + 1, (size_t)((fragment ? fragment : end) - query - 1),
                                     SUB_DELIMS ":@/?"))
        return false;
    if (path_end - text >= 2 && text[0] == '/' && text[1] == '/') {
        size_t n = 0;
        text += 2;
        while (text + n < path_end && text[n] != '/')
            n++;
        if (!is_authority(text, n))
            return false;
        text += n;
    }
    return are_uri_characters(text, (size_t)(path_end - text), SUB_DELIMS ":@/");
}

/* The length of the scheme, 0 if there is none. */
static size_t scheme(const char *text)
{
    size_t n = 0;

    if (!isascii(text[0]) || !isalpha((unsigned char)text[0]))
        return 0;
    while (alphanumeric(text[n]) || (text[n] && strchr("+-.", text[n])))
        n++;
    return text[n] == ':' ? n : 0;
}

static bool is_uri(const char *text, size_t length)
{
    size_t n = scheme(text);

    return n > 0 && is_relative_part(text + n + 1, length - n - 1);
}

static bool is_uri_reference(const char *text, size_t length)
{
    if (is_uri(text, length))
        return true;
    size_t colon = strcspn(text, ":/?#");
    return text[colon] != ':' && is_relative_part(text, length);
}

static bool is_local_time(const char *text, size_t length)
{
    struct time_of_day time;

    return strlen(text) == length && time_of_day_parse(text, &time);
}

static const struct schema_format formats[] = {
    {"base64", base64_is, "base64, such as aGVsbG8="},
    {"date", is_date, "a date such as 2026-05-17"},
    {"date-time", is_date_time, "a date and time such as 2026-05-17T09:30:00Z"},
    {"duration", is_duration, "a duration such as P3DT4H"},
    {"email", is_email, "an e-mail address"},
    {"hostname", is_hostname, "the name of a host"},
    {"ipv4", is_ipv4, "an IPv4 address"},
    {"ipv6", is_ipv6, "an IPv6 address"},
    {"json-pointer", is_json_pointer, "a JSON pointer"},
    {"regex", is_regex, "a regular expression"},
    {"relative-json-pointer", is_relative_json_pointer, "a relative JSON pointer"},
    {"time", is_time, "a time of day such as 09:30:00Z"},
    {"uri", is_uri, "an address such as https://example.com/"},
    {"uri-reference", is_uri_reference, "an address or a part of one"},
    {"uuid", is_uuid, "a UUID"},
};

static const struct schema_format local_time = {"time", is_local_time,
                                                "a time of day such as 09:30"};

const struct schema_format *schema_format_find(const char *name, bool local_times)
{
    if (local_times && strcmp(name, local_time.name) == 0)
        return &local_time;
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    }
    return NULL;
}
