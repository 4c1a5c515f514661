#include "server/schedules/zone.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/times.h"
#include "server/schedules/calendar.h"
#include "server/schedules/posix_tz.h"

#define DATABASE     "/usr/share/zoneinfo"
#define FILE_CEILING ((size_t)256 << 10) /* the largest file of 2025 has 4 kB */
#define NAME_CEILING 64
#define HEADER_SIZE  44

struct transition {
    int64_t at;     /* instant */
    int64_t offset; /* from then on */
};

struct zone {
    struct transition *transitions; /* in order */
    size_t count;
    int64_t first_offset; /* before all of them */
    bool has_rule;
    struct posix_tz rule; /* after all of them */
};

void zone_free(struct zone *zone)
{
    if (!zone)
        return;
    free(zone->transitions);
    free(zone);
}

void zone_freep(struct zone **zone)
{
    zone_free(*zone);
}

/* The six counts of a TZif header, in its order. */
struct header {
    uint32_t ut_indicators;
    uint32_t standard_indicators;
    uint32_t leap_seconds;
    uint32_t transitions;
    uint32_t types;
    uint32_t abbreviations;
    char version;
};

static uint64_t big_endian(const char *data, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | (unsigned char)data[i];
    return value;
}

static bool read_header(const char *data, size_t length, struct header *ret_header)
{
    if (length < HEADER_SIZE || memcmp(data, "TZif", 4) != 0)
        return false;
    uint32_t counts[6];
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        counts[i] = (uint32_t)big_endian(data + 20 + 4 * i, 4);
    *ret_header =
        (struct header){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], data[4]};
    return true;
}

static size_t block_size(const struct header *header, size_t time_size)
{
    return header->transitions * (time_size + 1) + (size_t)header->types * 6 +
           header->abbreviations + header->leap_seconds * (time_size + 4) +
           header->standard_indicators + header->ut_indicators;
}

/* The times and offsets of a block whose size was checked. */
static bool read_transitions(struct zone *zone, const struct header *header, const char *block)
{
    const char *indices = block + (size_t)header->transitions * 8;
    const char *types = indices + header->transitions;

    zone->transitions = calloc(header->transitions + 1, sizeof(*zone->transitions));
    if (!zone->transitions)
        return false;
    zone->count = header->transitions;
    zone->first_offset = (int32_t)big_endian(types, 4) * SECOND;
    for (size_t i = 0; i < zone->count; i++) {
        int64_t at = (int64_t)big_endian(block + 8 * i, 8);
        unsigned char type = (unsigned char)indices[i];
        if (type >= header->types)
            return false;
        int64_t offset = (int32_t)big_endian(types + 6 * (size_t)type, 4) * SECOND;
        if (offset > LARGEST_UTOFFSET || offset < -LARGEST_UTOFFSET)
            return false;
        /* Some files begin with a time long before the world did. */
        if (at < FIRST_INSTANT / SECOND)
            at = FIRST_INSTANT / SECOND;
        if (at > LAST_INSTANT / SECOND || (i && at * SECOND < zone->transitions[i - 1].at))
            return false;
        zone->transitions[i] = (struct transition){at * SECOND, offset};
    }
    return true;
}

/* Version 2 and later: a block with 32-bit times, which is skipped, one with 64-bit times, and the
 * rule between two newlines. */
static bool read_file(struct zone *zone, const char *data, size_t length)
{
    struct header header;

    if (!read_header(data, length, &header) || header.version < '2')
        return false;
    size_t skipped = HEADER_SIZE + block_size(&header, 4);
    if (skipped > length)
        return false;
    data += skipped;
    length -= skipped;
    if (!read_header(data, length, &header) || header.types == 0 || header.leap_seconds != 0)
        return false;
    size_t size = HEADER_SIZE + block_size(&header, 8);
    if (size >= length || !read_transitions(zone, &header, data + HEADER_SIZE))
        return false;

    char rule[128];
    const char *footer = data + size;
    const char *end = memchr(footer + 1, '\n', length - size - 1);
    if (*footer != '\n' || !end || (size_t)(end - footer) > sizeof(rule))
        return false;
    memcpy(rule, footer + 1, (size_t)(end - footer - 1));
    rule[end - footer - 1] = '\0';
    zone->has_rule = rule[0] != '\0';
    return !zone->has_rule || posix_tz_parse(rule, &zone->rule);
}

/* "Europe/Berlin": nothing that leads out of the database, nor to its copies ("posix/", "right/"
 * with leap seconds), nor to the machine's own zone. */
static bool is_zone_name(const char *name)
{
    size_t length = strlen(name);

    if (length > NAME_CEILING || !isupper((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_+-/", name[i]))
            return false;
    return true;
}

static int slurp(const char *path, struct buf *buf)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;

    while (n > 0) {
        char *to = buf_reserve(buf, 4096);
        n = to ? read(fd, to, 4096) : -1;
        if (n > 0)
            buf_added(buf, (size_t)n);
    }
    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : 0;
}

static int unknown_zone(const char *name, struct error *error)
{
    if (access(DATABASE, R_OK) < 0)
        return error_set(error, ENOENT,
                         "timezone: \"%.*s\" needs the time zone database in " DATABASE
                         " (package tzdata), which is missing",
                         NAME_CEILING, name);
    return error_set(error, EINVAL,
                     "timezone: \"%.*s\" is not a time zone of the database in " DATABASE
                     "; one is, for example, \"America/New_York\"",
                     NAME_CEILING, name);
}

int zone_load(const char *name, struct zone **ret_zone, struct error *error)
{
    buf_auto data = {.ceiling = FILE_CEILING};
    char path[sizeof(DATABASE) + 1 + NAME_CEILING];

    zone_auto zone = calloc(1, sizeof(*zone));
    if (!zone)
        return error_set(error, ENOMEM, "timezone: no memory");
    if (name && *name && strcmp(name, "UTC") != 0) {
        if (!is_zone_name(name))
            return unknown_zone(name, error);
        stpcpy(stpcpy(path, DATABASE "/"), name);
        if (slurp(path, &data) < 0)
            return unknown_zone(name, error);
        if (!read_file(zone, buf_string(&data), data.length))
            return error_set(error, EINVAL, "timezone: %s is not a time zone file", path);
    }
    *ret_zone = zone;
    zone = NULL;
    return 0;
}

/* The stretch of the rule that an instant lies in. Clocks change twice a year, so that the changes
 * of the year before, the year and the year after surround it. */
static struct zone_span rule_span(const struct posix_tz *rule, int64_t instant)
{
    struct zone_span span = {INT64_MIN, TIME_NEVER, rule->standard * SECOND};

    if (!rule->changes)
        return span;
    int year = date_from_day(floor_div(instant, DAY)).year;
    for (int y = year - 1; y <= year + 1; y++) {
        int64_t changes[2];
        posix_tz_changes(rule, y, &changes[0], &changes[1]);
        for (int i = 0; i < 2; i++) {
            int64_t at = changes[i] * SECOND;
            if (at > instant) {
                span.end = at < span.end ? at : span.end;
            } else if (at >= span.start) {
                span.start = at;
                span.offset = (i == 0 ? rule->daylight : rule->standard) * SECOND;
            }
        }
    }
    return span;
}

/* How many transitions are not after the instant. */
static size_t transitions_until(const struct zone *zone, int64_t instant)
{
    size_t low = 0, high = zone->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->transitions[middle].at <= instant)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct zone_span zone_span_at(const struct zone *zone, int64_t instant)
{
    size_t passed = transitions_until(zone, instant);
    const struct transition *last = passed ? &zone->transitions[passed - 1] : NULL;

    if (passed == zone->count && zone->has_rule) {
        struct zone_span span = rule_span(&zone->rule, instant);
        if (last && span.start < last->at)
            span.start = last->at;
        return span;
    }
    return (struct zone_span){
        .start = last ? last->at : INT64_MIN,
        .end = passed < zone->count ? zone->transitions[passed].at : TIME_NEVER,
        .offset = last ? last->offset : zone->first_offset,
    };
}

int64_t zone_to_wall(const struct zone *zone, int64_t instant)
{
    return instant + zone_span_at(zone, instant).offset;
}

int64_t zone_to_instant(const struct zone *zone, int64_t wall, enum zone_gap gap)
{
    int64_t offset_before = 0;

    for (int64_t from = wall - LARGEST_UTOFFSET;;) {
        struct zone_span span = zone_span_at(zone, from);
        int64_t instant = wall - span.offset;
        if (instant < from) /* the clock has jumped over it */
            return gap == ZONE_GAP_END ? from : wall - offset_before;
        if (instant < span.end)
            return instant;
        offset_before = span.offset;
        from = span.end;
    }
}
