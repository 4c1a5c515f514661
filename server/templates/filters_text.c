/* Filters on text; see filters.h. */
#include <math.h>
#include <string.h>

#include "server/templates/filters.h"
#include "json/text.h"

/* The string in the buffer, markup if `like` was. */
static const struct value *finish(struct render *render, struct buf *text, const struct value *like)
{
    const struct value *string = render_buf_string(render, text);

    return string && like->string.safe ? value_safe(render, string) : string;
}

static const struct value *change_case(struct render *render, const struct value *value,
                                       enum text_case which)
{
    buf_auto text = render_buf(render);

    if (!(value = value_text(render, value)))
        return NULL;
    text_add_case(&text, value->string.text, value->string.length, which);
    return finish(render, &text, value);
}

FILTER(upper)
{
    (void)arguments;
    return change_case(render, value, TEXT_UPPER);
}

FILTER(lower)
{
    (void)arguments;
    return change_case(render, value, TEXT_LOWER);
}

/* The first character of each word large, the others small; a word begins as `begins` says. */
static const struct value *capitalize(struct render *render, const struct value *value, bool words)
{
    bool begins = true;
    buf_auto text = render_buf(render);

    if (!(value = value_text(render, value)))
        return NULL;
    const char *p = value->string.text;
    for (size_t rest = value->string.length, n; rest > 0; p += n, rest -= n) {
        n = text_step(p, rest);
        text_add_case(&text, p, n, begins ? TEXT_UPPER : TEXT_LOWER);
        begins = words && (text_space(p, n) || strchr("-({[<", *p));
    }
    return finish(render, &text, value);
}

FILTER(title)
{
    (void)arguments;
    return capitalize(render, value, true);
}

FILTER(capitalize)
{
    (void)arguments;
    return capitalize(render, value, false);
}

/* The length of the character at `text` if it is one of `set` (NULL: a space), else 0. */
static size_t in_set(const char *text, size_t length, const struct value *set)
{
    if (!set)
        return text_space(text, length);
    size_t n = length > 0 ? text_step(text, length) : 0;
    return n > 0 && memmem(set->string.text, set->string.length, text, n) ? n : 0;
}

static size_t in_set_before(const char *text, size_t length, const struct value *set)
{
    size_t n = 1;

    if (!set)
        return text_space_before(text, length);
    while (n < length && ((unsigned char)text[length - n] & 0xc0) == 0x80)
        n++;
    return length > 0 ? in_set(text + length - n, n, set) : 0;
}

FILTER(trim)
{
    const struct value *set =
        arguments[0] && arguments[0]->type != VALUE_NONE ? arguments[0] : NULL;
    size_t n;

    if (!(value = value_text(render, value)))
        return NULL;
    if (set && set->type != VALUE_STRING)
        return render_fail(render, "TypeError", "strip arg must be None or str");
    const char *text = value->string.text;
    size_t length = value->string.length;
    if (!render_steps(render, set ? (length / 64 + 1) * (set->string.length / 64 + 1) : 0))
        return NULL;
    for (; (n = in_set(text, length, set)); text += n)
        length -= n;
    while ((n = in_set_before(text, length, set)))
        length -= n;
    const struct value *trimmed = value_string(render, text, length);
    return trimmed && value->string.safe ? value_safe(render, trimmed) : trimmed;
}

/* Python's replace: with nothing to look for, at each character and at the end. */
static void add_replaced(struct buf *to, const struct value *text, const struct value *old,
                         const struct value *new, int64_t count)
{
    const char *p = text->string.text, *end = p + text->string.length;
    size_t length = old->string.length;

    while (count != 0 && !to->failed) {
        const char *hit = length ? memmem(p, (size_t)(end - p), old->string.text, length) : p;
        if (!hit)
            break;
        buf_add(to, p, (size_t)(hit - p));
        buf_add(to, new->string.text, new->string.length);
        p = hit + length;
        count -= count > 0;
        if (length == 0) {
            if (p == end)
                break;
            size_t n = text_step(p, (size_t)(end - p));
            buf_add(to, p, n);
            p += n;
        }
    }
    buf_add(to, p, (size_t)(end - p));
}

FILTER(replace)
{
    const struct value *count = arguments[2];
    buf_auto text = render_buf(render);

    if (!arguments[0] || !arguments[1])
        return render_fail(render, "TypeError",
                           "the filter 'replace' needs what to replace by what");
    const struct value *old = value_text(render, arguments[0]);
    const struct value *new = old ? value_text(render, arguments[1]) : NULL;
    if (!new || !(value = value_text(render, value)))
        return NULL;
    if (count && count->type != VALUE_NONE && !value_is_integral(count))
        return render_fail(render, "TypeError", "'%s' object cannot be interpreted as an integer",
                           value_type_name(count));
    add_replaced(&text, value, old, new, count && count->type != VALUE_NONE ? count->integer : -1);
    return finish(render, &text, value);
}

FILTER(string)
{
    (void)arguments;
    return value_text(render, value);
}

FILTER(escape)
{
    (void)arguments;
    return escape_html(render, value);
}

FILTER(safe)
{
    (void)arguments;
    return value_safe(render, value_text(render, value));
}

/* JSON with the signs of HTML, and all beyond ASCII, as \uXXXX. */
static void add_json_string(struct buf *to, const char *text, size_t length)
{
    static const char from[] = "\"\\\n\r\t\b\f", into[] = "\"\\nrtbf";

    buf_add_char(to, '"');
    for (size_t n; length > 0; text += n, length -= n) {
        n = text_step(text, length);
        uint32_t code = text_code(text, n);
        const char *simple = n == 1 ? memchr(from, *text, strlen(from)) : NULL;
        if (simple)
            buf_addf(to, "\\%c", into[simple - from]);
        else if (code >= 0x10000)
            buf_addf(to, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
                     0xdc00 + (code & 0x3ff));
        else if (code < 0x20 || code >= 0x7f || strchr("<>&'", (int)code))
            buf_addf(to, "\\u%04x", code);
        else
            buf_add_char(to, (char)code);
    }
    buf_add_char(to, '"');
}

struct json_out {
    struct render *render;
    struct buf *to;
    int64_t indent; /* negative: all in one line */
};

static bool add_json(struct json_out *out, const struct value *value, int depth);

static void add_line(struct json_out *out, int depth)
{
    if (out->indent < 0)
        return;
    buf_add_char(out->to, '\n');
    for (int64_t i = 0; i < out->indent * depth && !out->to->failed; i++)
        buf_add_char(out->to, ' ');
}

static bool add_json_key(struct json_out *out, const struct value *key)
{
    buf_auto text = render_buf(out->render);

    if (key->type == VALUE_STRING) {
        add_json_string(out->to, key->string.text, key->string.length);
        return true;
    }
    struct json_out into = {.render = out->render, .to = &text, .indent = -1};
    if (key->type == VALUE_TUPLE || key->type == VALUE_UNDEFINED) {
        render_fail(out->render, "TypeError", "keys must be str, int, float, bool or None, not %s",
                    value_type_name(key));
        return false;
    }
    if (!add_json(&into, key, 0))
        return false;
    add_json_string(out->to, buf_string(&text), text.length);
    return true;
}

/* The pairs of a dict in the order of their keys. */
static const struct value *sorted_pairs(struct render *render, const struct value *dict)
{
    static const struct value *const arguments[FILTER_ARGUMENTS] = {NULL, &value_true, NULL};
    const struct value *pairs = filter_items(render, dict, arguments);

    return pairs ? filter_sort(render, pairs, arguments) : NULL;
}

static bool add_json_members(struct json_out *out, const struct value *value, int depth)
{
    bool dict = value->type == VALUE_DICT;

    buf_add_char(out->to, dict ? '{' : '[');
    if (dict && !(value = sorted_pairs(out->render, value)))
        return false;
    for (size_t i = 0; i < value->list.count; i++) {
        const struct value *item = value->list.items[i];
        buf_add_string(out->to, i == 0 ? "" : out->indent < 0 ? ", " : ",");
        add_line(out, depth + 1);
        if (dict) {
            if (!add_json_key(out, item->list.items[0]))
                return false;
            buf_add_string(out->to, ": ");
            item = item->list.items[1];
        }
        if (!add_json(out, item, depth + 1))
            return false;
    }
    if (value->list.count > 0)
        add_line(out, depth);
    buf_add_char(out->to, dict ? '}' : ']');
    return true;
}

static bool add_json(struct json_out *out, const struct value *value, int depth)
{
    if (!render_steps(out->render, 1))
        return false;
    switch (value->type) {
    case VALUE_UNDEFINED:
        render_fail(out->render, "TypeError",
                    "Object of type ChainableUndefined is not JSON serializable");
        return false;
    case VALUE_NONE:
        buf_add_string(out->to, "null");
        return true;
    case VALUE_BOOL:
        buf_add_string(out->to, value->integer ? "true" : "false");
        return true;
    case VALUE_REAL:
        if (isfinite(value->real))
            return value_add_text(out->render, value, out->to);
        buf_add_string(out->to, isnan(value->real) ? "NaN"
                                : value->real < 0  ? "-Infinity"
                                                   : "Infinity");
        return true;
    case VALUE_STRING:
        add_json_string(out->to, value->string.text, value->string.length);
        return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
        return add_json_members(out, value, depth);
    default:
        return value_add_text(out->render, value, out->to);
    }
}

FILTER(tojson)
{
    const struct value *indent = arguments[0];
    buf_auto text = render_buf(render);

    if (indent && indent->type != VALUE_NONE && !value_is_integral(indent))
        return render_refuse(render, "the indent of 'tojson' is a number of spaces");
    struct json_out out = {.render = render,
                           .to = &text,
                           .indent = indent && indent->type != VALUE_NONE ? indent->integer : -1};
    if (out.indent > 100)
        return render_refuse(render, "the indent of 'tojson' is at most 100");
    if (!add_json(&out, value, 0))
        return NULL;
    return value_safe(render, render_buf_string(render, &text));
}
