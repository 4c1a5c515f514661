/* A recurrence set: RFC 5545, sections 3.8.2.4 (DTSTART) and 3.8.5, and EXRULE of RFC 2445. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/times.h"
#include "server/schedules/calendar.h"
#include "server/schedules/kinds.h"
#include "server/schedules/rule.h"

#define TEXT_CEILING  6500              /* characters, as in Prefect */
#define DEFAULT_START "20200101T000000" /* where there is no DTSTART, as in Prefect */

struct rules {
    struct rule *items;
    size_t count;
};

struct instants {
    int64_t *items;
    size_t count;
};

struct rrule {
    struct zone *own_zone; /* DTSTART's, or NULL: the schedule's */
    int64_t start;         /* wall clock, seconds */
    struct rules rules;
    struct rules excluded_rules;
    struct instants dates;
    struct instants excluded_dates;
};

void rrule_free(struct rrule *rrule)
{
    if (!rrule)
        return;
    zone_free(rrule->own_zone);
    free(rrule->rules.items);
    free(rrule->excluded_rules.items);
    free(rrule->dates.items);
    free(rrule->excluded_dates.items);
    free(rrule);
}

static void rrule_freep(struct rrule **rrule)
{
    rrule_free(*rrule);
}

/* One content line, cut into its pieces. */
struct line {
    const char *name;
    const char *timezone; /* TZID, or NULL */
    char *value;
};

static int read_parameters(char *text, struct line *line, struct error *error)
{
    while (text) {
        char *value = strsep(&text, ";");
        char *name = strsep(&value, "=");
        if (value && strcasecmp(name, "TZID") == 0)
            line->timezone = value;
        else if (!value || strcasecmp(name, "VALUE") != 0 ||
                 (strcasecmp(value, "DATE") != 0 && strcasecmp(value, "DATE-TIME") != 0))
            return error_set(error, EINVAL, "rrule: %.40s: \"%.40s%s%.40s\" is not understood",
                             line->name, name, value ? "=" : "", value ? value : "");
    }
    return 0;
}

/* "NAME;PARAMETER=VALUE:VALUE"; without a name it is a RRULE. Cuts `text`. */
static int read_line(char *text, struct line *ret_line, struct error *error)
{
    struct line line = {.name = "RRULE", .value = text};
    char *colon = strchr(text, ':');

    if (colon) {
        *colon = '\0';
        line.value = colon + 1;
        char *parameters = text;
        line.name = strsep(&parameters, ";");
        if (read_parameters(parameters, &line, error) < 0)
            return -1;
    }
    *ret_line = line;
    return 0;
}

static int read_start(struct rrule *rrule, const struct line *line, bool seen, struct error *error)
{
    bool is_utc;
    int64_t start;

    if (!rule_time_parse(line->value, &is_utc, &start))
        return error_set(error, EINVAL,
                         "rrule: DTSTART: \"%.40s\" is not a time such as 20260329T090000",
                         line->value);
    if (is_utc && line->timezone)
        return error_set(error, EINVAL, "rrule: DTSTART: a time in UTC has no TZID");
    if (seen && start != rrule->start)
        return error_set(error, EINVAL, "rrule: DTSTART: there are two different ones");
    rrule->start = start;
    zone_free(rrule->own_zone);
    rrule->own_zone = NULL;
    if ((is_utc || line->timezone) && zone_load(line->timezone, &rrule->own_zone, error) < 0)
        return error_prefix(error, "rrule: DTSTART");
    return 0;
}

static int read_rule(const struct rrule *rrule, const struct line *line, const struct zone *zone,
                     struct rules *rules, struct error *error)
{
    struct rule rule;

    if (rule_parse(line->value, rrule->start, zone, &rule, error) < 0)
        return -1;
    struct rule *items = reallocarray(rules->items, rules->count + 1, sizeof(*items));
    if (!items)
        return error_set(error, ENOMEM, "rrule: no memory");
    items[rules->count] = rule;
    rules->items = items;
    rules->count++;
    return 0;
}

static int read_dates(const struct line *line, const struct zone *zone, struct instants *instants,
                      struct error *error)
{
    zone_auto own_zone = NULL;
    char *rest = line->value;

    if (line->timezone) {
        if (zone_load(line->timezone, &own_zone, error) < 0)
            return error_prefix(error, "rrule: %s", line->name);
        zone = own_zone;
    }
    for (char *text; (text = strsep(&rest, ","));) {
        bool is_utc;
        int64_t wall;
        if (!rule_time_parse(text, &is_utc, &wall))
            return error_set(error, EINVAL,
                             "rrule: %s: \"%.40s\" is not a time such as 20260329T090000",
                             line->name, text);
        int64_t *items = reallocarray(instants->items, instants->count + 1, sizeof(*items));
        if (!items)
            return error_set(error, ENOMEM, "rrule: no memory");
        instants->items = items;
        items[instants->count++] =
            is_utc ? wall * SECOND : zone_to_instant(zone, wall * SECOND, ZONE_GAP_OFFSET_BEFORE);
    }
    return 0;
}

static int read_other(struct rrule *rrule, const struct line *line, const struct zone *zone,
                      struct error *error)
{
    if (strcasecmp(line->name, "RRULE") == 0)
        return read_rule(rrule, line, zone, &rrule->rules, error);
    if (strcasecmp(line->name, "EXRULE") == 0)
        return read_rule(rrule, line, zone, &rrule->excluded_rules, error);
    if (strcasecmp(line->name, "RDATE") == 0)
        return read_dates(line, zone, &rrule->dates, error);
    if (strcasecmp(line->name, "EXDATE") == 0)
        return read_dates(line, zone, &rrule->excluded_dates, error);
    return error_set(error, EINVAL,
                     "rrule: \"%.40s\" is not DTSTART, RRULE, RDATE, EXRULE or EXDATE", line->name);
}

/* Long lines are folded: a line that begins with white space goes on with the one before. */
static void unfold(char *text)
{
    char *to = text;

    while (*text) {
        size_t newline = text[0] == '\r' && text[1] == '\n' ? 2 : text[0] == '\n';
        if (newline && (text[newline] == ' ' || text[newline] == '\t'))
            text += newline + 1;
        else
            *to++ = *text++;
    }
    *to = '\0';
}

/* DTSTART holds for all rules, wherever it stands: in one pass it is read, in the other the rest.
 */
static int read_lines(struct rrule *rrule, const char *text, const struct zone *zone, bool starts,
                      struct error *error)
{
    char copy[TEXT_CEILING + 1];
    char *rest = copy;
    bool seen = false;

    strcpy(copy, text);
    unfold(copy);
    for (char *piece; (piece = strtok_r(rest, " \t\r\n", &rest));) {
        struct line line;
        if (read_line(piece, &line, error) < 0)
            return -1;
        bool is_start = strcasecmp(line.name, "DTSTART") == 0;
        if (is_start != starts)
            continue;
        if ((is_start ? read_start(rrule, &line, seen, error)
                      : read_other(rrule, &line, zone, error)) < 0)
            return -1;
        seen = true;
    }
    return 0;
}

int rrule_parse(const char *text, const struct zone *zone, struct rrule **ret_rrule,
                struct error *error)
{
    CLEANUP(rrule_freep) struct rrule *rrule = calloc(1, sizeof(*rrule));
    bool is_utc;

    if (!rrule)
        return error_set(error, ENOMEM, "rrule: no memory");
    if (strlen(text) > TEXT_CEILING)
        return error_set(error, EINVAL, "rrule: it is longer than %d characters", TEXT_CEILING);
    if (!rule_time_parse(DEFAULT_START, &is_utc, &rrule->start))
        BUG("the default start is no time");
    if (read_lines(rrule, text, zone, true, error) < 0 ||
        read_lines(rrule, text, rrule->own_zone ? rrule->own_zone : zone, false, error) < 0)
        return -1;
    if (!rrule->rules.count && !rrule->dates.count)
        return error_set(error, EINVAL, "rrule: there is neither a RRULE nor a RDATE");
    if (rrule_next(rrule, zone, FIRST_INSTANT - 1) == TIME_NEVER)
        return error_set(error, EINVAL, "rrule: it never fires");
    *ret_rrule = rrule;
    rrule = NULL;
    return 0;
}

static int64_t next_of_rules(const struct rules *rules, const struct zone *zone, int64_t after,
                             int *budget)
{
    int64_t best = TIME_NEVER;

    for (size_t i = 0; i < rules->count; i++) {
        int64_t time = rule_next(&rules->items[i], zone, after, budget);
        best = time < best ? time : best;
    }
    return best;
}

static int64_t next_of_dates(const struct instants *dates, int64_t after)
{
    int64_t best = TIME_NEVER;

    for (size_t i = 0; i < dates->count; i++)
        if (dates->items[i] > after && dates->items[i] < best)
            best = dates->items[i];
    return best;
}

static bool is_excluded(const struct rrule *rrule, const struct zone *zone, int64_t time,
                        int *budget)
{
    return next_of_dates(&rrule->excluded_dates, time - 1) == time ||
           next_of_rules(&rrule->excluded_rules, zone, time - 1, budget) == time;
}

int64_t rrule_next(const struct rrule *rrule, const struct zone *zone, int64_t after)
{
    int budget = SEARCH_BUDGET;

    if (rrule->own_zone)
        zone = rrule->own_zone;
    while (budget > 0) {
        int64_t time = next_of_rules(&rrule->rules, zone, after, &budget);
        int64_t date = next_of_dates(&rrule->dates, after);
        time = date < time ? date : time;
        if (time == TIME_NEVER)
            break;
        bool excluded = is_excluded(rrule, zone, time, &budget);
        if (!excluded && budget > 0) /* else nobody knows */
            return time;
        after = time;
    }
    return TIME_NEVER;
}
