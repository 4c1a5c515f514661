/* Taking slots of concurrency limits and giving them back. Who asks for what is not free is told
 * after how long to ask again: the more ask in vain, the longer. */
#include "server/api/slots.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/routes.h"

static const int64_t zero = 0;
static const int64_t one = 1;
static const int64_t most_slots = SLOTS_LIMIT;
static const int64_t least_seconds = 60;
static const int64_t most_seconds = 24 * 3600;

/* ---- replies ---- */

const struct field slot_limit_fields[] = {
    {.name = "id", .type = FIELD_ID, .doc = "The limit's id."},
    {.name = "name", .type = FIELD_TEXT, .doc = "Its name."},
    {.name = "limit", .type = FIELD_INTEGER, .doc = "How many slots it has."},
    FIELDS_END};

static const struct field leased_fields[] = {
    {.name = "lease_id", .type = FIELD_ID, .doc = "With which they are renewed and given back."},
    {.name = "limits",
     .type = FIELD_OBJECTS,
     .fields = slot_limit_fields,
     .doc = "Those of the names that there are."},
    FIELDS_END};

void write_slot_limits(struct json_writer *writer, const struct slot_limits *limits, size_t prefix)
{
    json_begin_array(writer);
    for (size_t i = 0; i < limits->count; i++) {
        json_begin_object(writer);
        json_key(writer, "id");
        json_add_string(writer, limits->limits[i].id);
        json_key(writer, "name");
        json_add_string(writer, limits->limits[i].name + prefix);
        json_key(writer, "limit");
        json_add_integer(writer, limits->limits[i].most);
        json_end_object(writer);
    }
    json_end_array(writer);
}

int reply_slot_limits(struct http_reply *reply, const struct slot_limits *limits, size_t prefix)
{
    struct json_writer writer;

    reply_begin(reply, 200, &writer);
    write_slot_limits(&writer, limits, prefix);
    return HANDLER_DONE;
}

int reply_locked(struct request *request, struct http_reply *reply, double seconds,
                 const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    message_format(message, format, args);
    va_end(args);
    reply_header(reply, "Retry-After", arena_printf(&request->arena, "%.3f", seconds));
    return reply_detail(reply, 423, "%s", message);
}

/* ---- taking ---- */

static const char *const modes[] = {"concurrency", "rate_limit", NULL};
static const char *const holder_types[] = {"flow_run", "task_run", "deployment", NULL};

static const struct field holder_fields[] = {
    {.name = "type",
     .type = FIELD_ENUM,
     .flags = FIELD_REQUIRED,
     .choices = holder_types,
     .doc = "What it is."},
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .doc = "Which."},
    FIELDS_END};

#define TAKE_FIELDS                                                                                \
    {.name = "slots",                                                                              \
     .type = FIELD_INTEGER,                                                                        \
     .flags = FIELD_REQUIRED,                                                                      \
     .minimum = &one,                                                                              \
     .maximum = &most_slots,                                                                       \
     .doc = "How many slots of each limit."},                                                      \
        {.name = "names",                                                                          \
         .type = FIELD_STRINGS,                                                                    \
         .flags = FIELD_REQUIRED,                                                                  \
         .doc = "Of which limits; names of none count for nothing."},                              \
    {                                                                                              \
        .name = "mode", .type = FIELD_ENUM, .choices = modes, .fallback = "\"concurrency\"",       \
        .doc = "rate_limit: only limits whose slots decay."                                        \
    }

static const struct field take_fields[] = {TAKE_FIELDS, FIELDS_END};

static const struct field lease_fields[] = {TAKE_FIELDS,
                                            {.name = "lease_duration",
                                             .type = FIELD_NUMBER,
                                             .fallback = "300.0",
                                             .minimum = &least_seconds,
                                             .maximum = &most_seconds,
                                             .doc = "Seconds until it has to be renewed."},
                                            {.name = "holder",
                                             .type = FIELD_OBJECT,
                                             .flags = FIELD_NULLABLE,
                                             .fields = holder_fields,
                                             .doc = "Who takes them."},
                                            FIELDS_END};

/* Whether so many can be asked for at all; else the reply says why not. */
static bool check_asked(struct txn *txn, const struct request *request, struct http_reply *reply,
                        const struct slot_limits *limits, int64_t slots)
{
    const char *steady = "";

    for (size_t i = 0; i < limits->count; i++) {
        const struct slot_limit *limit = &limits->limits[i];
        if (!limit->active)
            continue;
        if (limit->most < slots) {
            reply_detail(reply, 422, "Slots requested is greater than the limit");
            return false;
        }
        if (limit->decay == 0)
            steady =
                arena_printf(txn_arena(txn), "%s%s%s", steady, *steady ? "," : "", limit->name);
    }
    const char *mode = request_text(request, "mode");
    if (!*steady || !mode || strcmp(mode, "rate_limit") != 0)
        return true;
    reply_detail(reply, 422,
                 "Only concurrency limits with slot decay can be used for rate limiting. The "
                 "following limits do not have a decay configured: '%s'",
                 steady);
    return false;
}

/* That they were asked for in vain is kept, so the refusal itself comes from another transaction.
 */
static int deny(struct txn *txn, struct request *request, const struct slot_limits *limits,
                int64_t slots)
{
    const char *seconds = arena_printf(txn_arena(txn), "%f", slot_limits_wait(limits, slots));

    if (slot_limits_deny(txn, limits, slots) < 0)
        return HANDLER_FAILED;
    return request_then(request, seconds, 0);
}

static int tell_locked(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    return reply_locked(request, reply, strtod(request->subject, NULL), "Locked");
}

/* Takes the slots that the body asks for. 1: they are taken; else what the handler returns is in
 * *ret_result. */
static int take(struct txn *txn, struct request *request, struct http_reply *reply,
                struct slot_limits *limits, int *ret_result)
{
    int64_t slots = request_integer(request, "slots", 0);

    *ret_result = HANDLER_FAILED;
    if (slot_limits_load(txn, json_object_get(request->body, "names"), "", limits) < 0)
        return 0;
    *ret_result = HANDLER_DONE;
    if (!check_asked(txn, request, reply, limits, slots))
        return 0;
    if (!slot_limits_have_room(limits, slots)) {
        *ret_result = deny(txn, request, limits, slots);
        return 0;
    }
    *ret_result = HANDLER_FAILED;
    return slot_limits_take(txn, limits, slots) == 0;
}

static int increment(struct txn *txn, struct request *request, struct http_reply *reply)
{
    struct slot_limits limits;
    int result;

    if (!take(txn, request, reply, &limits, &result))
        return result;
    return reply_slot_limits(reply, &limits, 0);
}

static struct slot_lease wanted_lease(struct txn *txn, const struct request *request)
{
    const json_t *holder = json_object_get(request->body, "holder");
    const json_t *seconds = json_object_get(request->body, "lease_duration");
    struct slot_lease lease = {.slots = request_integer(request, "slots", 0),
                               .seconds = seconds ? json_number_value(seconds) : 300};
    char id[ID_SIZE];

    if (json_is_object(holder) && id_parse(json_string_value(json_object_get(holder, "id")), id)) {
        lease.holder_type = json_string_value(json_object_get(holder, "type"));
        lease.holder_id = arena_strdup(txn_arena(txn), id);
    }
    return lease;
}

static int increment_with_lease(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct slot_lease lease = wanted_lease(txn, request);
    struct slot_limits limits;
    struct json_writer writer;
    char id[ID_SIZE];
    int result;

    if (!take(txn, request, reply, &limits, &result))
        return result;
    if (slot_lease_create(txn, &limits, &lease, id) < 0)
        return HANDLER_FAILED;
    reply_begin(reply, 200, &writer);
    json_begin_object(&writer);
    json_key(&writer, "lease_id");
    json_add_string(&writer, id);
    json_key(&writer, "limits");
    write_slot_limits(&writer, &limits, 0);
    json_end_object(&writer);
    return HANDLER_DONE;
}

/* ---- renewing and giving back ---- */

static const struct field give_fields[] = {
    {.name = "slots",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .minimum = &one,
     .maximum = &most_slots,
     .doc = "How many slots of each limit."},
    {.name = "names", .type = FIELD_STRINGS, .flags = FIELD_REQUIRED, .doc = "Of which limits."},
    {.name = "occupancy_seconds",
     .type = FIELD_NUMBER,
     .flags = FIELD_NULLABLE,
     .minimum = &zero,
     .doc = "For how long they were taken."},
    FIELDS_END};

static const struct field give_lease_fields[] = {{.name = "lease_id",
                                                  .type = FIELD_ID,
                                                  .flags = FIELD_REQUIRED,
                                                  .doc = "The lease under which they were taken."},
                                                 FIELDS_END};

static const struct field renew_fields[] = {{.name = "lease_duration",
                                             .type = FIELD_NUMBER,
                                             .fallback = "300.0",
                                             .minimum = &least_seconds,
                                             .maximum = &most_seconds,
                                             .doc = "Seconds from now on."},
                                            FIELDS_END};

static int decrement(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const json_t *seconds = json_object_get(request->body, "occupancy_seconds");
    struct slot_limits limits;

    if (slot_limits_load(txn, json_object_get(request->body, "names"), "", &limits) < 0 ||
        slot_limits_give_back(txn, &limits, request_integer(request, "slots", 0),
                              json_number_value(seconds)) < 0)
        return HANDLER_FAILED;
    return reply_slot_limits(reply, &limits, 0);
}

static int decrement_with_lease(struct txn *txn, struct request *request, struct http_reply *reply)
{
    if (slot_lease_release(txn, request_id(request, "lease_id")) < 0)
        return HANDLER_FAILED;
    return reply_nothing(reply, 204);
}

static int renew(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const json_t *seconds = json_object_get(request->body, "lease_duration");
    int renewed =
        slot_lease_renew(txn, request->params[0], seconds ? json_number_value(seconds) : 300);

    if (renewed < 0)
        return HANDLER_FAILED;
    if (!renewed)
        return reply_detail(reply, 410, "Lease not found - it may have expired or been revoked");
    return reply_nothing(reply, 204);
}

/* ---- routes ---- */

#define SLOTS "/api/v2/concurrency_limits/"

/* Clients of other versions send more: what we do not know is ignored. */
const struct route slot_routes[] = {
    {.method = HTTP_POST,
     .path = SLOTS "increment",
     .handle = increment,
     .then = tell_locked,
     .flags = ROUTE_WRITES,
     .body = &(const struct body){.fields = take_fields, .open = true},
     .summary = "Takes slots of each of some limits, or none: 423 says when to ask again.",
     .status = 200,
     .answers = ANSWERS_423,
     .shape = REPLY_LIST,
     .reply_fields = slot_limit_fields},
    {.method = HTTP_POST,
     .path = SLOTS "increment-with-lease",
     .handle = increment_with_lease,
     .then = tell_locked,
     .flags = ROUTE_WRITES,
     .body = &(const struct body){.fields = lease_fields, .open = true},
     .summary = "The same under a lease: what is not renewed in time is given back.",
     .status = 200,
     .answers = ANSWERS_423,
     .reply_fields = leased_fields},
    {.method = HTTP_POST,
     .path = SLOTS "decrement",
     .handle = decrement,
     .flags = ROUTE_WRITES,
     .body = &(const struct body){.fields = give_fields, .open = true},
     .summary = "Gives slots back.",
     .status = 200,
     .shape = REPLY_LIST,
     .reply_fields = slot_limit_fields},
    {.method = HTTP_POST,
     .path = SLOTS "decrement-with-lease",
     .handle = decrement_with_lease,
     .flags = ROUTE_WRITES,
     .body = &(const struct body){.fields = give_lease_fields, .open = true},
     .summary = "Gives the slots of a lease back, if they are not free already.",
     .status = 204,
     .shape = REPLY_NOTHING},
    {.method = HTTP_POST,
     .path = SLOTS "leases/{lease_id}/renew",
     .handle = renew,
     .flags = ROUTE_WRITES,
     .body = &(const struct body){.fields = renew_fields, .open = true, .optional = true},
     .summary = "Renews a lease; 410 if it has run out.",
     .status = 204,
     .answers = ANSWERS_410,
     .shape = REPLY_NOTHING},
    {.path = NULL},
};
