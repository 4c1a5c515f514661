/*
 * A deployment's schedules: what clients send, and the runs that are made from them.
 *
 * Runs are made ahead: a schedule has at least 3 of them, and all until 1 h from now; but no more
 * than 100, and none that is more than 100 days away. The column `due` says when it has to be
 * looked at again.
 */
#pragma once

#include <jansson.h>

#include "common/buf.h"
#include "server/schedules/schedule.h"
#include "server/store/store.h"

#define SCHEDULED_RUNS_MIN  3
#define SCHEDULED_RUNS_MAX  100
#define SCHEDULED_UNTIL_MIN HOUR
#define SCHEDULED_UNTIL_MAX (100 * DAY)

/*
 * Reads {"interval": SECONDS, "anchor_date", "timezone"}, {"cron", "timezone", "day_or"} or
 * {"rrule", "timezone"} and appends it to `text` (may be NULL) with all its members, which is how
 * it is kept. An interval without an anchor counts from `now`. The error (EINVAL) begins with the
 * member at fault: "cron: …".
 */
int schedule_from_json(const json_t *json, int64_t now, struct schedule **ret_schedule,
                       struct buf *text, struct error *error) MUST_CHECK;

/* Makes the runs that a schedule lacks and says when to look again. How many were made, or -1; the
 * code EINVAL means that the kept schedule cannot be used any more. */
int deployment_schedule_run_ahead(struct txn *txn, const char *schedule_id) MUST_CHECK;

/* Which runs are wanted: from `start` to `end`; as few of them as reach both `until` and
 * `min_runs`, and never more than `max_runs`. */
struct horizon {
    int64_t start, end, until;
    int64_t min_runs, max_runs;
};

/* Makes such runs for each active schedule of a deployment, also of one that is paused. */
int deployment_schedule_range(struct txn *txn, const char *deployment_id,
                              const struct horizon *horizon) MUST_CHECK;

enum {
    UNSCHEDULE_AUTO = 1 << 0,   /* only those that a schedule made */
    UNSCHEDULE_FUTURE = 1 << 1, /* only those whose time has not come */
};

/* Deletes runs that are scheduled and were never started. */
int deployment_unschedule(struct txn *txn, const char *deployment_id, unsigned flags) MUST_CHECK;

/* After a change of the deployment or of one of its schedules: has the scheduler look at all of
 * them anew. */
int deployment_reschedule(struct txn *txn, const char *deployment_id) MUST_CHECK;
