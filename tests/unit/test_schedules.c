#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "common/times.h"
#include "server/schedules/schedule.h"

static int64_t at(const char *text)
{
    int64_t time;

    if (!time_parse(text, &time))
        fail_msg("%s is no time", text);
    return time;
}

/* `fires` holds the first times after `after`, with spaces between them. */
struct firing_case {
    const char *rule;
    const char *timezone;
    const char *after;
    const char *fires;
};

static void check(const struct schedule *schedule, const struct firing_case *c)
{
    char copy[512];
    int64_t time = at(c->after);

    assert_true(strlen(c->fires) < sizeof(copy));
    strcpy(copy, c->fires);
    for (char *rest, *text = strtok_r(copy, " ", &rest); text; text = strtok_r(NULL, " ", &rest)) {
        char is[TIME_SIZE], should_be[TIME_SIZE];
        time = schedule_next(schedule, time);
        time_format(time, is);
        time_format(strcmp(text, "never") == 0 ? TIME_NEVER : at(text), should_be);
        if (strcmp(is, should_be) != 0)
            fail_msg("\"%s\" in %s fires at %s, not at %s", c->rule, c->timezone, is, should_be);
    }
}

static void cron_fires(void **state)
{
    static const struct firing_case cases[] = {
        {"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z",
         "2026-03-29T01:00Z 2026-03-30T00:30Z"}, /* skipped: at 03:00 */
        {"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z",
         "2026-10-25T00:30Z 2026-10-26T01:30Z"}, /* twice: the first */
        {"30 2 * * *", "Europe/Berlin", "2026-10-25T01:05Z", "2026-10-26T01:30Z"},
        {"*/30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z",
         "2026-10-25T00:00Z 2026-10-25T00:30Z 2026-10-25T01:00Z 2026-10-25T01:30Z"},
        {"*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z",
         "2026-03-30T00:00Z 2026-03-30T00:30Z"},
        {"0 * * * *", "America/New_York", "2026-11-01T04:30Z",
         "2026-11-01T05:00Z 2026-11-01T06:00Z 2026-11-01T07:00Z"},
        {"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00Z",
         "2026-10-03T15:30Z 2026-10-04T15:15Z"}, /* half an hour: 02:00 becomes 02:30 */
        {"45 1 * * *", "Australia/Lord_Howe", "2026-04-03T20:00Z",
         "2026-04-04T14:45Z 2026-04-05T15:15Z"}, /* 02:00 becomes 01:30 */
        {"0 12 * * *", "Pacific/Apia", "2011-12-29T00:00Z",
         "2011-12-29T22:00Z 2011-12-30T10:00Z 2011-12-30T22:00Z"}, /* no 30 December */
        {"0 0 * * *", "Asia/Kathmandu", "2026-01-01T00:00Z", "2026-01-01T18:15Z"},
        {"0 0 * * *", "Asia/Kathmandu", "1985-12-30T00:00Z",
         "1985-12-30T18:30Z 1985-12-31T18:30Z 1986-01-01T18:15Z"},
        {"0 9 * * *", "America/New_York", "2100-03-13T00:00Z",
         "2100-03-13T14:00Z 2100-03-14T13:00Z"}, /* by the rule at the end of the zone's file */
        {"0 0 29 2 *", NULL, "2097-01-01T00:00Z", "2104-02-29T00:00Z"},
        {"0 0 13 * 5", "", "2026-02-01T00:00Z", "2026-02-06T00:00Z 2026-02-13T00:00Z"},
        {"0 0 l * *", "UTC", "2028-01-31T00:00Z", "2028-02-29T00:00Z 2028-03-31T00:00Z"},
        {"0 0 * * fri#2,mon#1", NULL, "2026-01-01T00:00Z",
         "2026-01-05T00:00Z 2026-01-09T00:00Z 2026-02-02T00:00Z"},
        {"0 0 * * L5", NULL, "2026-01-01T00:00Z", "2026-01-30T00:00Z 2026-02-27T00:00Z"},
        {"0 0 * * fri-mon", NULL, "2026-01-01T00:00Z",
         "2026-01-02T00:00Z 2026-01-03T00:00Z 2026-01-04T00:00Z 2026-01-05T00:00Z "
         "2026-01-09T00:00Z"},
        {"0 22-3/2 * * *", NULL, "2026-01-01T00:00Z",
         "2026-01-01T02:00Z 2026-01-01T22:00Z 2026-01-02T00:00Z"},
        {"0 12 * * * 10,40", NULL, "2026-01-01T00:00Z",
         "2026-01-01T12:00:10Z 2026-01-01T12:00:40Z 2026-01-02T12:00:10Z"},
        {"0 0 1 1 * 0 2027-2028", NULL, "2026-01-01T00:00Z",
         "2027-01-01T00:00Z 2028-01-01T00:00Z never"},
        {"@Weekly", NULL, "2026-01-01T00:00Z", "2026-01-04T00:00Z 2026-01-11T00:00Z"},
        {"0 0 1 1 *", NULL, "9999-01-01T00:00Z", "never"},
        {"0 0 1 1 *", NULL, "0001-01-01T00:00Z", "0002-01-01T00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        schedule_auto schedule = NULL;
        struct error error;
        if (schedule_parse_cron(cases[i].rule, cases[i].timezone, true, &schedule, &error) < 0)
            fail_msg("%s: %s", cases[i].rule, error.message);
        assert_int_equal(schedule_kind(schedule), SCHEDULE_CRON);
        check(schedule, &cases[i]);
    }
}

static void cron_without_day_or_wants_both_days(void **state)
{
    schedule_auto schedule = NULL;
    struct firing_case friday_13 = {"0 0 13 * 5", "UTC", "2026-01-01T00:00Z",
                                    "2026-02-13T00:00Z 2026-03-13T00:00Z 2026-11-13T00:00Z"};

    (void)state;
    assert_int_equal(schedule_parse_cron(friday_13.rule, NULL, false, &schedule, NULL), 0);
    check(schedule, &friday_13);
}

static void intervals_fire(void **state)
{
    static const struct {
        int64_t length;
        const char *anchor;
        struct firing_case firing;
    } cases[] = {
        {HOUR,
         "2026-01-01T00:10Z",
         {"1 h", "Europe/Berlin", "2026-10-25T00:00Z",
          "2026-10-25T00:10Z 2026-10-25T01:10Z 2026-10-25T02:10Z"}},
        {DAY,
         "2026-01-01T08:00Z", /* 09:00 in Berlin, all the year */
         {"1 d", "Europe/Berlin", "2026-03-28T00:00Z",
          "2026-03-28T08:00Z 2026-03-29T07:00Z 2026-03-30T07:00Z"}},
        {DAY,
         "2026-01-01T08:00Z",
         {"1 d", NULL, "2026-03-28T00:00Z", "2026-03-28T08:00Z 2026-03-29T08:00Z"}},
        {DAY,
         "2026-01-01T01:30Z", /* 02:30 is skipped: 03:30 */
         {"1 d", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:30Z 2026-03-30T00:30Z"}},
        {DAY,
         "2026-01-01T01:30Z", /* asked within the skipped hour's shadow */
         {"1 d", "Europe/Berlin", "2026-03-29T01:20Z", "2026-03-29T01:30Z 2026-03-30T00:30Z"}},
        {DAY,
         "2026-07-01T00:30Z", /* 02:30 comes twice: the first */
         {"1 d", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T00:30Z 2026-10-26T01:30Z"}},
        {DAY,
         "2011-12-01T22:00Z", /* noon of the day that was left out is noon of the next */
         {"1 d", "Pacific/Apia", "2011-12-29T00:00Z",
          "2011-12-29T22:00Z 2011-12-30T22:00Z 2011-12-31T22:00Z"}},
        {36 * HOUR,
         "2026-01-01T00:00Z",
         {"36 h", "America/New_York", "2026-01-02T00:00Z", "2026-01-02T12:00Z 2026-01-04T00:00Z"}},
        {7 * DAY,
         "2030-01-01T00:00Z", /* before the anchor, too */
         {"7 d", NULL, "2026-11-20T00:00Z", "2026-11-24T00:00Z 2026-12-01T00:00Z"}},
        {1500000,
         "1970-01-01T00:00:00.000001Z",
         {"1.5 s", NULL, "2026-01-01T00:00:00.000001Z",
          "2026-01-01T00:00:01.500001Z 2026-01-01T00:00:03.000001Z"}},
        {INT64_MAX,
         "2026-01-01T00:00Z",
         {"for ever", NULL, "2025-01-01T00:00Z", "2026-01-01T00:00Z never"}},
        {INT64_MAX,
         "2026-01-01T00:00Z",
         {"for ever", "Europe/Berlin", "0001-01-01T00:00Z", "2026-01-01T00:00Z never"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        schedule_auto schedule = NULL;
        assert_int_equal(schedule_parse_interval(cases[i].length, at(cases[i].anchor),
                                                 cases[i].firing.timezone, &schedule, NULL),
                         0);
        check(schedule, &cases[i].firing);
    }
}

static void rrules_fire(void **state)
{
    static const struct firing_case cases[] = {
        /* Examples of RFC 5545, section 3.8.5.3. */
        {"DTSTART;TZID=America/New_York:19970902T090000\nRRULE:FREQ=DAILY;COUNT=10", NULL,
         "1997-09-10T13:00Z", "1997-09-11T13:00Z never"},
        {"DTSTART;TZID=America/New_York:19970902T090000\r\n"
         "RRULE:FREQ=DAILY;UNTIL=19971224T000000Z",
         "Asia/Tokyo", "1997-10-24T13:00Z",
         "1997-10-25T13:00Z 1997-10-26T14:00Z 1997-10-27T14:00Z"},
        {"DTSTART:19970902T090000\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
         "America/New_York", "1997-09-01T00:00Z", "1997-09-29T13:00Z 1997-10-30T14:00Z"},
        {"DTSTART:19970513T090000\nRRULE:FREQ=YEARLY;BYDAY=20MO", "America/New_York",
         "1997-05-13T13:00Z", "1997-05-19T13:00Z 1998-05-18T13:00Z 1999-05-17T13:00Z"},
        {"DTSTART:19970902T090000\nEXDATE:19970902T090000\n"
         "RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
         "America/New_York", "1997-01-01T00:00Z",
         "1998-02-13T14:00Z 1998-03-13T14:00Z 1998-11-13T14:00Z 1999-08-13T13:00Z"},
        {"DTSTART:19961105T090000\n"
         "RRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
         "America/New_York", "1996-01-01T00:00Z",
         "1996-11-05T14:00Z 2000-11-07T14:00Z 2004-11-02T14:00Z"},
        {"DTSTART:19970805T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", NULL,
         "1997-08-01T00:00Z",
         "1997-08-05T09:00Z 1997-08-17T09:00Z 1997-08-19T09:00Z 1997-08-31T09:00Z never"},
        {"DTSTART:20070115T090000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=3", NULL,
         "2007-01-15T09:00Z", "2007-01-30T09:00Z 2007-02-15T09:00Z never"},
        /* Weeks, without a DTSTART, in zones. */
        {"FREQ=WEEKLY", NULL, "2026-01-01T00:00Z", "2026-01-07T00:00Z"}, /* 2020-01-01: Wednesday */
        {"RRULE:FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", NULL, "2020-01-01T00:00Z",
         "2020-12-28T00:00Z 2026-12-28T00:00Z"},
        {"RRULE:FREQ=YEARLY;BYWEEKNO=20", NULL, "2026-01-01T00:00Z",
         "2026-05-13T00:00Z 2027-05-19T00:00Z"}, /* on DTSTART's weekday */
        {"freq=monthly;byday=mo,1tu;bysetpos=1", NULL, "2026-01-01T00:00Z",
         "2026-01-05T00:00Z 2026-02-02T00:00Z 2026-03-02T00:00Z"},
        {"DTSTART:20260107T090000 RRULE:FREQ=WEEKLY;BYDAY=MO,WE;BYSETPOS=1", NULL,
         "2026-01-01T00:00Z", "2026-01-12T09:00Z"}, /* the first week's Monday is past */
        {"DTSTART:20260301T023000\nRRULE:FREQ=DAILY", "Europe/Berlin", "2026-03-28T12:00Z",
         "2026-03-29T01:30Z 2026-03-30T00:30Z"}, /* skipped: 03:30 */
        {"DTSTART:20260329T010000\nRRULE:FREQ=MINUTELY;INTERVAL=30", "Europe/Berlin",
         "2026-03-29T00:00Z", "2026-03-29T00:30Z 2026-03-29T01:00Z 2026-03-29T01:30Z"},
        {"DTSTART:20261025T000000\nRRULE:FREQ=HOURLY", "Europe/Berlin", "2026-10-24T23:30Z",
         "2026-10-25T00:00Z 2026-10-25T02:00Z"}, /* 02:00 comes twice: the first */
        {"DTSTART:20111229T120000\nRRULE:FREQ=DAILY;COUNT=3", "Pacific/Apia", "2011-12-01T00:00Z",
         "2011-12-29T22:00Z 2011-12-30T22:00Z never"}, /* the skipped day is the next one */
        {"DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY", "America/New_York", "2026-07-01T00:00Z",
         "2026-07-01T09:00Z"}, /* UTC is UTC */
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260103T090000", "America/New_York",
         "2026-01-02T00:00Z", "2026-01-02T14:00Z 2026-01-03T14:00Z never"},
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260103T090000Z", "America/New_York",
         "2026-01-02T00:00Z", "2026-01-02T14:00Z never"},
        /* Sets. */
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=3\nRRULE:FREQ=MONTHLY;COUNT=2\n"
         "RDATE:20260110T090000,20260109T100000Z\nEXDATE:20260102T090000",
         "Europe/Berlin", "2026-01-01T00:00Z",
         "2026-01-01T08:00Z 2026-01-03T08:00Z 2026-01-09T10:00Z 2026-01-10T08:00Z "
         "2026-02-01T08:00Z never"},
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY;BYDAY=SA,SU", NULL,
         "2026-01-02T00:00Z", "2026-01-02T09:00Z 2026-01-05T09:00Z"},
        {"RDATE;VALUE=DATE:20260110\nRDATE;TZID=Asia/Kathmandu:20260111T000000", NULL,
         "2026-01-02T00:00Z", "2026-01-10T00:00Z 2026-01-10T18:15Z never"},
        {"DTSTART:20260101T0\r\n 90000\r\nRRULE:FREQ=DA\r\n\tILY", NULL, "2026-01-01T00:00Z",
         "2026-01-01T09:00Z"},
        /* Far apart. */
        {"DTSTART:20200229T000000\nRRULE:FREQ=YEARLY;INTERVAL=3;BYMONTHDAY=29;BYMONTH=2", NULL,
         "2020-03-01T00:00Z", "2032-02-29T00:00Z 2044-02-29T00:00Z"},
        {"FREQ=SECONDLY;INTERVAL=7", NULL, "9000-01-01T00:00Z", "9000-01-01T00:00:07Z"},
        {"FREQ=SECONDLY;BYMONTH=12;BYMONTHDAY=31;BYHOUR=23;BYMINUTE=59;BYSECOND=60", NULL,
         "2026-01-01T00:00Z", "2026-12-31T23:59:59Z 2027-12-31T23:59:59Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        schedule_auto schedule = NULL;
        struct error error;
        if (schedule_parse_rrule(cases[i].rule, cases[i].timezone, &schedule, &error) < 0)
            fail_msg("%s: %s", cases[i].rule, error.message);
        assert_int_equal(schedule_kind(schedule), SCHEDULE_RRULE);
        check(schedule, &cases[i]);
    }
}

static void bad_rrules_are_refused_with_their_part(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "neither"},
        {"DTSTART:20260101T000000", "neither"},
        {"INTERVAL=2", "FREQ is missing"},
        {"FREQ=FORTNIGHTLY", "FREQ: \"FORTNIGHTLY\""},
        {"FREQ=DAILY;BYEASTER=1", "\"BYEASTER\""},
        {"FREQ=DAILY;INTERVAL", "INTERVAL: it has no value"},
        {"FREQ=DAILY;INTERVAL=0", "INTERVAL: \"0\""},
        {"FREQ=DAILY;FREQ=DAILY", "FREQ: it is there twice"},
        {"FREQ=DAILY;COUNT=0", "COUNT: \"0\""},
        {"FREQ=DAILY;COUNT=100001", "COUNT: \"100001\""},
        {"FREQ=DAILY;COUNT=3;UNTIL=20260101T000000", "UNTIL and COUNT"},
        {"FREQ=DAILY;UNTIL=tomorrow", "UNTIL: \"tomorrow\""},
        {"FREQ=DAILY;BYHOUR=1,24", "BYHOUR: \"24\""},
        {"FREQ=DAILY;BYMONTH=-1", "BYMONTH: \"-1\""},
        {"FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY: \"-32\""},
        {"FREQ=MONTHLY;BYMONTHDAY=1,,2", "BYMONTHDAY: \"\""},
        {"FREQ=MONTHLY;BYDAY=XX", "BYDAY: \"XX\""},
        {"FREQ=MONTHLY;BYDAY=0MO", "BYDAY: \"0MO\""},
        {"FREQ=WEEKLY;BYDAY=1MO", "BYDAY: \"1MO\""},
        {"FREQ=YEARLY;BYDAY=1MO;BYWEEKNO=3", "BYWEEKNO"},
        {"FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO goes not with FREQ=MONTHLY"},
        {"FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY goes not with FREQ=WEEKLY"},
        {"FREQ=DAILY;BYYEARDAY=3", "BYYEARDAY goes not with FREQ=DAILY"},
        {"FREQ=DAILY;BYSETPOS=1", "BYSETPOS: it needs"},
        {"FREQ=DAILY;WKST=1", "WKST: \"1\""},
        {"DTSTART:2026-01-01\nRRULE:FREQ=DAILY", "DTSTART: \"2026-01-01\""},
        {"DTSTART:20260101\nDTSTART:20260102\nRRULE:FREQ=DAILY", "DTSTART: there are two"},
        {"DTSTART;TZID=Nowhere/At_All:20260101T000000\nRRULE:FREQ=DAILY", "Nowhere/At_All"},
        {"DTSTART;TZID=Asia/Tokyo:20260101T000000Z\nRRULE:FREQ=DAILY", "no TZID"},
        {"RDATE;VALUE=PERIOD:20260101T000000Z/P1D", "VALUE=PERIOD"},
        {"EXDATE:x\nRRULE:FREQ=DAILY", "EXDATE: \"x\""},
        {"DURATION:P1D\nRRULE:FREQ=DAILY", "\"DURATION\""},
        {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "never fires"},
        {"FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31", "never fires"},
        {"FREQ=SECONDLY;INTERVAL=2;BYSECOND=1,3,5", "never fires"},
        {"FREQ=HOURLY;INTERVAL=24;BYHOUR=3", "never fires"},
        {"FREQ=DAILY;UNTIL=20191231T000000", "never fires"},
        {"RRULE:FREQ=DAILY\nEXRULE:FREQ=DAILY", "never fires"},
        {"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "never fires"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct schedule *schedule = NULL;
        struct error error = {0};
        if (schedule_parse_rrule(cases[i].text, NULL, &schedule, &error) == 0)
            fail_msg("\"%s\" is taken", cases[i].text);
        assert_null(schedule);
        assert_ptr_equal(strstr(error.message, "rrule: "), error.message);
        if (!strstr(error.message, cases[i].says))
            fail_msg("\"%s\": %s", cases[i].text, error.message);
    }
}

/* Nothing that can be asked for takes longer than a wink. */
static void no_rule_is_searched_for_ever(void **state)
{
    static const char *const rules[] = {
        "FREQ=SECONDLY;INTERVAL=2;BYSECOND=1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39",
        "FREQ=MINUTELY;INTERVAL=1440;BYMINUTE=1",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1",
        "FREQ=YEARLY;BYHOUR=1,2,3;BYMINUTE=1,2,3;BYSECOND=1,2,3;BYDAY=MO;BYSETPOS=366",
        "RRULE:FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY",
        "RRULE:FREQ=SECONDLY;COUNT=100000\nRRULE:FREQ=SECONDLY;INTERVAL=2;BYSECOND=1;COUNT=100000",
    };
    int64_t begin = time_monotonic();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        schedule_auto schedule = NULL;
        if (schedule_parse_rrule(rules[i], "Europe/Berlin", &schedule, NULL) == 0)
            schedule_next(schedule, at("2026-01-01T00:00Z"));
    }
    assert_true(time_monotonic() - begin < 20 * SECOND);
}

static void next_is_after_what_it_was_asked_for(void **state)
{
    schedule_auto schedule = NULL;

    (void)state;
    assert_int_equal(schedule_parse_cron("* * * * *", NULL, true, &schedule, NULL), 0);
    assert_int_equal(schedule_next(schedule, at("2026-01-01T00:00Z")), at("2026-01-01T00:01Z"));
    assert_int_equal(schedule_next(schedule, at("2026-01-01T00:00Z") - 1), at("2026-01-01T00:00Z"));
    assert_int_equal(schedule_next(schedule, INT64_MIN), at("0001-01-01T00:00Z"));
    assert_int_equal(schedule_next(schedule, TIME_NEVER), TIME_NEVER);
    assert_int_equal(schedule_next(schedule, at("9999-12-31T23:59Z")), TIME_NEVER);
}

static void bad_cron_is_refused_with_its_field(void **state)
{
    static const struct {
        const char *expression;
        const char *says;
    } cases[] = {
        {"", "5 fields"},
        {"* * * *", "5 fields"},
        {"* * * * * * * *", "5 fields"},
        {"60 * * * *", "minute: \"60\""},
        {"* 24 * * *", "hour: \"24\""},
        {"* * 0 * *", "day of month: \"0\""},
        {"* * * 13 *", "month: \"13\""},
        {"* * * jam *", "month: \"jam\""},
        {"* * * * 8", "day of week: \"8\""},
        {"* * * * 5#6", "day of week: \"5#6\""},
        {"* * * * L", "day of week: \"L\""},
        {"* * * * * 60", "second: \"60\""},
        {"* * * * * * 1969", "year: \"1969\""},
        {"* * * * * * 2030-2028", "year: \"2030-2028\""},
        {"*/0 * * * *", "minute: \"*/0\""},
        {"1,,2 * * * *", "minute: \"\""},
        {"1-2-3 * * * *", "minute: \"1-2-3\""},
        {"-1 * * * *", "minute: \"-1\""},
        {"99999999999999999999 * * * *", "minute"},
        {"? * * * *", "minute: \"?\""},
        {"h * * * *", "minute: \"h\""},
        {"@never", "5 fields"},
        {"0 0 31 2,4 *", "never fires"},
        {"0 0 30 2 * 0 2028", "never fires"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct schedule *schedule = NULL;
        struct error error;
        assert_int_equal(schedule_parse_cron(cases[i].expression, NULL, true, &schedule, &error),
                         -1);
        assert_null(schedule);
        assert_ptr_equal(strstr(error.message, "cron: "), error.message);
        if (!strstr(error.message, cases[i].says))
            fail_msg("\"%s\": %s", cases[i].expression, error.message);
    }
}

static void bad_zones_and_intervals_are_refused(void **state)
{
    static const char *const zones[] = {"Europe/Atlantis", "europe/berlin", "../../etc/passwd",
                                        "/etc/localtime",  "Europe",        "right/Europe/Berlin",
                                        "zone.tab",        "Europe/../UTC"};
    struct schedule *schedule = NULL;
    struct error error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(zones); i++) {
        assert_int_equal(schedule_parse_interval(SECOND, 0, zones[i], &schedule, &error), -1);
        assert_non_null(strstr(error.message, zones[i]));
        assert_ptr_equal(strstr(error.message, "timezone: "), error.message);
    }
    assert_int_equal(schedule_parse_interval(0, 0, NULL, &schedule, &error), -1);
    assert_ptr_equal(strstr(error.message, "interval: "), error.message);
    assert_int_equal(schedule_parse_interval(SECOND, INT64_MAX, NULL, &schedule, &error), -1);
    assert_ptr_equal(strstr(error.message, "anchor_date: "), error.message);
    assert_null(schedule);
}

/* TZ of the process must not matter. */
static void the_zone_of_the_process_does_not_matter(void **state)
{
    schedule_auto schedule = NULL;

    (void)state;
    setenv("TZ", "Pacific/Auckland", 1);
    assert_int_equal(schedule_parse_cron("0 9 * * *", "Europe/Berlin", true, &schedule, NULL), 0);
    assert_int_equal(schedule_next(schedule, at("2026-01-01T00:00Z")), at("2026-01-01T08:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cron_fires),
        cmocka_unit_test(cron_without_day_or_wants_both_days),
        cmocka_unit_test(intervals_fire),
        cmocka_unit_test(rrules_fire),
        cmocka_unit_test(bad_rrules_are_refused_with_their_part),
        cmocka_unit_test(no_rule_is_searched_for_ever),
        cmocka_unit_test(next_is_after_what_it_was_asked_for),
        cmocka_unit_test(bad_cron_is_refused_with_its_field),
        cmocka_unit_test(bad_zones_and_intervals_are_refused),
        cmocka_unit_test(the_zone_of_the_process_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
