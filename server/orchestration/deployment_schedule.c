#include "server/orchestration/deployment_schedule.h"

#include <string.h>

#include "common/ids.h"
#include "common/times.h"
#include "server/orchestration/flow_run.h"
#include "server/resource/overlay.h"
#include "json/text.h"

/* ---- what a run is made from ---- */

struct source {
    const char *id;
    const char *deployment_id;
    const char *schedule; /* JSON, like the next ones that say so */
    int64_t max_runs;
    const char *parameters; /* JSON */
    const char *slug;       /* or NULL */
    int64_t made_until;     /* INT64_MIN: none was made */
    const char *flow_id;
    const char *version;
    struct work_queue queue; /* `id` NULL: it is in none */
    const char *tags;        /* JSON */
    const char *labels;      /* JSON */
    const char *infrastructure_document_id;
};

static const char *with_auto_scheduled(struct txn *txn, const char *tags)
{
    json_auto_t *list = json_pack("[s]", "auto-scheduled");
    json_auto_t *own = json_loads(tags, 0, NULL);
    size_t i;
    json_t *tag;

    json_array_foreach(own, i, tag)
        if (!json_equal(tag, json_array_get(list, 0)))
            json_array_append(list, tag);
    return json_arena_text(txn_arena(txn), list);
}

static int load_source(struct txn *txn, const char *id, struct source *ret_source)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT s.id, s.deployment_id, s.schedule, s.max_scheduled_runs,"
                         " s.parameters, s.slug, s.scheduled_until, d.flow_id, d.version,"
                         " d.work_queue_name, d.parameters, d.tags, d.labels,"
                         " d.infrastructure_document_id, d.work_queue_id, d.work_pool_id,"
                         " d.work_pool_name"
                         " FROM deployment_schedules s JOIN deployments d ON d.id = s.deployment_id"
                         " WHERE s.id = ?",
                         V(id));

    if (found <= 0)
        return found;
    *ret_source = (struct source){
        .id = rows_strdup(&rows, 0, txn_arena(txn)),
        .deployment_id = rows_strdup(&rows, 1, txn_arena(txn)),
        .schedule = rows_strdup(&rows, 2, txn_arena(txn)),
        .max_runs = rows_is_null(&rows, 3) ? SCHEDULED_RUNS_MAX : rows_integer(&rows, 3),
        .parameters = overlay_text(txn, txn_arena(txn), rows_text(&rows, 10), rows_text(&rows, 4)),
        .slug = rows_strdup(&rows, 5, txn_arena(txn)),
        .made_until = rows_is_null(&rows, 6) ? INT64_MIN : rows_integer(&rows, 6),
        .flow_id = rows_strdup(&rows, 7, txn_arena(txn)),
        .version = rows_strdup(&rows, 8, txn_arena(txn)),
        .queue = {.id = rows_strdup(&rows, 14, txn_arena(txn)),
                  .name = rows_strdup(&rows, 9, txn_arena(txn)),
                  .pool_id = rows_strdup(&rows, 15, txn_arena(txn)),
                  .pool_name = rows_strdup(&rows, 16, txn_arena(txn))},
        .tags = with_auto_scheduled(txn, rows_text(&rows, 11)),
        .labels = rows_strdup(&rows, 12, txn_arena(txn)),
        .infrastructure_document_id = rows_strdup(&rows, 13, txn_arena(txn)),
    };
    return ret_source->parameters ? 1 : -1;
}

static int parse_source(struct txn *txn, const struct source *source,
                        struct schedule **ret_schedule)
{
    struct error error;
    json_auto_t *json = json_parse(source->schedule, strlen(source->schedule), &error);

    if (!json || schedule_from_json(json, txn_now(txn), ret_schedule, NULL, &error) < 0)
        return txn_fail(txn, error.code, "the schedule %s: %s", source->id, error.message);
    return 0;
}

/* ---- making runs ---- */

/* The times of the runs that are wanted: how many. `ret_next` gets the time that ended the search,
 * TIME_NEVER if the schedule has no more. */
static int find_times(const struct schedule *schedule, const struct horizon *horizon,
                      int64_t *times, int64_t *ret_next)
{
    int64_t time = horizon->start - 1;
    int count = 0;

    while (count < horizon->max_runs) {
        time = schedule_next(schedule, time);
        if (time == TIME_NEVER || time > horizon->end)
            break;
        times[count++] = time;
        if (count >= horizon->min_runs && time >= horizon->until)
            break;
    }
    *ret_next = time;
    return count;
}

static const char *kind_name(const struct schedule *schedule)
{
    static const char *const names[] = {
        [SCHEDULE_CRON] = "CronSchedule",
        [SCHEDULE_INTERVAL] = "IntervalSchedule",
        [SCHEDULE_RRULE] = "RRuleSchedule",
    };

    return names[schedule_kind(schedule)];
}

/* 1, or 0 if there is one for this time already. */
static int make_run(struct txn *txn, const struct source *source, const char *created_by,
                    int64_t time)
{
    char text[TIME_SIZE];
    char id[ID_SIZE];
    struct state state;

    time_format(time, text);
    const struct new_flow_run new_run = {
        .flow_id = source->flow_id,
        .deployment_id = source->deployment_id,
        .deployment_version = source->version,
        .work_queue = source->queue.id ? &source->queue : NULL,
        .parameters = source->parameters,
        .labels = source->labels,
        .tags = source->tags,
        .idempotency_key = arena_printf(txn_arena(txn), "scheduled %s %s %s", source->deployment_id,
                                        source->id, text),
        .created_by = created_by,
        .infrastructure_document_id = source->infrastructure_document_id,
        .auto_scheduled = true,
    };
    state_make(&state, txn_arena(txn), STATE_SCHEDULED, "Scheduled", "Flow run scheduled");
    state_set_detail_time(&state, "scheduled_time", time);
    return flow_run_create(txn, &new_run, &state, id);
}

/* Makes runs for those of the times that lie after `after`. How many, or -1. */
static int make_runs(struct txn *txn, const struct source *source, const struct schedule *schedule,
                     const int64_t *times, int count, int64_t after)
{
    json_auto_t *created_by =
        json_pack("{s:s, s:s, s:s}", "id", source->id, "type", "SCHEDULE", "display_value",
                  source->slug ? source->slug : kind_name(schedule));
    const char *created_by_text = json_arena_text(txn_arena(txn), created_by);
    int total = 0;

    for (int i = 0; i < count; i++) {
        if (times[i] <= after)
            continue;
        int made = make_run(txn, source, created_by_text, times[i]);
        if (made < 0)
            return -1;
        total += made;
    }
    return total;
}

/* When runs are lacking again, given those there are now and the time that ended the search. */
static int64_t next_look(const struct horizon *horizon, const int64_t *times, int count,
                         int64_t next)
{
    if (next == TIME_NEVER)
        return TIME_NEVER;
    if (next > horizon->end)
        return next - SCHEDULED_UNTIL_MAX;
    if (count == horizon->max_runs)
        return times[count / 2];
    int64_t too_few = times[count - SCHEDULED_RUNS_MIN];
    int64_t too_short = times[count - 1] - SCHEDULED_UNTIL_MIN + MINUTE;
    return too_few < too_short ? too_few : too_short;
}

static int save_look(struct txn *txn, const struct source *source, int64_t due, int64_t made_until)
{
    int r =
        db_run(txn, "UPDATE deployment_schedules SET due = ?, scheduled_until = ? WHERE id = ?",
               value_time(due), made_until == INT64_MIN ? value_null() : value_integer(made_until),
               V(source->id));

    return r < 0 ? -1 : 0;
}

int deployment_schedule_run_ahead(struct txn *txn, const char *schedule_id)
{
    int64_t now = txn_now(txn);
    int64_t times[SCHEDULED_RUNS_MAX];
    struct source source;
    schedule_auto schedule = NULL;
    int64_t next;
    int found = load_source(txn, schedule_id, &source);

    if (found <= 0)
        return found;
    if (parse_source(txn, &source, &schedule) < 0)
        return -1;
    const struct horizon horizon = {
        .start = now + 1,
        .end = now + SCHEDULED_UNTIL_MAX,
        .until = now + SCHEDULED_UNTIL_MIN,
        .min_runs = SCHEDULED_RUNS_MIN,
        .max_runs = source.max_runs < SCHEDULED_RUNS_MAX ? source.max_runs : SCHEDULED_RUNS_MAX,
    };
    int count = find_times(schedule, &horizon, times, &next);
    int made = make_runs(txn, &source, schedule, times, count, source.made_until);
    if (made < 0)
        return -1;
    int64_t last = count ? times[count - 1] : INT64_MIN;
    int64_t made_until = last > source.made_until ? last : source.made_until;
    if (save_look(txn, &source, next_look(&horizon, times, count, next), made_until) < 0)
        return -1;
    return made;
}

static int schedule_range(struct txn *txn, const char *schedule_id, const struct horizon *horizon)
{
    int64_t *times = arena_alloc(txn_arena(txn), (size_t)horizon->max_runs * sizeof(*times));
    struct source source;
    schedule_auto schedule = NULL;
    int64_t next;

    if (load_source(txn, schedule_id, &source) < 0 || parse_source(txn, &source, &schedule) < 0)
        return -1;
    int count = find_times(schedule, horizon, times, &next);
    return make_runs(txn, &source, schedule, times, count, INT64_MIN);
}

/* The first column of all rows, in the transaction's memory; NULL on failure. */
static const char **all_ids(struct txn *txn, struct rows *rows, size_t *ret_count)
{
    size_t count = 0;
    size_t capacity = 16;
    const char **ids = arena_alloc(txn_arena(txn), capacity * sizeof(*ids));
    int r;

    while ((r = rows_next(rows)) > 0) {
        if (count == capacity) {
            const char **grown = arena_alloc(txn_arena(txn), 2 * capacity * sizeof(*grown));
            memcpy(grown, ids, count * sizeof(*ids));
            ids = grown;
            capacity *= 2;
        }
        ids[count++] = arena_strdup(txn_arena(txn), rows_text(rows, 0));
    }
    rows_close(rows);
    *ret_count = count;
    return r < 0 ? NULL : ids;
}

int deployment_schedule_range(struct txn *txn, const char *deployment_id,
                              const struct horizon *horizon)
{
    rows_auto rows = {0};
    size_t count;

    if (horizon->max_runs <= 0)
        return 0;
    if (db_query(txn, &rows,
                 "SELECT id FROM deployment_schedules WHERE deployment_id = ? AND active = 1"
                 " ORDER BY seq",
                 V(deployment_id)) < 0)
        return -1;
    const char **ids = all_ids(txn, &rows, &count);
    if (!ids)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (schedule_range(txn, ids[i], horizon) < 0)
            return -1;
    return 0;
}

/* ---- taking back ---- */

int deployment_unschedule(struct txn *txn, const char *deployment_id, unsigned flags)
{
    rows_auto rows = {0};
    size_t count;
    int64_t after = flags & UNSCHEDULE_FUTURE ? txn_now(txn) : INT64_MIN;

    if (db_query(txn, &rows,
                 "SELECT id FROM flow_runs WHERE deployment_id = ? AND state_type = 'SCHEDULED'"
                 " AND next_scheduled_start_time > ? AND run_count = 0 AND auto_scheduled >= ?"
                 " AND state_name <> 'AwaitingConcurrencySlot'",
                 V(deployment_id), V(after), V((flags & UNSCHEDULE_AUTO) != 0)) < 0)
        return -1;
    const char **ids = all_ids(txn, &rows, &count);
    if (!ids)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (db_run(txn, "DELETE FROM logs WHERE flow_run_id = ?", V(ids[i])) < 0 ||
            db_run(txn, "DELETE FROM flow_runs WHERE id = ?", V(ids[i])) < 0)
            return -1;
        txn_publish(txn, "flow_run:%s", ids[i]);
    }
    if (count)
        txn_publish(txn, "flow_runs");
    return 0;
}

int deployment_reschedule(struct txn *txn, const char *deployment_id)
{
    int r = db_run(txn,
                   "UPDATE deployment_schedules SET scheduled_until = NULL,"
                   " due = CASE WHEN active = 1 AND (SELECT d.paused FROM deployments d"
                   " WHERE d.id = deployment_id) = 0 THEN ? ELSE NULL END"
                   " WHERE deployment_id = ?",
                   V(txn_now(txn)), V(deployment_id));

    txn_publish(txn, "clock");
    return r < 0 ? -1 : 0;
}
