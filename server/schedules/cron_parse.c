/* The text of a cron expression. The grammar is the one that Prefect takes (croniter's). */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "server/schedules/calendar.h"
#include "server/schedules/kinds.h"

#define TEXT_CEILING 1000
#define LARGEST_SET  (CRON_LAST_YEAR - CRON_FIRST_YEAR + 1)

enum {
    CRON_MINUTE,
    CRON_HOUR,
    CRON_DAY,
    CRON_MONTH,
    CRON_WEEKDAY,
    CRON_SECOND,
    CRON_YEAR,
    CRON_FIELDS
};

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const struct field {
    const char *name;
    int low;
    int high;
    int highest; /* that may be written: 7 is another name of Sunday */
    const char *const *names;
} fields[CRON_FIELDS] = {
    [CRON_MINUTE] = {"minute", 0, 59, 59, NULL},
    [CRON_HOUR] = {"hour", 0, 23, 23, NULL},
    [CRON_DAY] = {"day of month", 1, 31, 31, NULL},
    [CRON_MONTH] = {"month", 1, 12, 12, month_names},
    [CRON_WEEKDAY] = {"day of week", 0, 6, 7, weekday_names},
    [CRON_SECOND] = {"second", 0, 59, 59, NULL},
    [CRON_YEAR] = {"year", CRON_FIRST_YEAR, CRON_LAST_YEAR, CRON_LAST_YEAR, NULL},
};

/* What a field's text came to. */
struct values {
    bool has[LARGEST_SET]; /* [0] is the field's lowest */
    bool any;              /* "*" or "?" */
    bool last_day;
    uint8_t nth_weekdays[CRON_NTH];
    uint8_t last_weekdays;
};

/* One of the things between commas: from `first` to `last`, past the field's end if it wraps. */
struct item {
    int first;
    int last;
    int step;
    int nth; /* 0: each such day */
};

/* A number or a name, up to the end of the digits or letters. */
static bool read_value(const struct field *field, const char **text, int *ret_value)
{
    const char *p = *text;
    int value = 0;

    for (int i = 0; field->names && field->names[i]; i++)
        if (strncasecmp(p, field->names[i], 3) == 0 && !isalnum((unsigned char)p[3])) {
            *text = p + 3;
            *ret_value = field->low + i;
            return true;
        }
    for (; isdigit((unsigned char)*p) && value <= 9999; p++)
        value = value * 10 + (*p - '0');
    if (p == *text || isalnum((unsigned char)*p) || value < field->low || value > field->highest)
        return false;
    *text = p;
    *ret_value = value;
    return true;
}

static bool read_count(const char **text, int highest, int *ret_value)
{
    int value = 0;
    const char *p = *text;

    for (; isdigit((unsigned char)*p) && value <= highest; p++)
        value = value * 10 + (*p - '0');
    if (p == *text || value < 1 || value > highest)
        return false;
    *text = p;
    *ret_value = value;
    return true;
}

static bool literal(const char **text, const char *what)
{
    size_t length = strlen(what);

    if (strncasecmp(*text, what, length) != 0)
        return false;
    *text += length;
    return true;
}

/* "5", "mon-fri", "20-31", "20-l" */
static bool read_range(int index, const char **text, struct item *item)
{
    const struct field *field = &fields[index];

    if (!read_value(field, text, &item->first))
        return false;
    item->last = item->first;
    if (!literal(text, "-"))
        return true;
    if (index == CRON_DAY && literal(text, "l"))
        item->last = field->high;
    else if (!read_value(field, text, &item->last))
        return false;
    if (item->last < item->first) {
        item->last += field->high - field->low + 1;
        return index != CRON_YEAR;
    }
    return true;
}

/* "*", a range, each also with a step; a range with "#" and which of the month. */
static bool read_item(int index, const char *text, struct item *ret_item)
{
    const struct field *field = &fields[index];
    struct item item = {.first = field->low, .last = field->high, .step = 1};
    bool star = literal(&text, "*");
    const char *start = text;

    if (!star && !read_range(index, &text, &item))
        return false;
    bool single = !star && !memchr(start, '-', (size_t)(text - start));
    if (literal(&text, "/")) {
        if (!read_count(&text, 9999, &item.step))
            return false;
        if (single && item.last < field->high)
            item.last = field->high;
    } else if (!star && index == CRON_WEEKDAY && literal(&text, "#")) {
        if (!read_count(&text, CRON_NTH, &item.nth))
            return false;
    }
    *ret_item = item;
    return *text == '\0';
}

static void add_item(int index, const struct item *item, struct values *values)
{
    int size = fields[index].high - fields[index].low + 1;

    for (int value = item->first; value <= item->last; value += item->step) {
        int i = (value - fields[index].low) % size;
        if (item->nth)
            values->nth_weekdays[item->nth - 1] |= (uint8_t)(1u << i);
        else
            values->has[i] = true;
    }
}

/* The words that are no numbers: "*", "?", "l" (last day of the month), "l5" (its last Friday). */
static bool add_word(int index, const char *text, struct values *values)
{
    bool is_day = index == CRON_DAY || index == CRON_WEEKDAY;
    int weekday;

    if (strcmp(text, "*") == 0) {
        values->any = true;
        return true;
    }
    if (index == CRON_DAY && strcasecmp(text, "l") == 0) {
        values->last_day = true;
        return true;
    }
    if (is_day && strcmp(text, "?") == 0) {
        values->any = true;
        return true;
    }
    if (index != CRON_WEEKDAY || !literal(&text, "l") || !isdigit((unsigned char)*text) ||
        !read_value(&fields[index], &text, &weekday) || *text)
        return false;
    values->last_weekdays |= (uint8_t)(1u << weekday % DAYS_IN_WEEK);
    return true;
}

static int refuse(int index, const char *item, struct error *error)
{
    const struct field *field = &fields[index];

    return error_set(error, EINVAL,
                     "cron: %s: \"%.40s\" is not one of %d to %d%s%s, nor of \"*\", "
                     "\"a-b\", \"a-b/step\"%s",
                     field->name, item, field->low, field->highest,
                     field->names ? " or a name such as " : "", field->names ? field->names[0] : "",
                     index == CRON_DAY       ? ", \"L\" (the last day)"
                     : index == CRON_WEEKDAY ? ", \"5#2\" (the second Friday), \"L5\" (the last)"
                                             : "");
}

/* `text` is cut at its commas. */
static int parse_field(int index, char *text, struct values *values, struct error *error)
{
    while (text) {
        char *item_text = strsep(&text, ",");
        struct item item;
        if (add_word(index, item_text, values))
            continue;
        if (!read_item(index, item_text, &item))
            return refuse(index, item_text, error);
        add_item(index, &item, values);
    }
    return 0;
}

static uint64_t bits(const struct values *values, int index)
{
    int size = fields[index].high - fields[index].low + 1;
    uint64_t set = 0;

    for (int i = 0; i < size; i++)
        if (values->any || values->has[i])
            set |= 1ull << (fields[index].low + i);
    return set;
}

static bool is_full(const struct values *values, int index)
{
    for (int i = 0; i <= fields[index].high - fields[index].low; i++)
        if (!values->has[i])
            return false;
    return true;
}

/* Whether one of the two day fields leaves all to the other. A list of all days does so only if the
 * other has a star in it: so "*" + "/1" and "1-31" mean every day beside a plain weekday. */
static bool is_open(const struct values *values, int index, const char *other_text)
{
    return values[index].any || (strchr(other_text, '*') && is_full(&values[index], index));
}

static struct cron assemble(const struct values *values, const char *const *texts, bool day_or)
{
    struct cron cron = {
        .times.minutes = bits(&values[CRON_MINUTE], CRON_MINUTE),
        .times.hours = (uint32_t)bits(&values[CRON_HOUR], CRON_HOUR),
        .days = (uint32_t)bits(&values[CRON_DAY], CRON_DAY),
        .months = (uint32_t)bits(&values[CRON_MONTH], CRON_MONTH),
        .weekdays = (uint8_t)bits(&values[CRON_WEEKDAY], CRON_WEEKDAY),
        .times.seconds = bits(&values[CRON_SECOND], CRON_SECOND),
        .last_weekdays = values[CRON_WEEKDAY].last_weekdays,
        .last_day = values[CRON_DAY].last_day,
        .wall_clock = texts[CRON_MINUTE][0] != '*' && texts[CRON_HOUR][0] != '*',
        .some_years = !values[CRON_YEAR].any,
    };

    memcpy(cron.nth_weekdays, values[CRON_WEEKDAY].nth_weekdays, sizeof(cron.nth_weekdays));
    for (unsigned i = 0; i < LARGEST_SET; i++)
        if (values[CRON_YEAR].has[i])
            cron.years[i / 64] |= 1ull << i % 64;
    cron.either_day = day_or && !is_open(values, CRON_DAY, texts[CRON_WEEKDAY]) &&
                      !is_open(values, CRON_WEEKDAY, texts[CRON_DAY]);
    return cron;
}

static const char *without_alias(const char *expression)
{
    static const struct {
        const char *alias;
        const char *expression;
    } aliases[] = {
        {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
        {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
        {"@annually", "0 0 1 1 *"},
    };

    for (size_t i = 0; i < COUNT_OF(aliases); i++)
        if (strcasecmp(expression, aliases[i].alias) == 0)
            return aliases[i].expression;
    return expression;
}

/* Cuts `text` at white space. How many fields there are, CRON_FIELDS + 1 if more than are known. */
static int split(char *text, char *ret_fields[static CRON_FIELDS])
{
    int count = 0;

    for (char *field = strtok_r(text, " \t\r\n\v\f", &text); field;
         field = strtok_r(NULL, " \t\r\n\v\f", &text)) {
        if (count == CRON_FIELDS)
            return CRON_FIELDS + 1;
        ret_fields[count++] = field;
    }
    return count;
}

int cron_parse(const char *expression, bool day_or, struct cron *ret_cron, struct error *error)
{
    struct values values[CRON_FIELDS] = {[CRON_SECOND].has[0] = true, [CRON_YEAR].any = true};
    char text[TEXT_CEILING + 1], cut[TEXT_CEILING + 1];
    char *whole_fields[CRON_FIELDS], *cut_fields[CRON_FIELDS];

    expression = without_alias(expression);
    if (strlen(expression) > TEXT_CEILING)
        return error_set(error, EINVAL, "cron: it is longer than %d characters", TEXT_CEILING);
    strcpy(text, expression);
    strcpy(cut, expression);
    int count = split(text, whole_fields);
    split(cut, cut_fields);
    if (count < CRON_WEEKDAY + 1 || count > CRON_FIELDS)
        return error_set(error, EINVAL,
                         "cron: \"%.100s\" does not have 5 fields (minute, hour, day of month, "
                         "month, day of week), nor 6 (with second) or 7 (with year)",
                         expression);
    for (int i = 0; i < count; i++) {
        if (i > CRON_WEEKDAY)
            values[i] = (struct values){0};
        if (parse_field(i, cut_fields[i], &values[i], error) < 0)
            return -1;
    }
    struct cron cron = assemble(values, (const char *const *)whole_fields, day_or);
    if (!cron_can_fire(&cron))
        return error_set(error, EINVAL, "cron: \"%.100s\" never fires: there is no such day",
                         expression);
    *ret_cron = cron;
    return 0;
}
