/* Concurrency limits of tags, which are limits of the name "tag:TAG": how many task runs with that
 * tag may run at the same time. Their slots are held by task runs and given back by them, or when
 * they or their flow runs end. */
#include <string.h>

#include "server/api/routes.h"
#include "server/api/slots.h"
#include "server/orchestration/made_event.h"

#define RETRY_SECONDS WAIT_SECONDS

static const int64_t zero = 0;
static const int64_t most_slots = SLOTS_LIMIT;

static const struct field fields[] = {
    FIELD_ID_CREATED_UPDATED,
    {.name = "tag", .type = FIELD_TEXT, .flags = FIELD_CREATE | FIELD_REQUIRED, .doc = "The tag."},
    {.name = "concurrency_limit",
     .type = FIELD_INTEGER,
     .flags = FIELD_CREATE | FIELD_REQUIRED,
     .minimum = &zero,
     .maximum = &most_slots,
     .doc = "How many task runs may run at the same time."},
    {.name = "active_slots", .type = FIELD_IDS, .doc = "The task runs that do."},
    FIELDS_END};

static const struct resource limit = {
    .name = "Tag limit", .fields = fields, .missing = "Concurrency limit not found"};

/* ---- writing ---- */

#define COLUMNS "id, created, updated, name, most"

static int write_holders(struct txn *txn, struct json_writer *writer, const char *limit_id)
{
    rows_auto rows = {0};
    int r;

    json_begin_array(writer);
    if (db_query(txn, &rows,
                 "SELECT l.holder_id FROM slot_lease_limits x JOIN slot_leases l"
                 " ON l.id = x.lease_id WHERE x.limit_id = ? AND l.holder_type = ?",
                 V(limit_id), V(HOLDER_TASK_RUN)) < 0)
        return -1;
    while ((r = rows_next(&rows)) > 0)
        json_add_string(writer, rows_text(&rows, 0));
    json_end_array(writer);
    return r;
}

static int write_row(struct txn *txn, struct json_writer *writer, const struct rows *rows)
{
    json_begin_object(writer);
    json_key(writer, "id");
    json_add_string(writer, rows_text(rows, 0));
    json_key(writer, "created");
    json_add_time(writer, rows_integer(rows, 1));
    json_key(writer, "updated");
    json_add_time(writer, rows_integer(rows, 2));
    json_key(writer, "tag");
    json_add_string(writer, rows_text(rows, 3) + strlen(TAG_PREFIX));
    json_key(writer, "concurrency_limit");
    json_add_integer(writer, rows_integer(rows, 4));
    json_key(writer, "active_slots");
    int r = write_holders(txn, writer, rows_text(rows, 0));
    json_end_object(writer);
    return r;
}

/* ---- finding ---- */

static const char *name_of_tag(struct txn *txn, const char *tag)
{
    return arena_printf(txn_arena(txn), TAG_PREFIX "%s", tag);
}

/* The limit with that id or name, if it is a tag's: 1; 0: the reply says that there is none. */
static int find(struct txn *txn, struct http_reply *reply, const char *column, const char *value,
                const char **ret_id)
{
    const char *sql = arena_printf(
        txn_arena(txn),
        "SELECT id FROM concurrency_limits WHERE %s = ? AND name >= 'tag:' AND name < 'tag;'",
        column);
    rows_auto rows = {0};
    int found = db_first_values(txn, &rows, sql, DB_VALUES(V(value)));

    if (found > 0)
        *ret_id = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    else if (found == 0)
        reply_missing(reply, &limit);
    return found;
}

static int reply_limit(struct txn *txn, struct http_reply *reply, int status, const char *id)
{
    struct json_writer writer;
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT " COLUMNS " FROM concurrency_limits WHERE id = ?", V(id)) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, status, &writer);
    return write_row(txn, &writer, &rows) < 0 ? HANDLER_FAILED : HANDLER_DONE;
}

/* ---- handlers ---- */

/* "prefect.concurrency-limit.WHAT"; before it is gone. */
static int make_event(struct txn *txn, const char *id, const char *what)
{
    made_event_auto made = {0};
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT name, most FROM concurrency_limits WHERE id = ?", V(id)) < 0)
        return -1;
    const char *tag = rows_text(&rows, 0) + strlen(TAG_PREFIX);
    made_event_begin(&made, txn, arena_printf(txn_arena(txn), "prefect.concurrency-limit.%s", what),
                     "prefect.concurrency-limit", id, tag);
    json_key(&made.payload, "tag");
    json_add_string(&made.payload, tag);
    json_key(&made.payload, "concurrency_limit");
    json_add_integer(&made.payload, rows_integer(&rows, 1));
    return made_event_record(&made);
}

/* One that the tag has already is changed. */
static int create_limit(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *name = name_of_tag(txn, request_text(request, "tag"));
    int64_t most = request_integer(request, "concurrency_limit", 0);
    int64_t now = txn_now(txn);
    const char *id;
    char made[ID_SIZE];

    int changed = db_run(txn, "UPDATE concurrency_limits SET most = ?, updated = ? WHERE name = ?",
                         V(most), V(now), V(name));
    if (changed < 0)
        return HANDLER_FAILED;
    id_new(made);
    if (!changed &&
        db_run(txn,
               "INSERT INTO concurrency_limits (id, created, updated, name, active, most, taken,"
               " denied, decay, occupancy, counted) VALUES (?, ?, ?, ?, 1, ?, 0, 0, 0, ?, ?)",
               V(made), V(now), V(now), V(name), V(most), V(OCCUPANCY), V(now)) < 0)
        return HANDLER_FAILED;
    if (find(txn, reply, "name", name, &id) < 0 ||
        make_event(txn, id, changed ? "updated" : "created") < 0)
        return HANDLER_FAILED;
    return reply_limit(txn, reply, changed ? 200 : 201, id);
}

static int list_limits(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct json_writer writer;
    int64_t count, offset;
    rows_auto rows = {0};
    int r;

    if (!request_page(request, reply, &count, &offset))
        return HANDLER_DONE;
    if (db_query(txn, &rows,
                 "SELECT " COLUMNS " FROM concurrency_limits WHERE name >= 'tag:'"
                 " AND name < 'tag;' ORDER BY name LIMIT ? OFFSET ?",
                 V(count), V(offset)) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_array(&writer);
    while ((r = rows_next(&rows)) > 0)
        if (write_row(txn, &writer, &rows) < 0)
            return HANDLER_FAILED;
    json_end_array(&writer);
    return r < 0 ? HANDLER_FAILED : HANDLER_DONE;
}

/* The limit that the path names, by id or by tag. */
static int find_of_path(struct txn *txn, const struct request *request, struct http_reply *reply,
                        const char **ret_id)
{
    bool by_tag = strstr(request->route->path, "{tag}") != NULL;

    return find(txn, reply, by_tag ? "name" : "id",
                by_tag ? name_of_tag(txn, request->params[0]) : request->params[0], ret_id);
}

static int read_limit(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *id;
    int found = find_of_path(txn, request, reply, &id);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return reply_limit(txn, reply, 200, id);
}

static int delete_limit(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *id;
    int found = find_of_path(txn, request, reply, &id);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (make_event(txn, id, "deleted") < 0 || slot_leases_forget_limit(txn, id) < 0 ||
        db_run(txn, "DELETE FROM concurrency_limits WHERE id = ?", V(id)) < 0)
        return HANDLER_FAILED;
    return reply_json(reply, 200, "null");
}

/* ---- slots ---- */

static const struct field reset_fields[] = {{.name = "slot_override",
                                             .type = FIELD_IDS,
                                             .flags = FIELD_NULLABLE,
                                             .doc = "The task runs that hold its slots then."},
                                            FIELDS_END};

static int hold(struct txn *txn, const struct slot_limits *limits, const char *task_run_id)
{
    const struct slot_lease lease = {
        .slots = 1, .holder_type = HOLDER_TASK_RUN, .holder_id = task_run_id};
    char id[ID_SIZE];

    if (slot_limits_take(txn, limits, 1) < 0)
        return -1;
    return slot_lease_create(txn, limits, &lease, id);
}

static int reset_limit(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const json_t *override = json_object_get(request->body, "slot_override");
    json_auto_t *names = json_pack("[s]", request->params[0]);
    struct slot_limits limits;
    const char *id;
    int found = find_of_path(txn, request, reply, &id);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (slot_leases_forget_limit(txn, id) < 0 ||
        slot_limits_load(txn, names, TAG_PREFIX, &limits) < 0)
        return HANDLER_FAILED;
    for (size_t i = 0; i < json_array_size(override); i++) {
        char task_run_id[ID_SIZE];
        if (!id_parse(json_string_value(json_array_get(override, i)), task_run_id))
            BUG("an id came past the check");
        if (hold(txn, &limits, task_run_id) < 0)
            return HANDLER_FAILED;
    }
    return reply_json(reply, 200, "null");
}

static const struct field slot_fields[] = {
    {.name = "names", .type = FIELD_STRINGS, .flags = FIELD_REQUIRED, .doc = "The tags."},
    {.name = "task_run_id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .doc = "The task run that has them."},
    FIELDS_END};

/* The limits of which the task run has to take a slot: one that it has already, since what it sent
 * is sent again, it does not take twice. */
static int find_wanted(struct txn *txn, const struct slot_limits *limits, const char *task_run_id,
                       struct slot_limits *ret_wanted)
{
    struct slot_limits wanted = {
        .limits = arena_alloc(txn_arena(txn), (limits->count + 1) * sizeof(*wanted.limits))};

    for (size_t i = 0; i < limits->count; i++) {
        int has = slot_leases_has_limit(txn, limits->limits[i].id, task_run_id);
        if (has < 0)
            return -1;
        if (!has && limits->limits[i].active)
            wanted.limits[wanted.count++] = limits->limits[i];
    }
    *ret_wanted = wanted;
    return 0;
}

/* The first that lets nobody in, or none. */
static const struct slot_limit *first_closed(const struct slot_limits *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->limits[i].most == 0)
            return &wanted->limits[i];
    return NULL;
}

static const struct slot_limit *first_full(const struct slot_limits *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->limits[i].taken >= wanted->limits[i].most)
            return &wanted->limits[i];
    return NULL;
}

static int increment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *task_run_id = request_id(request, "task_run_id");
    struct slot_limits limits, wanted;

    if (slot_limits_load(txn, json_object_get(request->body, "names"), TAG_PREFIX, &limits) < 0 ||
        find_wanted(txn, &limits, task_run_id, &wanted) < 0)
        return HANDLER_FAILED;
    if (first_closed(&wanted))
        return reply_detail(
            reply, 423,
            "The concurrency limit on tag \"%s\" is 0 and will deadlock if the task "
            "tries to run again.",
            first_closed(&wanted)->name + strlen(TAG_PREFIX));
    if (first_full(&wanted))
        return reply_locked(request, reply, RETRY_SECONDS,
                            "Concurrency limit for the %s tag has been reached",
                            first_full(&wanted)->name + strlen(TAG_PREFIX));
    if (wanted.count > 0 && hold(txn, &wanted, task_run_id) < 0)
        return HANDLER_FAILED;
    return reply_slot_limits(reply, &limits, strlen(TAG_PREFIX));
}

static int decrement(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct slot_limits limits;

    if (slot_limits_load(txn, json_object_get(request->body, "names"), TAG_PREFIX, &limits) < 0)
        return HANDLER_FAILED;
    for (size_t i = 0; i < limits.count; i++)
        if (slot_leases_release_of_limit(txn, limits.limits[i].id,
                                         request_id(request, "task_run_id")) < 0)
            return HANDLER_FAILED;
    return reply_slot_limits(reply, &limits, 0);
}

/* ---- routes ---- */

#define LIMITS "/api/concurrency_limits/"

#define ROUTE_REMOVE(where)                                                                        \
    .method = HTTP_DELETE, .path = (where), .handle = delete_limit, .flags = ROUTE_WRITES,         \
    .status = 200, .answers = ANSWERS_404, .shape = REPLY_NULL

static const struct body slot_body = {.fields = slot_fields, .open = true};

const struct route tag_limit_routes[] = {
    {ROUTE_CREATE(LIMITS, limit, fields, create_limit), .answers = ANSWERS_200,
     .summary = "Limits how many task runs with a tag run at the same time."},
    {.method = HTTP_POST,
     .path = LIMITS "filter",
     .handle = list_limits,
     .body = &filter_body,
     .summary = "Lists the limits of tags.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = fields},
    {ROUTE_READ(LIMITS "{id}", limit, read_limit), .summary = "Reads a tag's limit."},
    {ROUTE_READ(LIMITS "tag/{tag}", limit, read_limit), .summary = "Reads the limit of a tag."},
    {ROUTE_REMOVE(LIMITS "{id}"), .summary = "Deletes a tag's limit."},
    {ROUTE_REMOVE(LIMITS "tag/{tag}"), .summary = "Deletes the limit of a tag."},
    {.method = HTTP_POST,
     .path = LIMITS "tag/{tag}/reset",
     .handle = reset_limit,
     .flags = ROUTE_WRITES,
     .body = &(const struct body){.fields = reset_fields, .open = true, .optional = true},
     .summary = "Frees all slots of a tag, or says who holds them.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_NULL},
    {.method = HTTP_POST,
     .path = LIMITS "increment",
     .handle = increment,
     .flags = ROUTE_WRITES,
     .body = &slot_body,
     .summary = "Takes a slot of each of a task run's tags, or none: 423 says when to ask again.",
     .status = 200,
     .answers = ANSWERS_423,
     .shape = REPLY_LIST,
     .reply_fields = slot_limit_fields},
    {.method = HTTP_POST,
     .path = LIMITS "decrement",
     .handle = decrement,
     .flags = ROUTE_WRITES,
     .body = &slot_body,
     .summary = "Gives a task run's slots back.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = slot_limit_fields},
    {.path = NULL},
};
