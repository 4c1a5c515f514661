/* /api/events/out: events to clients, those of the last minutes first. */
#include "common/times.h"
#include "server/api/stream.h"
#include "server/orchestration/event.h"
#include "server/orchestration/event_filter.h"

/* How far back a client may ask, as with Prefect's server. */
#define BACKFILL (15 * MINUTE)

/* A copy of the filter that lets nothing through from before `since`; what is malformed in it stays
 * as it is, to be told. */
static json_t *with_since(json_t *filter, int64_t since)
{
    json_t *occurred = json_object_get(filter, "occurred");
    const char *asked = json_string_value(json_object_get(occurred, "since"));
    json_t *copy = json_copy(filter);
    char text[TIME_SIZE];
    int64_t time;

    if ((occurred && !json_is_object(occurred) && !json_is_null(occurred)) ||
        (asked && (!time_parse(asked, &time) || time >= since)))
        return copy;
    json_t *changed = json_is_object(occurred) ? json_copy(occurred) : json_object();
    time_format(since, text);
    json_object_set_new(changed, "since", json_string(text));
    json_object_set_new(copy, "occurred", changed);
    return copy;
}

static void where(json_t *filter, int64_t since, struct arena *arena, struct sql *sql,
                  struct problems *problems)
{
    json_auto_t *changed = with_since(filter, since);

    event_filter_where(changed, TIME_NEVER, arena, sql, problems);
}

const struct stream_kind event_stream = {.socket = STREAM_SOCKET("/api/events/out"),
                                         .table = "events",
                                         .fields = event_fields,
                                         .type = "event",
                                         .where = where,
                                         .topics = event_filter_topics,
                                         .backfill = BACKFILL};
