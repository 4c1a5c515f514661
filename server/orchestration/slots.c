#include "server/orchestration/slots.h"

#include <math.h>

#include "common/times.h"
#include "server/orchestration/jitter.h"
#include "server/orchestration/state.h"
#include "server/store/sql.h"

#define LEAST_OCCUPANCY   0.1
#define OCCUPANCY_SAMPLES 2 /* times the slots of a limit: over so many the average goes */
#define JITTER            0.3

#define COLUMNS "id, name, active, most, taken, denied, decay, occupancy, counted"

/* ---- counting ---- */

/* Slots a second: what was asked for in vain is forgotten as fast as slots come back. */
static double rate_of(const struct slot_limit *limit)
{
    if (limit->decay > 0)
        return limit->decay;
    return 1 / fmax(LEAST_OCCUPANCY, fmin(limit->occupancy, WAIT_SECONDS));
}

/* Whole slots; the time that made less than one of them is kept for the next. */
void slot_limit_decay(struct slot_limit *limit, int64_t now)
{
    double rate = rate_of(limit);
    double seconds = now > limit->counted ? (double)(now - limit->counted) / (double)SECOND : 0;
    double gone = floor(rate * seconds);
    int64_t decaying = limit->decay > 0 ? limit->taken : 0;
    int64_t most = decaying > limit->denied ? decaying : limit->denied;

    if (gone >= (double)most) {
        limit->taken -= decaying;
        limit->denied = 0;
        limit->counted = now;
        return;
    }
    int64_t whole = (int64_t)gone;
    limit->taken -= decaying < whole ? decaying : whole;
    limit->denied -= limit->denied < whole ? limit->denied : whole;
    limit->counted += (int64_t)((double)whole / rate * (double)SECOND);
}

static void read_row(struct txn *txn, const struct rows *rows, struct slot_limit *ret_limit)
{
    id_copy(ret_limit->id, rows_text(rows, 0));
    ret_limit->name = arena_strdup(txn_arena(txn), rows_text(rows, 1));
    ret_limit->active = rows_integer(rows, 2) != 0;
    ret_limit->most = rows_integer(rows, 3);
    ret_limit->taken = rows_integer(rows, 4);
    ret_limit->denied = rows_integer(rows, 5);
    ret_limit->decay = rows_real(rows, 6);
    ret_limit->occupancy = rows_real(rows, 7);
    ret_limit->counted = rows_integer(rows, 8);
    slot_limit_decay(ret_limit, txn_now(txn));
}

/* Reads the rows of a query, of which there are `most` at the most. */
static int read_rows(struct txn *txn, struct sql *sql, size_t most, struct slot_limits *ret_limits)
{
    struct slot_limits limits = {
        .limits = arena_alloc(txn_arena(txn), (most + 1) * sizeof(*limits.limits))};
    rows_auto rows = {0};
    int r;

    if (sql_query(txn, &rows, sql) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0)
        read_row(txn, &rows, &limits.limits[limits.count++]);
    if (r < 0)
        return -1;
    *ret_limits = limits;
    return 0;
}

int slot_limits_load(struct txn *txn, const json_t *names, const char *prefix,
                     struct slot_limits *ret_limits)
{
    sql_auto sql = {0};
    size_t i;
    json_t *name;

    *ret_limits = (struct slot_limits){0};
    if (json_array_size(names) == 0)
        return 0;
    sql_add(&sql, "SELECT " COLUMNS " FROM concurrency_limits WHERE name IN (");
    json_array_foreach(names, i, name) {
        sql_add(&sql, i ? ", ?" : "?");
        sql_bind(&sql, V(arena_printf(txn_arena(txn), "%s%s", prefix, json_string_value(name))));
    }
    sql_add(&sql, ") ORDER BY name");
    return read_rows(txn, &sql, json_array_size(names), ret_limits);
}

static int store(struct txn *txn, const struct slot_limit *limit)
{
    int r = db_run(txn,
                   "UPDATE concurrency_limits SET taken = ?, denied = ?, occupancy = ?, counted = ?"
                   " WHERE id = ?",
                   V(limit->taken), V(limit->denied), V(limit->occupancy), V(limit->counted),
                   V(limit->id));

    return r < 0 ? -1 : 0;
}

/* ---- taking and giving back ---- */

bool slot_limits_have_room(const struct slot_limits *limits, int64_t slots)
{
    for (size_t i = 0; i < limits->count; i++)
        if (limits->limits[i].active && limits->limits[i].taken + slots > limits->limits[i].most)
            return false;
    return true;
}

int slot_limits_take(struct txn *txn, const struct slot_limits *limits, int64_t slots)
{
    for (size_t i = 0; i < limits->count; i++) {
        limits->limits[i].taken += limits->limits[i].active ? slots : 0;
        if (limits->limits[i].active && store(txn, &limits->limits[i]) < 0)
            return -1;
    }
    return 0;
}

int slot_limits_deny(struct txn *txn, const struct slot_limits *limits, int64_t slots)
{
    for (size_t i = 0; i < limits->count; i++) {
        int64_t *denied = &limits->limits[i].denied;
        *denied += limits->limits[i].active ? slots : 0;
        *denied = *denied < SLOTS_LIMIT ? *denied : SLOTS_LIMIT;
        if (limits->limits[i].active && store(txn, &limits->limits[i]) < 0)
            return -1;
    }
    return 0;
}

/* How many ask for each slot of a limit, with these; of a rate, how many slots are asked for. */
static double demand(const struct slot_limit *limit, int64_t slots)
{
    double asked = (double)(limit->denied + slots);

    return limit->decay > 0 || limit->most == 0 ? asked : asked / (double)limit->most;
}

double slot_limits_wait(const struct slot_limits *limits, int64_t slots)
{
    const struct slot_limit *blocking = NULL;

    for (size_t i = 0; i < limits->count; i++) {
        const struct slot_limit *limit = &limits->limits[i];
        if (limit->active && limit->taken + slots > limit->most &&
            (!blocking || demand(limit, slots) > demand(blocking, slots)))
            blocking = limit;
    }
    if (!blocking)
        BUG("nothing stands in the way");
    double seconds = demand(blocking, slots) / rate_of(blocking);
    return jittered(fmin(seconds, blocking->decay > 0 ? RATE_SECONDS : WAIT_SECONDS), JITTER);
}

static void average(struct slot_limit *limit, int64_t slots, double seconds)
{
    double each = fmax(seconds / (double)slots, LEAST_OCCUPANCY);

    if (seconds > 0 && limit->most > 0)
        limit->occupancy += (each - limit->occupancy) / (double)(limit->most * OCCUPANCY_SAMPLES);
}

int slot_limits_give_back(struct txn *txn, const struct slot_limits *limits, int64_t slots,
                          double seconds)
{
    for (size_t i = 0; i < limits->count; i++) {
        struct slot_limit *limit = &limits->limits[i];
        limit->taken -= limit->taken < slots ? limit->taken : slots;
        average(limit, slots, seconds);
        if (store(txn, limit) < 0)
            return -1;
    }
    return 0;
}

/* ---- leases ---- */

static int64_t end_of(struct txn *txn, double seconds)
{
    return seconds > 0 ? time_add_seconds(txn_now(txn), seconds) : TIME_NEVER;
}

/* Wakes the clock if no other lease ends before this one. */
static int watch_end(struct txn *txn, int64_t end)
{
    rows_auto rows = {0};
    int found =
        db_first(txn, &rows, "SELECT 1 FROM slot_leases WHERE expires <= ? LIMIT 1", V(end));

    if (found == 0)
        txn_publish(txn, "clock");
    return found < 0 ? -1 : 0;
}

/* The flow run with which a lease of no end ends: its holder's. */
static int find_flow_run(struct txn *txn, const struct slot_lease *lease, const char **ret_id)
{
    rows_auto rows = {0};

    *ret_id = NULL;
    if (lease->seconds > 0 || !lease->holder_id)
        return 0;
    int found =
        db_first(txn, &rows, "SELECT flow_run_id FROM task_runs WHERE id = ?", V(lease->holder_id));
    if (found > 0 && !rows_is_null(&rows, 0))
        *ret_id = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    return found < 0 ? -1 : 0;
}

int slot_lease_create(struct txn *txn, const struct slot_limits *limits,
                      const struct slot_lease *lease, char ret_id[static ID_SIZE])
{
    int64_t end = end_of(txn, lease->seconds);
    const char *flow_run_id;

    id_random(ret_id);
    if (find_flow_run(txn, lease, &flow_run_id) < 0 ||
        (end != TIME_NEVER && watch_end(txn, end) < 0) ||
        db_run(txn,
               "INSERT INTO slot_leases (id, created, expires, slots, holder_type, holder_id,"
               " flow_run_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
               V(ret_id), V(txn_now(txn)), value_time(end), V(lease->slots), V(lease->holder_type),
               V(lease->holder_id), V(flow_run_id)) < 0)
        return -1;
    for (size_t i = 0; i < limits->count; i++)
        if (limits->limits[i].active &&
            db_run(txn, "INSERT INTO slot_lease_limits (lease_id, limit_id) VALUES (?, ?)",
                   V(ret_id), V(limits->limits[i].id)) < 0)
            return -1;
    return 0;
}

int slot_lease_renew(struct txn *txn, const char *id, double seconds)
{
    int64_t end = end_of(txn, seconds);

    if (watch_end(txn, end) < 0)
        return -1;
    return db_run(txn, "UPDATE slot_leases SET expires = ? WHERE id = ? AND expires > ?", V(end),
                  V(id), V(txn_now(txn)));
}

/* The limits of which the lease holds slots. */
static int load_leased(struct txn *txn, const char *id, struct slot_limits *ret_limits)
{
    rows_auto rows = {0};
    sql_auto sql = {0};

    if (db_first(txn, &rows, "SELECT COUNT(*) FROM slot_lease_limits WHERE lease_id = ?", V(id)) <
        0)
        return -1;
    size_t count = (size_t)rows_integer(&rows, 0);
    sql_add(&sql, "SELECT " COLUMNS " FROM concurrency_limits WHERE id IN"
                  " (SELECT limit_id FROM slot_lease_limits WHERE lease_id = ?)");
    sql_bind(&sql, V(id));
    return read_rows(txn, &sql, count, ret_limits);
}

int slot_lease_release(struct txn *txn, const char *id)
{
    struct slot_limits limits;
    int64_t slots, created;

    {
        rows_auto rows = {0};
        int found =
            db_first(txn, &rows, "SELECT slots, created FROM slot_leases WHERE id = ?", V(id));
        if (found <= 0)
            return found;
        slots = rows_integer(&rows, 0);
        created = rows_integer(&rows, 1);
    }
    double seconds = (double)(txn_now(txn) - created) / (double)SECOND;
    if (load_leased(txn, id, &limits) < 0 ||
        slot_limits_give_back(txn, &limits, slots, seconds) < 0)
        return -1;
    return db_run(txn, "DELETE FROM slot_leases WHERE id = ?", V(id)) < 0 ? -1 : 0;
}

/* Each of the leases of which a query finds the first. */
static int release_all(struct txn *txn, const char *sql, const struct value *values, int count)
{
    for (;;) {
        rows_auto rows = {0};
        int found = db_first_values(txn, &rows, sql, values, count);
        if (found <= 0)
            return found;
        const char *id = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
        rows_close(&rows);
        if (slot_lease_release(txn, id) < 0)
            return -1;
    }
}

int slot_leases_release_of_task(struct txn *txn, const char *task_run_id)
{
    return release_all(txn,
                       "SELECT id FROM slot_leases WHERE holder_id = ? AND holder_type = ? LIMIT 1",
                       DB_VALUES(V(task_run_id), V(HOLDER_TASK_RUN)));
}

int slot_leases_release_of_run(struct txn *txn, const char *flow_run_id)
{
    return release_all(txn, "SELECT id FROM slot_leases WHERE flow_run_id = ? LIMIT 1",
                       DB_VALUES(V(flow_run_id)));
}

int slot_leases_set_run(struct txn *txn, const char *task_run_id, const char *flow_run_id)
{
    rows_auto rows = {0};
    int set = db_run(txn,
                     "UPDATE slot_leases SET flow_run_id = ? WHERE holder_id = ?"
                     " AND holder_type = ? AND expires IS NULL AND flow_run_id IS NULL",
                     V(flow_run_id), V(task_run_id), V(HOLDER_TASK_RUN));

    if (set <= 0)
        return set;
    if (db_first(txn, &rows, "SELECT state_type FROM flow_runs WHERE id = ?", V(flow_run_id)) < 0)
        return -1;
    return state_is_terminal(state_type_parse(rows_text(&rows, 0)))
               ? slot_leases_release_of_run(txn, flow_run_id)
               : 0;
}

#define OF_LIMIT                                                                                   \
    "SELECT l.id FROM slot_leases l JOIN slot_lease_limits x ON x.lease_id = l.id"                 \
    " WHERE l.holder_id = ? AND l.holder_type = ? AND x.limit_id = ? LIMIT 1"

int slot_leases_release_of_limit(struct txn *txn, const char *limit_id, const char *task_run_id)
{
    return release_all(txn, OF_LIMIT, DB_VALUES(V(task_run_id), V(HOLDER_TASK_RUN), V(limit_id)));
}

int slot_leases_has_limit(struct txn *txn, const char *limit_id, const char *task_run_id)
{
    rows_auto rows = {0};

    return db_first(txn, &rows, OF_LIMIT, V(task_run_id), V(HOLDER_TASK_RUN), V(limit_id));
}

int slot_leases_has_task(struct txn *txn, const char *task_run_id)
{
    rows_auto rows = {0};

    return db_first(txn, &rows,
                    "SELECT 1 FROM slot_leases WHERE holder_id = ? AND holder_type = ? LIMIT 1",
                    V(task_run_id), V(HOLDER_TASK_RUN));
}

int slot_leases_forget_limit(struct txn *txn, const char *limit_id)
{
    if (db_run(txn,
               "DELETE FROM slot_leases WHERE id IN"
               " (SELECT lease_id FROM slot_lease_limits WHERE limit_id = ?) AND NOT EXISTS"
               " (SELECT 1 FROM slot_lease_limits x WHERE x.lease_id = slot_leases.id"
               " AND x.limit_id <> ?)",
               V(limit_id), V(limit_id)) < 0)
        return -1;
    if (db_run(txn, "DELETE FROM slot_lease_limits WHERE limit_id = ?", V(limit_id)) < 0)
        return -1;
    int r =
        db_run(txn, "UPDATE concurrency_limits SET taken = 0, denied = 0, counted = ? WHERE id = ?",
               V(txn_now(txn)), V(limit_id));
    return r < 0 ? -1 : 0;
}
