/* Concurrency limits by name. */
#include "common/times.h"
#include "server/api/names.h"
#include "server/api/routes.h"
#include "server/orchestration/slots.h"

static const int64_t zero = 0;
static const int64_t most_slots = SLOTS_LIMIT;

/* As of now, without those that decayed. */
static void write_taken(struct json_writer *writer, const struct rows *rows, int column)
{
    struct slot_limit limit = {.taken = rows_integer(rows, column),
                               .denied = rows_integer(rows, column + 1),
                               .decay = rows_real(rows, column + 2),
                               .occupancy = rows_real(rows, column + 3),
                               .counted = rows_integer(rows, column + 4)};

    slot_limit_decay(&limit, time_now());
    json_add_integer(writer, limit.taken);
}

/* What may be sent, to create a limit and (with null for what stays) to change one. */
#define SENT_FIELDS(more)                                                                          \
    {.name = "active",                                                                             \
     .type = FIELD_BOOLEAN,                                                                        \
     .flags = FIELD_EVENT | (more),                                                                \
     .fallback = "true",                                                                           \
     .doc = "Whether it limits anything."},                                                        \
        {.name = "name",                                                                           \
         .type = FIELD_TEXT,                                                                       \
         .flags = FIELD_REQUIRED | FIELD_EVENT | (more),                                           \
         .doc = "The name, of which there is one; that of a tag is tag:TAG."},                     \
        {.name = "limit",                                                                          \
         .type = FIELD_INTEGER,                                                                    \
         .flags = FIELD_REQUIRED | FIELD_EVENT | (more),                                           \
         .minimum = &zero,                                                                         \
         .maximum = &most_slots,                                                                   \
         .sql = "r.most",                                                                          \
         .columns = 1,                                                                             \
         .doc = "How many slots it has."},                                                         \
        {.name = "active_slots",                                                                   \
         .type = FIELD_INTEGER,                                                                    \
         .flags = (more),                                                                          \
         .fallback = "0",                                                                          \
         .minimum = &zero,                                                                         \
         .maximum = &most_slots,                                                                   \
         .sql = "r.taken, r.denied, r.decay, r.occupancy, r.counted",                              \
         .columns = 5,                                                                             \
         .write = write_taken,                                                                     \
         .doc = "How many of them are taken."},                                                    \
        {.name = "denied_slots",                                                                   \
         .type = FIELD_INTEGER,                                                                    \
         .flags = (more),                                                                          \
         .fallback = "0",                                                                          \
         .minimum = &zero,                                                                         \
         .maximum = &most_slots,                                                                   \
         .sql = "r.denied",                                                                        \
         .columns = 1,                                                                             \
         .doc = "How many were asked for in vain, of late."},                                      \
    {                                                                                              \
        .name = "slot_decay_per_second", .type = FIELD_NUMBER, .flags = FIELD_EVENT | (more),      \
        .fallback = "0.0", .minimum = &zero, .sql = "r.decay", .columns = 1,                       \
        .doc = "How many taken slots are free again each second: a rate. 0: none."                 \
    }

static const struct field fields[] = {FIELD_ID_CREATED_UPDATED,
                                      SENT_FIELDS(FIELD_CREATE),
                                      {.name = "avg_slot_occupancy_seconds",
                                       .type = FIELD_NUMBER,
                                       .sql = "r.occupancy",
                                       .columns = 1,
                                       .doc = "For how long a slot is taken, on average."},
                                      FIELDS_END};

static const struct field update_fields[] = {SENT_FIELDS(FIELD_UPDATE | FIELD_NULLABLE),
                                             FIELDS_END};

static const struct sort sorts[] = {{"NAME_ASC", "r.name ASC"}, {NULL, NULL}};

static const struct resource limit = {.name = "Concurrency limit",
                                      .table = "concurrency_limits",
                                      .fields = fields,
                                      .sorts = sorts,
                                      .missing = "Concurrency Limit not found",
                                      .event_kind = "prefect.concurrency-limit"};

/* ---- one limit ---- */

/* The column by which {id_or_name} finds it; *ret_value is what to look for. */
static const char *key_of(struct txn *txn, const struct request *request, const char **ret_value)
{
    char id[ID_SIZE];
    bool is_id = id_parse(request->params[0], id);

    *ret_value = is_id ? arena_strdup(txn_arena(txn), id) : request->params[0];
    return is_id ? "id" : "name";
}

/* The id of the limit that the path names: 1; 0: the reply says that there is none. */
static int find(struct txn *txn, const struct request *request, struct http_reply *reply,
                const char **ret_id)
{
    const char *value;
    const char *column = key_of(txn, request, &value);
    rows_auto rows = {0};
    int found = db_first_values(
        txn, &rows,
        arena_printf(txn_arena(txn), "SELECT id FROM concurrency_limits WHERE %s = ?", column),
        DB_VALUES(V(value)));

    if (found > 0)
        *ret_id = arena_strdup(txn_arena(txn), rows_text(&rows, 0));
    else if (found == 0)
        reply_missing(reply, &limit);
    return found;
}

/* Whether the name that is sent, if any, may be the limit's: 1; 0: the reply says why not. */
static int check_name(struct txn *txn, const struct request *request, struct http_reply *reply,
                      const char *own_id)
{
    const char *name = request_text(request, "name");
    rows_auto rows = {0};

    if (!name)
        return 1;
    if (!check_plain_name(request, reply, "name"))
        return 0;
    int taken = db_first(txn, &rows, "SELECT 1 FROM concurrency_limits WHERE name = ? AND id <> ?",
                         V(name), V(own_id));
    if (taken > 0)
        reply_detail(reply, 409, "A concurrency limit with the name '%s' already exists.", name);
    return taken < 0 ? -1 : !taken;
}

static double number_of(const struct request *request, const char *name, double fallback)
{
    const json_t *number = json_object_get(request->body, name);

    return json_is_number(number) ? json_number_value(number) : fallback;
}

static int create_limit(struct txn *txn, struct request *request, struct http_reply *reply)
{
    int fits = check_name(txn, request, reply, "");
    int64_t now = txn_now(txn);
    char id[ID_SIZE];

    if (fits <= 0)
        return fits < 0 ? HANDLER_FAILED : HANDLER_DONE;
    id_new(id);
    if (db_run(txn,
               "INSERT INTO concurrency_limits (id, created, updated, name, active, most, taken,"
               " denied, decay, occupancy, counted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               V(id), V(now), V(now), V(request_text(request, "name")),
               V(request_flag(request, "active", true)), V(request_integer(request, "limit", 0)),
               V(request_integer(request, "active_slots", 0)),
               V(request_integer(request, "denied_slots", 0)),
               V(number_of(request, "slot_decay_per_second", 0)), V(OCCUPANCY), V(now)) < 0 ||
        resource_event(txn, &limit, "id", V(id), "created") < 0)
        return HANDLER_FAILED;
    return reply_resource(txn, reply, 201, &limit, "r.id = ?", V(id));
}

static int read_limit(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *id;
    int found = find(txn, request, reply, &id);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    return reply_resource(txn, reply, 200, &limit, "r.id = ?", V(id));
}

/* What was taken and denied decays with the old rate up to now. */
static int count_up(struct txn *txn, const char *id)
{
    json_auto_t *names = json_array();
    struct slot_limits limits;
    rows_auto rows = {0};

    if (db_first(txn, &rows, "SELECT name FROM concurrency_limits WHERE id = ?", V(id)) < 0)
        return -1;
    json_array_append_new(names, json_string(rows_text(&rows, 0)));
    rows_close(&rows);
    if (slot_limits_load(txn, names, "", &limits) < 0)
        return -1;
    return slot_limits_give_back(txn, &limits, 0, 0);
}

static int update_limit(struct txn *txn, struct request *request, struct http_reply *reply)
{
    static const struct {
        const char *member;
        const char *column;
    } columns[] = {{"active", "active"},       {"name", "name"},
                   {"limit", "most"},          {"active_slots", "taken"},
                   {"denied_slots", "denied"}, {"slot_decay_per_second", "decay"}};
    const char *id;
    sql_auto sql = {0};
    int found = find(txn, request, reply, &id);

    if (found > 0)
        found = check_name(txn, request, reply, id);
    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    sql_add(&sql, "UPDATE concurrency_limits SET updated = ?");
    sql_bind(&sql, V(txn_now(txn)));
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        const json_t *sent = json_object_get(request->body, columns[i].member);
        if (!sent || json_is_null(sent))
            continue;
        sql_addf(&sql, ", %s = ?", columns[i].column);
        sql_bind(&sql, field_value(field_find(update_fields, columns[i].member), txn_arena(txn),
                                   sent, NULL, NULL));
    }
    sql_add(&sql, " WHERE id = ?");
    sql_bind(&sql, V(id));
    if (count_up(txn, id) < 0 || sql_run(txn, &sql) < 0 ||
        resource_event(txn, &limit, "id", V(id), "updated") < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

static int delete_limit(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const char *id;
    int found = find(txn, request, reply, &id);

    if (found <= 0)
        return found < 0 ? HANDLER_FAILED : HANDLER_DONE;
    if (resource_event(txn, &limit, "id", V(id), "deleted") < 0 ||
        slot_leases_forget_limit(txn, id) < 0 ||
        db_run(txn, "DELETE FROM concurrency_limits WHERE id = ?", V(id)) < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

/* ---- routes ---- */

#define LIMITS "/api/v2/concurrency_limits/"

const struct route concurrency_limit_routes[] = {
    {ROUTE_CREATE(LIMITS, limit, fields, create_limit), .answers = ANSWERS_409,
     .summary = "Creates a concurrency limit."},
    {ROUTE_FILTER(LIMITS, limit, "concurrency limits")},
    {ROUTE_READ(LIMITS "{id_or_name}", limit, read_limit), .summary = "Reads a concurrency limit."},
    {.method = HTTP_PATCH,
     .path = LIMITS "{id_or_name}",
     .handle = update_limit,
     .flags = ROUTE_WRITES,
     .body = &(const struct body){.fields = update_fields, .only = FIELD_UPDATE},
     .summary = "Changes a concurrency limit.",
     .status = 204,
     .answers = ANSWERS_404 | ANSWERS_409,
     .shape = REPLY_NOTHING},
    {ROUTE_DELETE(LIMITS "{id_or_name}", limit, delete_limit),
     .summary = "Deletes a concurrency limit; who holds slots of it goes on."},
    {.path = NULL},
};
