/* The rules of a field beyond its type. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <math.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "common/ids.h"
#include "common/times.h"
#include "lib/errors.h"
#include "lib/model.h"
#include "lib/utf8.h"
#include "json/text.h"
#include "json/writer.h"

#define MATCH_STEPS 1000000 /* an answer may not keep us busy for longer */

/* ---- bounds and lengths ---------------------------------------------------------------------- */

static int compare_with_bound(const json_t *value, const struct fm_value *bound)
{
    json_t *other =
        bound->kind == FM_VALUE_NUMBER ? json_real(bound->number) : json_integer(bound->integer);
    int order = json_number_compare(value, other);

    json_decref(other);
    return order;
}

static void check_bounds(const struct fm_field *field, const json_t *value, const char *path,
                         struct fm_problems *problems)
{
    const struct {
        const struct fm_value *bound;
        const char *words;
        int sign; /* of the comparison that is wrong */
        bool exclusive;
    } bounds[] = {
        {&field->minimum, "at least", -1, false},
        {&field->maximum, "at most", 1, false},
        {&field->exclusive_minimum, "more than", -1, true},
        {&field->exclusive_maximum, "less than", 1, true},
    };

    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        const struct fm_value *bound = bounds[i].bound;
        if (bound->kind == FM_VALUE_NONE)
            continue;
        int order = compare_with_bound(value, bound) * bounds[i].sign;
        if (order < 0 || (order == 0 && !bounds[i].exclusive))
            continue;
        if (bound->kind == FM_VALUE_NUMBER)
            fm_problem(problems, path, "must be %s %g", bounds[i].words, bound->number);
        else
            fm_problem(problems, path, "must be %s %lld", bounds[i].words,
                       (long long)bound->integer);
    }
}

static size_t count_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void check_length(const struct fm_field *field, size_t length, const char *what,
                         const char *path, struct fm_problems *problems)
{
    if (field->min_length == 1 && length == 0)
        fm_problem(problems, path, "must not be empty");
    else if (length < field->min_length)
        fm_problem(problems, path, "must have at least %zu %s", field->min_length, what);
    if (field->max_length && length > field->max_length)
        fm_problem(problems, path, "must have at most %zu %s", field->max_length, what);
}

/* ---- strings --------------------------------------------------------------------------------- */

static int compile_pattern(const char *pattern, const char *name, pcre2_code **ret_code,
                           struct fm_error *error)
{
    int number;
    PCRE2_SIZE offset;

    *ret_code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                              &number, &offset, NULL);
    if (!*ret_code)
        return fail(error, FM_INVALID, "'%s' of field %s is no regular expression", pattern, name);
    return 0;
}

static int check_pattern(const char *pattern, const char *text, const char *path,
                         struct fm_problems *problems, struct fm_error *error)
{
    pcre2_code *code;

    int r = compile_pattern(pattern, path, &code, error);
    if (r < 0)
        return r;
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (limits && data) {
        pcre2_set_match_limit(limits, MATCH_STEPS);
        int found = pcre2_match(code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, data, limits);
        if (found < 0)
            fm_problem(problems, path, "must match the pattern %s", pattern);
    } else {
        r = fail_without_memory(error);
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
    return r;
}

bool date_parse(const char *text, struct fm_date *ret_date)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct fm_date date;
    int end = 0;

    if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 || text[4] != '-' ||
        text[7] != '-' ||
        sscanf(text, "%4d-%2d-%2d%n", &date.year, &date.month, &date.day, &end) != 3 || end != 10)
        return false;
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1)
        return false;
    bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
    if (date.day > days[date.month - 1] + (date.month == 2 && leap))
        return false;
    *ret_date = date;
    return true;
}

static bool is_date(const char *text)
{
    struct fm_date date;

    return date_parse(text, &date);
}

static bool is_time(const char *text)
{
    struct time_of_day time;

    return time_of_day_parse(text, &time);
}

static bool is_datetime(const char *text)
{
    int64_t time;

    return strlen(text) > 10 && time_parse(text, &time);
}

static bool is_uuid(const char *text)
{
    char id[ID_SIZE];

    return id_parse(text, id);
}

/* RFC 5321's form as far as a person can get it wrong: something, one @, a host with its parts. */
static bool is_email(const char *text)
{
    const char *at = strchr(text, '@');
    const char *host = at ? at + 1 : NULL;

    if (!at || at == text || !*host || strchr(host, '@') || strpbrk(text, " \t\r\n,;<>"))
        return false;
    return *host != '.' && host[strlen(host) - 1] != '.' && !strstr(text, "..");
}

static void check_format(const char *format, const char *text, const char *path,
                         struct fm_problems *problems)
{
    static const struct {
        const char *format;
        bool (*is)(const char *text);
        const char *words;
    } formats[] = {
        {"date", is_date, "a date such as 2026-12-31"},
        {"time", is_time, "a time of day such as 13:45"},
        {"date-time", is_datetime, "a date with a time such as 2026-12-31T18:00:00Z"},
        {"uuid", is_uuid, "a UUID"},
        {"email", is_email, "an e-mail address"},
    };

    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (strcmp(formats[i].format, format) == 0 && !formats[i].is(text))
            fm_problem(problems, path, "must be %s", formats[i].words);
    }
}

/* ---- choices --------------------------------------------------------------------------------- */

static void check_text_choice(const char *const *choices, const char *text, const char *path,
                              struct fm_problems *problems)
{
    buf_auto list = BUF_INIT;

    for (const char *const *choice = choices; *choice; choice++) {
        if (strcmp(*choice, text) == 0)
            return;
        buf_addf(&list, "%s%s", list.length ? ", " : "", *choice);
    }
    fm_problem(problems, path, "must be one of %s", buf_string(&list));
}

static void check_number_choice(const struct fm_numbered_choices *choices, const json_t *number,
                                const char *path, struct fm_problems *problems)
{
    buf_auto list = BUF_INIT;

    for (size_t i = 0; i < choices->count; i++) {
        const struct fm_value choice = {.kind = FM_VALUE_INTEGER, .integer = choices->items[i]};
        if (compare_with_bound(number, &choice) == 0)
            return;
        buf_addf(&list, "%s%lld", list.length ? ", " : "", (long long)choices->items[i]);
    }
    fm_problem(problems, path, "must be one of %s", buf_string(&list));
}

/* The choices are those of the texts and whole numbers wherever they are in the value. */
static void check_choices(const struct fm_field *field, const struct fm_type *type,
                          const json_t *value, const char *path, struct fm_problems *problems)
{
    size_t i;
    const char *key;
    json_t *inner;

    type = type_behind(type);
    if (type->kind == FM_KIND_STRING && field->choices && json_is_string(value))
        check_text_choice(field->choices, json_string_value(value), path, problems);
    if (type->kind == FM_KIND_INTEGER && field->numbered_choices.count && json_is_number(value))
        check_number_choice(&field->numbered_choices, value, path, problems);
    if (type->kind != FM_KIND_LIST && type->kind != FM_KIND_SET && type->kind != FM_KIND_MAP)
        return;
    json_array_foreach(value, i, inner) {
        buf_auto inner_path = BUF_INIT;
        buf_addf(&inner_path, "%s[%zu]", path, i);
        check_choices(field, type->items, inner, buf_string(&inner_path), problems);
    }
    json_object_foreach((json_t *)value, key, inner) {
        buf_auto inner_path = BUF_INIT;
        buf_addf(&inner_path, "%s%s", path, *path ? "." : "");
        buf_add_short(&inner_path, key, KEY_SHOWN);
        check_choices(field, type->items, inner, buf_string(&inner_path), problems);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void check_count(const struct fm_field *field, const json_t *value, const char *path,
                        struct fm_problems *problems)
{
    enum fm_kind kind = type_behind(field->type)->kind;

    if (kind == FM_KIND_LIST || kind == FM_KIND_SET)
        check_length(field, json_array_size(value), "items", path, problems);
    if (kind == FM_KIND_MAP)
        check_length(field, json_object_size(value), "items", path, problems);
}

int check_rules(const struct fm_field *field, const json_t *value, const char *path,
                struct fm_problems *problems, struct fm_error *error)
{
    const char *text = json_string_value(value);

    if (json_is_number(value))
        check_bounds(field, value, path, problems);
    if (text)
        check_length(field, count_characters(text), "characters", path, problems);
    check_count(field, value, path, problems);
    if (field->choices || field->numbered_choices.count)
        check_choices(field, field->type, value, path, problems);
    if (text && field->format)
        check_format(field->format, text, path, problems);
    return text && field->pattern ? check_pattern(field->pattern, text, path, problems, error) : 0;
}

/* ---- of the table itself --------------------------------------------------------------------- */

static const struct fm_type *innermost(const struct fm_type *type)
{
    while (type->items)
        type = type->items;
    return type;
}

int check_field(const struct fm_field *field, struct fm_error *error)
{
    enum fm_kind kind = innermost(field->type)->kind;
    pcre2_code *code = NULL;
    int r = 0;

    if (field->choices && kind != FM_KIND_STRING)
        return fail(error, FM_INVALID,
                    "choices of field %s: they are for texts; whole numbers have numbered_choices",
                    field->name);
    if (field->numbered_choices.count && kind != FM_KIND_INTEGER)
        return fail(error, FM_INVALID,
                    "numbered_choices of field %s: they are for whole numbers; texts have choices",
                    field->name);
    if (field->pattern && kind != FM_KIND_STRING)
        return fail(error, FM_INVALID, "pattern of field %s: it is for texts", field->name);
    if (field->pattern)
        r = compile_pattern(field->pattern, field->name, &code, error);
    pcre2_code_free(code);
    return r;
}
