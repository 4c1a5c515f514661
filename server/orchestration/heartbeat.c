#include "server/orchestration/heartbeat.h"

#include <string.h>

#include "common/times.h"

#define NAME     "prefect.flow-run.heartbeat"
#define RESOURCE "prefect.flow-run."
#define NOBODY   "00000000-0000-0000-0000-000000000000" /* the holder's name in run_leases */

#define MISSED         3
#define LOOKED_BACK    5             /* heartbeats: one that was late is not the rule */
#define SHORTEST_LEASE (10 * MINUTE) /* a new process of the run may send its first at any time */
#define LONGEST_LEASE  (24 * 60 * MINUTE)

/* The run whose sign of life the event is. False: of none. */
static bool run_of(const struct event *event, char ret_id[static ID_SIZE])
{
    return strcmp(event->name, NAME) == 0 &&
           strncmp(event->resource_id, RESOURCE, strlen(RESOURCE)) == 0 &&
           id_parse(event->resource_id + strlen(RESOURCE), ret_id);
}

/* When the run last began to run. 1; 0: it never did. */
static int find_begin(struct txn *txn, const char *run_id, int64_t *ret_begin)
{
    rows_auto rows = {0};
    int found = db_first(txn, &rows,
                         "SELECT timestamp FROM flow_run_states WHERE flow_run_id = ?"
                         " AND type = 'RUNNING' ORDER BY timestamp DESC LIMIT 1",
                         V(run_id));

    if (found > 0)
        *ret_begin = rows_integer(&rows, 0);
    return found;
}

/* The longest time between two of the last heartbeats that came since then; 0: there was but one.
 * While a run is suspended nobody sends any. */
static int longest_interval(struct txn *txn, const struct event *event, int64_t since,
                            int64_t *ret_interval)
{
    rows_auto rows = {0};
    int64_t later = TIME_NEVER;
    int r;

    *ret_interval = 0;
    if (db_query(txn, &rows,
                 "SELECT occurred, received FROM events WHERE resource_id = ? AND event = ?"
                 " ORDER BY occurred DESC LIMIT ?",
                 V(event->resource_id), V(event->name), V(LOOKED_BACK)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0 && rows_integer(&rows, 1) >= since) {
        int64_t occurred = rows_integer(&rows, 0);
        if (later != TIME_NEVER && later - occurred > *ret_interval)
            *ret_interval = later - occurred;
        later = occurred;
    }
    return r < 0 ? -1 : 0;
}

static int64_t lease_for(int64_t interval)
{
    int64_t lease = interval < LONGEST_LEASE / MISSED ? interval * MISSED : LONGEST_LEASE;

    return lease > SHORTEST_LEASE ? lease : SHORTEST_LEASE;
}

int heartbeat_take(struct txn *txn, const struct event *event)
{
    char run_id[ID_SIZE];
    int64_t begin, interval;

    if (!run_of(event, run_id))
        return 0;
    int found = find_begin(txn, run_id, &begin);
    if (found <= 0)
        return found;
    if (longest_interval(txn, event, begin, &interval) < 0)
        return -1;
    if (!interval)
        return 0;
    int held = db_run(txn,
                      "INSERT INTO run_leases (flow_run_id, holder, seconds, begins)"
                      " SELECT r.id, ?, ?, ? FROM flow_runs r"
                      " WHERE r.id = ? AND r.state_type IN ('RUNNING', 'CANCELLING', 'PAUSED')"
                      " ON CONFLICT (flow_run_id)"
                      " DO UPDATE SET seconds = excluded.seconds, begins = excluded.begins"
                      " WHERE run_leases.holder = excluded.holder",
                      V(NOBODY), V(lease_for(interval) / SECOND), V(txn_now(txn)), V(run_id));
    if (held > 0)
        txn_publish(txn, "clock");
    return held < 0 ? -1 : 0;
}
