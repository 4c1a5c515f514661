#include "server/schedules/schedule.h"

#include <errno.h>
#include <stdlib.h>

#include "common/times.h"
#include "server/schedules/calendar.h"
#include "server/schedules/kinds.h"

struct schedule {
    enum schedule_kind kind;
    struct zone *zone;
    union {
        struct cron cron;
        struct interval interval;
        struct rrule *rrule;
    };
};

static int make(enum schedule_kind kind, const char *timezone, struct schedule **ret_schedule,
                struct error *error)
{
    schedule_auto schedule = calloc(1, sizeof(*schedule));

    if (!schedule)
        return error_set(error, ENOMEM, "no memory for a schedule");
    schedule->kind = kind;
    if (zone_load(timezone, &schedule->zone, error) < 0)
        return -1;
    *ret_schedule = schedule;
    schedule = NULL;
    return 0;
}

/* Hands over what was parsed; the caller's clean-up then has nothing left to free. */
static int done(struct schedule **schedule, struct schedule **ret_schedule)
{
    *ret_schedule = *schedule;
    *schedule = NULL;
    return 0;
}

int schedule_parse_cron(const char *expression, const char *timezone, bool day_or,
                        struct schedule **ret_schedule, struct error *error)
{
    schedule_auto schedule = NULL;

    if (make(SCHEDULE_CRON, timezone, &schedule, error) < 0 ||
        cron_parse(expression, day_or, &schedule->cron, error) < 0)
        return -1;
    return done(&schedule, ret_schedule);
}

int schedule_parse_interval(int64_t interval, int64_t anchor, const char *timezone,
                            struct schedule **ret_schedule, struct error *error)
{
    schedule_auto schedule = NULL;

    if (make(SCHEDULE_INTERVAL, timezone, &schedule, error) < 0 ||
        interval_parse(interval, anchor, &schedule->interval, error) < 0)
        return -1;
    return done(&schedule, ret_schedule);
}

int schedule_parse_rrule(const char *text, const char *timezone, struct schedule **ret_schedule,
                         struct error *error)
{
    schedule_auto schedule = NULL;

    if (make(SCHEDULE_RRULE, timezone, &schedule, error) < 0 ||
        rrule_parse(text, schedule->zone, &schedule->rrule, error) < 0)
        return -1;
    return done(&schedule, ret_schedule);
}

enum schedule_kind schedule_kind(const struct schedule *schedule)
{
    return schedule->kind;
}

int64_t schedule_next(const struct schedule *schedule, int64_t after)
{
    int64_t time = TIME_NEVER;

    if (after >= LAST_INSTANT)
        return TIME_NEVER;
    if (after < FIRST_INSTANT)
        after = FIRST_INSTANT - 1;
    switch (schedule->kind) {
    case SCHEDULE_CRON:
        time = cron_next(&schedule->cron, schedule->zone, after);
        break;
    case SCHEDULE_INTERVAL:
        time = interval_next(&schedule->interval, schedule->zone, after);
        break;
    case SCHEDULE_RRULE:
        time = rrule_next(schedule->rrule, schedule->zone, after);
        break;
    }
    return time > LAST_INSTANT ? TIME_NEVER : time;
}

void schedule_free(struct schedule *schedule)
{
    if (!schedule)
        return;
    if (schedule->kind == SCHEDULE_RRULE)
        rrule_free(schedule->rrule);
    zone_free(schedule->zone);
    free(schedule);
}

void schedule_freep(struct schedule **schedule)
{
    schedule_free(*schedule);
}
