#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/times.h"
#include "server/schedules/rule.h"

#define TEXT_CEILING     6500 /* Prefect's, of the whole schedule */
#define INTERVAL_CEILING 1000000
#define LAST_LEAP_SECOND 60

enum part {
    FREQ,
    INTERVAL,
    COUNT,
    UNTIL,
    WKST,
    BYMONTH,
    BYWEEKNO,
    BYYEARDAY,
    BYMONTHDAY,
    BYDAY,
    BYHOUR,
    BYMINUTE,
    BYSECOND,
    BYSETPOS,
    PARTS
};

#define WITH(frequency) (1u << (frequency))

static const struct part_description {
    const char *name;
    int low; /* of the numbers in its list, if it is one */
    int high;
    bool from_end;     /* they may be negative */
    unsigned not_with; /* frequencies: RFC 5545, section 3.3.10, "MUST NOT" */
} parts[PARTS] = {
    [FREQ] = {"FREQ", 0, 0, false, 0},
    [INTERVAL] = {"INTERVAL", 1, INTERVAL_CEILING, false, 0},
    [COUNT] = {"COUNT", 1, COUNT_CEILING, false, 0},
    [UNTIL] = {"UNTIL", 0, 0, false, 0},
    [WKST] = {"WKST", 0, 0, false, 0},
    [BYMONTH] = {"BYMONTH", 1, MONTHS_IN_YEAR, false, 0},
    [BYWEEKNO] = {"BYWEEKNO", 1, LARGEST_WEEK, true, (unsigned)~WITH(YEARLY)},
    [BYYEARDAY] = {"BYYEARDAY", 1, LARGEST_YEARDAY, true,
                   WITH(DAILY) | WITH(WEEKLY) | WITH(MONTHLY)},
    [BYMONTHDAY] = {"BYMONTHDAY", 1, 31, true, WITH(WEEKLY)},
    [BYDAY] = {"BYDAY", 1, LARGEST_WEEK, true, 0},
    [BYHOUR] = {"BYHOUR", 0, 23, false, 0},
    [BYMINUTE] = {"BYMINUTE", 0, 59, false, 0},
    [BYSECOND] = {"BYSECOND", 0, LAST_LEAP_SECOND, false, 0},
    [BYSETPOS] = {"BYSETPOS", 1, LARGEST_YEARDAY, true, 0},
};

static const char *const frequencies[] = {"YEARLY", "MONTHLY",  "WEEKLY",  "DAILY",
                                          "HOURLY", "MINUTELY", "SECONDLY"};
static const char *const weekdays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

/* The parts as they are written, each at most once. */
struct recur {
    const char *texts[PARTS]; /* NULL: not there */
    struct positions lists[PARTS];
};

static int find(const char *const *names, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == length && strncasecmp(names[i], name, length) == 0)
            return (int)i;
    return -1;
}

/* [+-] and digits, whose value has to be at least `low`. */
static bool read_number(const char **text, const struct part_description *part, int *ret_value)
{
    const char *p = *text;
    int value = 0;

    bool negative = part->from_end && *p == '-';
    if (part->from_end && (*p == '+' || *p == '-'))
        p++;
    const char *digits = p;
    for (; isdigit((unsigned char)*p) && value <= part->high; p++)
        value = value * 10 + (*p - '0');
    if (p == digits || value < part->low || value > part->high)
        return false;
    *text = p;
    *ret_value = negative ? -value : value;
    return true;
}

static int refuse(enum part part, const char *text, size_t length, struct error *error)
{
    return error_set(
        error, EINVAL, "rrule: %s: \"%.*s\" is not one of %s%d to %d%s", parts[part].name,
        (int)(length < 40 ? length : 40), text,
        part == BYDAY ? "SU, MO, TU, WE, TH, FR, SA, nor that after a number from " : "",
        parts[part].low, parts[part].high, parts[part].from_end ? ", nor that with a minus" : "");
}

static void add_position(struct positions *positions, int value)
{
    int number = abs(value);

    positions->some = true;
    if (value < 0)
        positions->from_end[number / 64] |= 1ull << number % 64;
    else
        positions->from_start[number / 64] |= 1ull << number % 64;
}

static int read_list(enum part part, struct recur *recur, struct error *error)
{
    for (const char *text = recur->texts[part];; text++) {
        const char *start = text;
        int value;
        if (!read_number(&text, &parts[part], &value) || (*text && *text != ','))
            return refuse(part, start, strcspn(start, ","), error);
        add_position(&recur->lists[part], value);
        if (!*text)
            return 0;
    }
}

/* "MO,-1FR,+2TU" */
static int read_weekdays(const struct recur *recur, struct rule *rule, struct error *error)
{
    for (const char *text = recur->texts[BYDAY];; text++) {
        const char *start = text;
        size_t length = strcspn(text, ",");
        int number = 0;
        bool ok = isalpha((unsigned char)*text) || read_number(&text, &parts[BYDAY], &number);
        int weekday = ok ? find(weekdays, COUNT_OF(weekdays), text, strcspn(text, ",")) : -1;
        if (weekday < 0)
            return refuse(BYDAY, start, length, error);
        if (number && rule->frequency != YEARLY && rule->frequency != MONTHLY)
            return error_set(error, EINVAL,
                             "rrule: BYDAY: \"%.*s\" has a number, which only FREQ=MONTHLY and "
                             "FREQ=YEARLY can have",
                             (int)length, start);
        if (number && recur->texts[BYWEEKNO])
            return error_set(error, EINVAL,
                             "rrule: BYDAY: \"%.*s\" has a number, which goes not with BYWEEKNO",
                             (int)length, start);
        if (number > 0)
            rule->nth_from_start[weekday] |= 1ull << number;
        else if (number < 0)
            rule->nth_from_end[weekday] |= 1ull << -number;
        else
            rule->weekdays |= (uint8_t)(1u << weekday);
        rule->some_weekdays = true;
        rule->nth_of_year |= number && rule->frequency == YEARLY && !recur->texts[BYMONTH];
        text = start + length;
        if (!*text)
            return 0;
    }
}

static bool two_digits(const char **text, int *ret_value)
{
    if (!isdigit((unsigned char)(*text)[0]) || !isdigit((unsigned char)(*text)[1]))
        return false;
    *ret_value = ((*text)[0] - '0') * 10 + (*text)[1] - '0';
    *text += 2;
    return true;
}

bool rule_time_parse(const char *text, bool *ret_is_utc, int64_t *ret_wall)
{
    int century, year, month, day, hour = 0, minute = 0, second = 0;
    bool is_utc = false;

    if (!two_digits(&text, &century) || !two_digits(&text, &year) || !two_digits(&text, &month) ||
        !two_digits(&text, &day))
        return false;
    year += century * 100;
    if (*text == 'T' || *text == 't') {
        text++;
        if (!two_digits(&text, &hour) || !two_digits(&text, &minute) || !two_digits(&text, &second))
            return false;
        is_utc = *text == 'Z' || *text == 'z';
        text += is_utc;
    }
    if (*text || year < FIRST_YEAR || month < 1 || month > MONTHS_IN_YEAR || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 || second > LAST_LEAP_SECOND)
        return false;
    if (second == LAST_LEAP_SECOND) /* RFC 5545, section 3.3.12 */
        second--;
    *ret_is_utc = is_utc;
    *ret_wall = day_from_date(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
    return true;
}

/* "FREQ=DAILY;INTERVAL=2": where the values of the parts begin; `text` is cut at its semicolons. */
static int cut(char *text, struct recur *recur, struct error *error)
{
    while (text) {
        char *value = strsep(&text, ";");
        char *name = strsep(&value, "=");
        enum part part = 0;
        while (part < PARTS && strcasecmp(parts[part].name, name) != 0)
            part++;
        if (part == PARTS)
            return error_set(error, EINVAL, "rrule: \"%.40s\" is not a part of a rule", name);
        if (!value || !*value)
            return error_set(error, EINVAL, "rrule: %s: it has no value", name);
        if (recur->texts[part])
            return error_set(error, EINVAL, "rrule: %s: it is there twice", parts[part].name);
        recur->texts[part] = value;
    }
    return 0;
}

static int read_single(const struct recur *recur, enum part part, int *value, struct error *error)
{
    const char *text = recur->texts[part];

    if (text && (!read_number(&text, &parts[part], value) || *text))
        return refuse(part, recur->texts[part], strlen(recur->texts[part]), error);
    return 0;
}

static int read_frequency(const struct recur *recur, struct rule *rule, struct error *error)
{
    const char *text = recur->texts[FREQ];

    if (!text)
        return error_set(error, EINVAL, "rrule: FREQ is missing");
    int frequency = find(frequencies, COUNT_OF(frequencies), text, strlen(text));
    if (frequency < 0)
        return error_set(error, EINVAL,
                         "rrule: FREQ: \"%.40s\" is not YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, "
                         "MINUTELY or SECONDLY",
                         text);
    rule->frequency = (enum frequency)frequency;
    for (enum part part = 0; part < PARTS; part++)
        if (recur->texts[part] && (parts[part].not_with & WITH(frequency)))
            return error_set(error, EINVAL, "rrule: %s goes not with FREQ=%s", parts[part].name,
                             frequencies[frequency]);
    return 0;
}

static int read_week_start(const struct recur *recur, struct rule *rule, struct error *error)
{
    const char *text = recur->texts[WKST];

    rule->week_start = text ? find(weekdays, COUNT_OF(weekdays), text, strlen(text)) : 1;
    if (rule->week_start < 0)
        return error_set(error, EINVAL, "rrule: WKST: \"%.40s\" is not a weekday such as MO", text);
    return 0;
}

static int read_until(const struct recur *recur, const struct zone *zone, struct rule *rule,
                      struct error *error)
{
    const char *text = recur->texts[UNTIL];
    bool is_utc;
    int64_t wall;

    rule->until = TIME_NEVER;
    if (!text)
        return 0;
    if (recur->texts[COUNT])
        return error_set(error, EINVAL, "rrule: UNTIL and COUNT cannot both be there");
    if (!rule_time_parse(text, &is_utc, &wall))
        return error_set(error, EINVAL,
                         "rrule: UNTIL: \"%.40s\" is not a time such as 20261231T235959Z", text);
    rule->until =
        is_utc ? wall * SECOND : zone_to_instant(zone, wall * SECOND, ZONE_GAP_OFFSET_BEFORE);
    return 0;
}

static int read_lists(struct recur *recur, struct rule *rule, struct error *error)
{
    bool some = recur->texts[BYDAY];

    for (enum part part = BYMONTH; part < PARTS; part++) {
        if (!recur->texts[part] || part == BYDAY)
            continue;
        if (part == BYSETPOS && !some)
            return error_set(error, EINVAL, "rrule: BYSETPOS: it needs another BY part");
        if (read_list(part, recur, error) < 0)
            return -1;
        some = true;
    }
    return recur->texts[BYDAY] ? read_weekdays(recur, rule, error) : 0;
}

static uint64_t bits_or(const struct positions *list, uint64_t otherwise)
{
    return list->some ? list->from_start[0] : otherwise;
}

/* What no part says, DTSTART does: "FREQ=YEARLY" comes in the month and on the day of DTSTART. */
static void fill_in_days(const struct recur *recur, struct rule *rule)
{
    int64_t day = floor_div(rule->start, DAY_SECONDS);
    struct date date = date_from_day(day);
    bool has_day = rule->month_days.some || rule->year_days.some || rule->some_weekdays;

    rule->months = (uint32_t)bits_or(&recur->lists[BYMONTH], ~1ull);
    if (has_day || rule->frequency > WEEKLY)
        return;
    if (rule->frequency == WEEKLY || rule->weeks.some) {
        rule->weekdays = (uint8_t)(1u << weekday_of(day));
        rule->some_weekdays = true;
        return;
    }
    add_position(&rule->month_days, date.day);
    if (rule->frequency == YEARLY && !recur->texts[BYMONTH])
        rule->months = 1u << date.month;
}

static void fill_in_times(const struct recur *recur, struct rule *rule)
{
    int second = (int)floor_mod(rule->start, DAY_SECONDS);
    enum frequency frequency = rule->frequency;

    uint64_t seconds =
        bits_or(&recur->lists[BYSECOND], frequency < SECONDLY ? 1ull << second % 60 : ~0ull);
    if (seconds >> LAST_LEAP_SECOND & 1) /* where there are none, it is the one before */
        seconds |= 1ull << (LAST_LEAP_SECOND - 1);
    rule->times.seconds = seconds & ((1ull << 60) - 1);
    rule->times.minutes =
        bits_or(&recur->lists[BYMINUTE],
                frequency < MINUTELY ? 1ull << second / 60 % 60 : (1ull << 60) - 1);
    rule->times.hours = (uint32_t)bits_or(
        &recur->lists[BYHOUR], frequency < HOURLY ? 1ull << second / 3600 : (1ull << 24) - 1);
}

/* COUNT becomes the wall clock of the last one. */
static void find_last(struct rule *rule, int count)
{
    int budget = SEARCH_BUDGET;
    int64_t wall = rule->start - 1;

    rule->last = TIME_NEVER;
    for (int i = 0; i < count; i++) {
        int64_t next = rule_next_wall(rule, wall + 1, &budget);
        if (next == TIME_NEVER)
            return;
        wall = next;
    }
    if (count)
        rule->last = wall;
}

int rule_parse(const char *text, int64_t start, const struct zone *zone, struct rule *ret_rule,
               struct error *error)
{
    char copy[TEXT_CEILING + 1];
    struct recur recur = {0};
    struct rule rule = {.start = start, .interval = 1};
    int count = 0;

    if (strlen(text) > TEXT_CEILING)
        return error_set(error, EINVAL, "rrule: it is longer than %d characters", TEXT_CEILING);
    strcpy(copy, text);
    if (cut(copy, &recur, error) < 0 || read_frequency(&recur, &rule, error) < 0 ||
        read_single(&recur, INTERVAL, &rule.interval, error) < 0 ||
        read_single(&recur, COUNT, &count, error) < 0 ||
        read_until(&recur, zone, &rule, error) < 0 || read_week_start(&recur, &rule, error) < 0 ||
        read_lists(&recur, &rule, error) < 0)
        return -1;
    rule.month_days = recur.lists[BYMONTHDAY];
    rule.year_days = recur.lists[BYYEARDAY];
    rule.weeks = recur.lists[BYWEEKNO];
    rule.set = recur.lists[BYSETPOS];
    fill_in_days(&recur, &rule);
    fill_in_times(&recur, &rule);
    find_last(&rule, count);
    *ret_rule = rule;
    return 0;
}
