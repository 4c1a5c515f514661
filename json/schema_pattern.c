#define PCRE2_CODE_UNIT_WIDTH 8

#include "json/schema_pattern.h"

#include <ctype.h>
#include <errno.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

/* Two tries: nearly every match is found out within the first, which costs little even for an
 * array of a hundred thousand strings. Both numbers bound PCRE2's inner steps over all places of
 * the text where a match could begin; PCRE2 itself counts them for each place anew. */
#define FIRST_TRY       5000
#define SECOND_TRY      10000000
#define SECOND_TRY_COST 250000
#define SEARCH_COST     50
#define HEAP_KILOBYTES  20000

struct schema_pattern {
    pcre2_code *code;
    bool anchored;
};

struct translation {
    const char *at;
    struct buf to;
    bool in_class;
    bool class_escape; /* the last thing of the class was \d, \s ... */
    struct error *error;
};

#define WHITE_SPACE                                                                                \
    "\\x{9}-\\x{d} "                                                                               \
    "\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"             \
    "\\x{feff}"
#define NO_WHITE_SPACE                                                                             \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"  \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}\\x{e000}-\\x{"   \
    "fefe}"                                                                                        \
    "\\x{ff00}-\\x{10ffff}"

static int refuse(struct translation *t, const char *why)
{
    return error_set(t->error, EINVAL, "%s", why);
}

static void add_code_point(struct translation *t, uint32_t c)
{
    buf_addf(&t->to, "\\x{%x}", (unsigned)c);
}

/* Reads exactly `digits` hexadecimal ones at `p`; -1 if they are not there. */
static int32_t read_hex(const char *p, int digits)
{
    char text[5] = {0};

    for (int i = 0; i < digits; i++) {
        if (!isxdigit((unsigned char)p[i]))
            return -1;
        text[i] = p[i];
    }
    return (int32_t)strtol(text, NULL, 16);
}

/* \u{1F600}, \u00e9, \ud83d\ude00; `at` is behind the u. */
static int unicode_escape(struct translation *t)
{
    int32_t c;

    if (*t->at == '{') {
        size_t n = strspn(t->at + 1, "0123456789abcdefABCDEF");
        unsigned long value = n > 0 && n <= 8 ? strtoul(t->at + 1, NULL, 16) : 0x110000;
        if (t->at[n + 1] != '}' || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
            return refuse(t, "\\u{...} holds no character");
        t->at += n + 2;
        add_code_point(t, (uint32_t)value);
        return 0;
    }
    c = read_hex(t->at, 4);
    if (c < 0)
        return refuse(t, "\\u must be followed by four hexadecimal digits");
    t->at += 4;
    if (c >= 0xd800 && c < 0xdc00 && t->at[0] == '\\' && t->at[1] == 'u') {
        int32_t low = read_hex(t->at + 2, 4);
        if (low >= 0xdc00 && low < 0xe000) {
            t->at += 6;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    if (c >= 0xd800 && c < 0xe000)
        return refuse(t, "half of a surrogate pair cannot be matched");
    add_code_point(t, (uint32_t)c);
    return 0;
}

/* The general categories by their long names, which PCRE2 does not know. */
static const char *const categories[][2] = {
    {"Cased_Letter", "L&"},
    {"LC", "L&"},
    {"Close_Punctuation", "Pe"},
    {"Combining_Mark", "M"},
    {"Connector_Punctuation", "Pc"},
    {"Control", "Cc"},
    {"Currency_Symbol", "Sc"},
    {"Dash_Punctuation", "Pd"},
    {"Decimal_Number", "Nd"},
    {"Enclosing_Mark", "Me"},
    {"Final_Punctuation", "Pf"},
    {"Format", "Cf"},
    {"Initial_Punctuation", "Pi"},
    {"Letter", "L"},
    {"Letter_Number", "Nl"},
    {"Line_Separator", "Zl"},
    {"Lowercase_Letter", "Ll"},
    {"Mark", "M"},
    {"Math_Symbol", "Sm"},
    {"Modifier_Letter", "Lm"},
    {"Modifier_Symbol", "Sk"},
    {"Nonspacing_Mark", "Mn"},
    {"Number", "N"},
    {"Open_Punctuation", "Ps"},
    {"Other", "C"},
    {"Other_Letter", "Lo"},
    {"Other_Number", "No"},
    {"Other_Punctuation", "Po"},
    {"Other_Symbol", "So"},
    {"Paragraph_Separator", "Zp"},
    {"Private_Use", "Co"},
    {"Punctuation", "P"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Spacing_Mark", "Mc"},
    {"Surrogate", "Cs"},
    {"Symbol", "S"},
    {"Titlecase_Letter", "Lt"},
    {"Unassigned", "Cn"},
    {"Uppercase_Letter", "Lu"},
    {"cntrl", "Cc"},
    {"digit", "Nd"},
    {"punct", "P"},
};

/* \p{...} and \P{...}; `at` is behind the p. */
static int property_escape(struct translation *t, char p)
{
    const char *name = t->at + 1;
    size_t length = strcspn(name, "}");

    if (*t->at != '{' || name[length] != '}')
        return refuse(t, "\\p must be followed by a property in braces");
    t->at = name + length + 1;
    for (size_t prefix = 0; prefix < 2; prefix++) {
        const char *text = prefix ? "General_Category=" : "gc=";
        if (strncmp(name, text, strlen(text)) == 0) {
            name += strlen(text);
            length -= strlen(text);
        }
    }
    buf_addf(&t->to, "\\%c{", p);
    for (size_t i = 0; i < COUNT_OF(categories); i++) {
        if (strlen(categories[i][0]) == length && strncmp(categories[i][0], name, length) == 0) {
            buf_addf(&t->to, "%s}", categories[i][1]);
            return 0;
        }
    }
    buf_addf(&t->to, "%.*s}", (int)length, name);
    return 0;
}

static void space_escape(struct translation *t, char c)
{
    const char *inside = c == 's' ? WHITE_SPACE : NO_WHITE_SPACE;

    if (t->in_class)
        buf_add_string(&t->to, inside);
    else
        buf_addf(&t->to, "[%s]", inside);
}

/* \1, \0; `at` is at the digit. */
static int digit_escape(struct translation *t)
{
    size_t n = strspn(t->at, "0123456789");

    if (*t->at == '0' && n == 1) {
        t->at++;
        add_code_point(t, 0);
        return 0;
    }
    if (*t->at == '0' || t->in_class || n > 4)
        return refuse(t, "a backslash before a number must refer to a group");
    buf_addf(&t->to, "\\g{%.*s}", (int)n, t->at);
    t->at += n;
    return 0;
}

static int letter_escape(struct translation *t, char c)
{
    static const char controls[] = "tnvfr"; /* 9 to 13 */
    const char *control = strchr(controls, c);
    char why[40];

    if (control) {
        add_code_point(t, (uint32_t)(9 + (control - controls)));
        return 0;
    }
    if (c == 'b' && t->in_class) {
        add_code_point(t, 8);
        return 0;
    }
    if (!t->in_class && (strchr("bB", c) || (c == 'k' && *t->at == '<'))) {
        buf_addf(&t->to, "\\%c", c);
        return 0;
    }
    if (c == 'c' && isalpha((unsigned char)*t->at)) {
        add_code_point(t, (uint32_t)*t->at++ % 32);
        return 0;
    }
    if (c == 'x' && read_hex(t->at, 2) >= 0) {
        add_code_point(t, (uint32_t)read_hex(t->at, 2));
        t->at += 2;
        return 0;
    }
    snprintf(why, sizeof(why), "\\%c is no escape sequence", c);
    return refuse(t, why);
}

static int escape(struct translation *t)
{
    char c = *++t->at;

    if (c == '\0')
        return refuse(t, "it ends with a backslash");
    t->class_escape = strchr("dDwWsSpP", c) != NULL;
    if (isdigit((unsigned char)c))
        return digit_escape(t);
    t->at++;
    if (strchr("dDwW", c))
        buf_addf(&t->to, "\\%c", c);
    else if (c == 's' || c == 'S')
        space_escape(t, c);
    else if (c == 'p' || c == 'P')
        return property_escape(t, c);
    else if (c == 'u')
        return unicode_escape(t);
    else if (isalpha((unsigned char)c))
        return letter_escape(t, c);
    else if (isascii(c))
        buf_addf(&t->to, "\\%c", c);
    else
        buf_add_char(&t->to, c);
    return 0;
}

/* A hyphen beside \d and the like stands for itself. */
static bool is_plain_hyphen(const struct translation *t)
{
    return t->class_escape || (t->at[1] == '\\' && t->at[2] && strchr("dDwWsSpP", t->at[2]));
}

static void character_in_class(struct translation *t)
{
    if (*t->at == ']')
        t->in_class = false;
    if (*t->at == '[' || (*t->at == '-' && is_plain_hyphen(t)))
        buf_add_char(&t->to, '\\');
    buf_add_char(&t->to, *t->at++);
    t->class_escape = false;
}

/* Whether a brace begins {1}, {1,} or {1,2}; any other stands for itself. */
static bool is_quantifier(const char *p)
{
    size_t n = strspn(p + 1, "0123456789");

    p += 1 + n;
    if (n > 0 && *p == ',')
        p += 1 + strspn(p + 1, "0123456789");
    return n > 0 && *p == '}';
}

static int character(struct translation *t)
{
    if (t->at[0] == '(' && t->at[1] == '*')
        return refuse(t, "there is nothing to repeat before an asterisk");
    if (*t->at == '.') {
        buf_add_string(&t->to, "[^\\n\\r\\x{2028}\\x{2029}]");
        t->at++;
        return 0;
    }
    if (*t->at == '{' && !is_quantifier(t->at))
        buf_add_char(&t->to, '\\');
    if (*t->at == '[') {
        t->in_class = true;
        t->class_escape = false;
        if (t->at[1] == '^')
            buf_add_char(&t->to, *t->at++);
    }
    buf_add_char(&t->to, *t->at++);
    return 0;
}

static int translate(struct translation *t)
{
    int r = 0;

    while (*t->at && r == 0) {
        if (*t->at == '\\')
            r = escape(t);
        else if (t->in_class)
            character_in_class(t);
        else
            r = character(t);
    }
    return r;
}

static int compile(struct schema_pattern *pattern, const struct buf *text, struct error *error)
{
    uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                       PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C;
    PCRE2_UCHAR message[128];
    PCRE2_SIZE offset;
    uint32_t all;
    int code;

    pattern->code =
        pcre2_compile((PCRE2_SPTR)buf_string(text), text->length, options, &code, &offset, NULL);
    if (!pattern->code) {
        pcre2_get_error_message(code, message, sizeof(message));
        return error_set(error, EINVAL, "%s", (const char *)message);
    }
    pcre2_pattern_info(pattern->code, PCRE2_INFO_ALLOPTIONS, &all);
    pattern->anchored = all & PCRE2_ANCHORED;
    return 0;
}

int schema_pattern_compile(const char *source, struct schema_pattern **ret_pattern,
                           struct error *error)
{
    struct translation t = {.at = source, .error = error};
    struct schema_pattern *pattern;
    int r;

    if (strlen(source) > SCHEMA_PATTERN_LENGTH)
        return error_set(error, EINVAL, "it is longer than %d bytes", SCHEMA_PATTERN_LENGTH);
    pattern = calloc(1, sizeof(*pattern));
    if (!pattern)
        return error_set(error, ENOMEM, "no memory for a pattern");
    r = translate(&t);
    if (r == 0 && t.to.failed)
        r = error_set(error, ENOMEM, "no memory for a pattern");
    if (r == 0)
        r = compile(pattern, &t.to, error);
    buf_release(&t.to);
    if (r < 0) {
        schema_pattern_free(pattern);
        return -1;
    }
    *ret_pattern = pattern;
    return 0;
}

size_t schema_pattern_size(const struct schema_pattern *pattern)
{
    size_t size = 0;

    pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &size);
    return size;
}

void schema_pattern_free(struct schema_pattern *pattern)
{
    if (pattern)
        pcre2_code_free(pattern->code);
    free(pattern);
}

/* One try; the limits are for the whole text. */
static int try_search(const struct schema_pattern *pattern, const char *text, size_t length,
                      size_t limit)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    size_t each = pattern->anchored ? limit : limit / (length + 1);
    int result = PCRE2_ERROR_NOMEMORY;

    if (data && context) {
        pcre2_set_match_limit(context, (uint32_t)(each < 20 ? 20 : each));
        pcre2_set_heap_limit(context, HEAP_KILOBYTES);
        result = pcre2_match(pattern->code, (PCRE2_SPTR)text, length, 0, 0, data, context);
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    return result;
}

int schema_pattern_search(const struct schema_pattern *pattern, const char *text, size_t length,
                          size_t *steps)
{
    int result = try_search(pattern, text, length, FIRST_TRY);

    *steps += SEARCH_COST + length / 8;
    if (result == PCRE2_ERROR_MATCHLIMIT) {
        *steps += SECOND_TRY_COST;
        result = try_search(pattern, text, length, SECOND_TRY);
    }
    if (result >= 0)
        return 1;
    return result == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
