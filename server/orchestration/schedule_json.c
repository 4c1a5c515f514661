/* Schedules as clients send them, and as they are kept. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/times.h"
#include "server/orchestration/deployment_schedule.h"
#include "json/writer.h"

/* ---- members ---- */

static int refuse_others(const json_t *json, const char *const names[], struct error *error)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)json, key, value) {
        bool known = false;
        for (size_t i = 0; names[i]; i++)
            known = known || strcmp(key, names[i]) == 0;
        if (!known)
            return error_set(error, EINVAL, "%.100s: such a schedule has no member of this name",
                             key);
    }
    return 0;
}

/* A string, or NULL if it is null or not there. */
static int text_member(const json_t *json, const char *name, const char **ret_text,
                       struct error *error)
{
    const json_t *value = json_object_get(json, name);

    if (value && !json_is_null(value) && !json_is_string(value))
        return error_set(error, EINVAL, "%s: has to be a string", name);
    *ret_text = json_string_value(value);
    return 0;
}

/* Takes a number with just this unit, if it comes next, of an ISO 8601 duration. */
static void take_part(const char **text, char unit, double seconds, double *total)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return;
    double number = strtod(*text, &end);
    if (*end != unit)
        return;
    *total += number * seconds;
    *text = end + 1;
}

/* "P1DT2H30M5.5S": weeks, days, hours, minutes, seconds. */
static bool parse_duration(const char *text, double *ret_seconds)
{
    double total = 0;

    if (*text++ != 'P' || !*text)
        return false;
    take_part(&text, 'W', 7 * 86400, &total);
    take_part(&text, 'D', 86400, &total);
    if (*text == 'T') {
        text++;
        take_part(&text, 'H', 3600, &total);
        take_part(&text, 'M', 60, &total);
        take_part(&text, 'S', 1, &total);
    }
    *ret_seconds = total;
    return *text == '\0';
}

#define LONGEST_INTERVAL (1e5 * 366 * 86400) /* seconds */

static int interval_member(const json_t *json, double *ret_seconds, struct error *error)
{
    const json_t *value = json_object_get(json, "interval");
    double seconds = json_number_value(value);

    if (!json_is_number(value) &&
        !(json_is_string(value) && parse_duration(json_string_value(value), &seconds)))
        return error_set(error, EINVAL, "interval: has to be a number of seconds");
    if (!(seconds > 0) || seconds > LONGEST_INTERVAL)
        return error_set(error, EINVAL, "interval: has to be longer than 0 seconds");
    *ret_seconds = seconds;
    return 0;
}

/* ---- the three kinds ---- */

static int read_interval(const json_t *json, int64_t now, struct schedule **ret_schedule,
                         struct json_writer *writer, struct error *error)
{
    static const char *const names[] = {"interval", "anchor_date", "timezone", NULL};
    const char *anchor_text = NULL;
    const char *timezone = NULL;
    double seconds = 0;
    int64_t anchor = now;

    if (refuse_others(json, names, error) < 0 || interval_member(json, &seconds, error) < 0 ||
        text_member(json, "anchor_date", &anchor_text, error) < 0 ||
        text_member(json, "timezone", &timezone, error) < 0)
        return -1;
    if (anchor_text && !time_parse(anchor_text, &anchor))
        return error_set(error, EINVAL, "anchor_date: is no date and time: %.100s", anchor_text);
    timezone = timezone ? timezone : "UTC";
    if (schedule_parse_interval(llround(seconds * (double)SECOND), anchor, timezone, ret_schedule,
                                error) < 0)
        return -1;
    json_begin_object(writer);
    json_key(writer, "interval");
    json_add_number(writer, seconds);
    json_key(writer, "anchor_date");
    json_add_time(writer, anchor);
    json_key(writer, "timezone");
    json_add_string(writer, timezone);
    json_end_object(writer);
    return 0;
}

static int read_cron(const json_t *json, struct schedule **ret_schedule, struct json_writer *writer,
                     struct error *error)
{
    static const char *const names[] = {"cron", "timezone", "day_or", NULL};
    const json_t *day_or = json_object_get(json, "day_or");
    const char *cron = NULL;
    const char *timezone = NULL;

    if (refuse_others(json, names, error) < 0 || text_member(json, "cron", &cron, error) < 0 ||
        text_member(json, "timezone", &timezone, error) < 0)
        return -1;
    if (!cron)
        return error_set(error, EINVAL, "cron: has to be a string");
    if (day_or && !json_is_boolean(day_or))
        return error_set(error, EINVAL, "day_or: has to be true or false");
    if (schedule_parse_cron(cron, timezone, !json_is_false(day_or), ret_schedule, error) < 0)
        return -1;
    json_begin_object(writer);
    json_key(writer, "cron");
    json_add_string(writer, cron);
    json_key(writer, "timezone");
    json_add_string(writer, timezone);
    json_key(writer, "day_or");
    json_add_bool(writer, !json_is_false(day_or));
    json_end_object(writer);
    return 0;
}

static int read_rrule(const json_t *json, struct schedule **ret_schedule,
                      struct json_writer *writer, struct error *error)
{
    static const char *const names[] = {"rrule", "timezone", NULL};
    const char *rrule = NULL;
    const char *timezone = NULL;

    if (refuse_others(json, names, error) < 0 || text_member(json, "rrule", &rrule, error) < 0 ||
        text_member(json, "timezone", &timezone, error) < 0)
        return -1;
    if (!rrule)
        return error_set(error, EINVAL, "rrule: has to be a string");
    timezone = timezone ? timezone : "UTC";
    if (schedule_parse_rrule(rrule, timezone, ret_schedule, error) < 0)
        return -1;
    json_begin_object(writer);
    json_key(writer, "rrule");
    json_add_string(writer, rrule);
    json_key(writer, "timezone");
    json_add_string(writer, timezone);
    json_end_object(writer);
    return 0;
}

int schedule_from_json(const json_t *json, int64_t now, struct schedule **ret_schedule,
                       struct buf *text, struct error *error)
{
    buf_auto unused = BUF_INIT;
    struct json_writer writer;

    json_writer_init(&writer, text ? text : &unused);
    if (json_object_get(json, "interval"))
        return read_interval(json, now, ret_schedule, &writer, error);
    if (json_object_get(json, "cron"))
        return read_cron(json, ret_schedule, &writer, error);
    if (json_object_get(json, "rrule"))
        return read_rrule(json, ret_schedule, &writer, error);
    return error_set(error, EINVAL,
                     "schedule: has to be an object with an interval, a cron or a rrule");
}
