/*
 * The API: from a request to a handler and back.
 *
 * A handler is a transaction: a straight-line function of (transaction, request) that fills in a
 * reply. It does no I/O but SQL, keeps no state of its own, and may be run again from the start:
 * after a rollback, or because it was parked. What it wrote stays only if its reply is no error.
 */
#pragma once

#include <jansson.h>

#include "common/arena.h"
#include "common/buf.h"
#include "server/http/http.h"
#include "server/live/lease.h"
#include "server/live/live.h"
#include "server/orchestration/run_lease.h"
#include "server/resource/problems.h"
#include "server/resource/resource.h"
#include "server/store/store.h"
#include "json/writer.h"

/* The versions of Prefect whose API we speak: what its client compares with its own, and the oldest
 * that we get along with. */
#define PREFECT_VERSION            "3.8.8"
#define PREFECT_API_VERSION        "0.8.4"
#define PREFECT_API_VERSION_OLDEST "0.8.0"

struct api;
struct request;
struct secrets;

enum handler_result {
    HANDLER_FAILED = -1, /* the reason is in the transaction */
    HANDLER_DONE = 0,    /* the reply is filled in */
    HANDLER_PARK = 1,    /* nothing to say yet: only where request_may_wait() */
    HANDLER_THEN = 2,  /* what was written is to be kept; the reply comes from the route's `then` */
    HANDLER_AGAIN = 3, /* the same, and the handler is run again: it writes more than should hold up
                          others */
};

typedef int handler(struct txn *txn, struct request *request, struct http_reply *reply);

/* Work that costs CPU, before the transaction, with a snapshot to read from. 0: go on to the
 * handler, 1: the reply is final, -1: failed. What it read may have changed when the handler runs.
 */
typedef int preparation(struct txn *txn, struct request *request, struct http_reply *reply);

/* What the fields of a resource cannot say of what is to be written: 1: it fits, 0: the reply says
 * why not, -1: failed. It may fill in what was not sent. */
typedef int record_check(struct txn *txn, struct request *request, struct record *record,
                         struct http_reply *reply);

/* ---- routes ---- */

enum {
    ROUTE_WRITES = 1 << 0,
    ROUTE_WAITS = 1 << 1,       /* takes Prefer: wait=SECONDS */
    ROUTE_IDEMPOTENT = 1 << 2,  /* takes Idempotency-Key */
    ROUTE_NO_STORE = 1 << 3,    /* answered at once; the handler gets no transaction */
    ROUTE_ANY_VERSION = 1 << 4, /* whatever X-PREFECT-API-VERSION says */
    ROUTE_LEASES = 1 << 5,      /* takes Fermata-Lease */
    ROUTE_SECRET = 1 << 6,      /* what is sent may be secret: refusals do not repeat it */
    ROUTE_PAGE = 1 << 7,        /* of the web page, not of the API: /openapi.json leaves it out */
    ROUTE_SEARCHES = 1 << 8,    /* writes or waits, and yet may look at all rows there are */
};

enum reply_shape {
    REPLY_OBJECT,  /* of `reply_fields` */
    REPLY_LIST,    /* of such objects */
    REPLY_PAGE,    /* of such objects: results, count, limit, pages, page */
    REPLY_NOTHING, /* no body */
    REPLY_NULL,
    REPLY_BOOLEAN,
    REPLY_INTEGER,
    REPLY_NUMBER, /* or null */
    REPLY_STRING,
    REPLY_TEXT, /* text/plain */
    REPLY_ANY,  /* JSON of any shape */
};

/* What a route may answer beside its success and the errors that all routes have in common. */
enum {
    ANSWERS_200 = 1 << 0,
    ANSWERS_404 = 1 << 1,
    ANSWERS_409 = 1 << 2,
    ANSWERS_410 = 1 << 3,
    ANSWERS_304 = 1 << 4,
    ANSWERS_503 = 1 << 5, /* with `reply_fields`, beside the 503 of all routes */
    ANSWERS_423 = 1 << 6,
};

struct route {
    enum http_method method;
    const char *path; /* "/api/flow_runs/{id}/input/{key}": {id} and {…_id} are UUIDs */
    handler *handle;
    preparation *prepare;
    handler *then; /* for handlers that answer HANDLER_THEN */
    unsigned flags;
    const struct body *body;
    const struct resource *resource; /* of the handlers that serve any resource: resources.h */
    record_check *check;             /* of those that write */
    /* For /openapi.json. */
    const char *summary;
    int status;
    unsigned answers;
    enum reply_shape shape;
    const struct field *reply_fields;    /* NULL: those of `resource` */
    const struct field *query;           /* parameters of the query string; NULL: none */
    const struct field *conflict_fields; /* of the body of a 409; NULL: "detail" alone */
};

#define ROUTE_PARAMS 4

struct routes {
    const char *tag;
    const struct route *routes; /* end with a NULL path */
};

extern const struct routes all_routes[]; /* ends with a NULL tag */

/* ---- requests ---- */

struct request {
    struct api *api;
    struct http_request *http;
    const struct route *route;
    struct arena arena;
    const char *params[ROUTE_PARAMS]; /* of the path, in order; decoded */
    bool from_newer_client;           /* than we know: it may send what we do not know */
    const char *body_text;            /* as it came, "" without one */
    json_t *body;                     /* checked; an empty object without one */
    void *prepared;                   /* what the route's preparation left for its handler */
    const char *subject;              /* what request_then() is about */
    struct run_lease lease;           /* under which the client holds the run, or takes it */
    bool again;                       /* the handler has answered HANDLER_AGAIN */
    const char *only; /* SQL: a condition of the handler's own beside a list's filters, or NULL */

    /* The rest is request.c's. */
    struct job job;
    struct waiter waiter;
    struct http_reply reply;
    int64_t started;    /* monotonic */
    int64_t wait_until; /* 0: does not wait */
    int64_t wait_begun; /* once it waits */
    int wait_seconds;   /* that the client asked for */
    bool held;          /* it waits, though the client did not ask for it */
    bool polls;         /* when it is answered is noted */
    int64_t clock_time; /* when the clock alone changes the answer */
    bool goes_on;       /* the route's `then` follows, or runs */
    bool parks;
    bool ending; /* the server stops: answer now */
    bool gone;   /* the client went away */
};

/* A parameter of the query string, decoded, in the request's memory; NULL if it is not there. */
const char *request_query(struct request *request, const char *name);

/* What a member of the body says; the fallback if it is not there or null. */
const char *request_text(const struct request *request, const char *name);
int64_t request_integer(const struct request *request, const char *name, int64_t fallback);
bool request_flag(const struct request *request, const char *name, bool fallback);
int64_t request_time(const struct request *request, const char *name, int64_t fallback);
const char *request_id(struct request *request, const char *name); /* in the usual form, or NULL */

/* A member as it is stored, by its description in `fields`; NULL if it is not there or null. */
const char *request_stored(struct request *request, const struct field *fields, const char *name);

/* ---- waiting ---- */

/* Names a topic whose change may change the answer; before the handler reads anything. */
int request_watch(struct txn *txn, struct request *request, const char *format, ...)
    PRINTF_LIKE(3, 4) MUST_CHECK;

/* Names the time at which the clock alone may change the answer. */
void request_watch_clock(struct request *request, int64_t time);

/* For a write whose reply has to wait: once it is committed, the route's `then` is run as a read,
 * with `subject` as request->subject, which may park until `time`. Returns HANDLER_THEN, to be
 * returned. */
int request_then(struct request *request, const char *subject, int64_t time);

/* Has a request wait whose client did not ask for it; while it is prepared. */
void request_hold(struct request *request, int64_t length);

/* Whether "nothing to say yet" can still be answered by HANDLER_PARK. */
bool request_may_wait(const struct request *request, const struct txn *txn);

/* ---- replies ---- */

/* Fill in the reply and return HANDLER_DONE, to be returned. */
int reply_nothing(struct http_reply *reply, int status);
int reply_json(struct http_reply *reply, int status, const char *json);
int reply_detail(struct http_reply *reply, int status, const char *format, ...) PRINTF_LIKE(3, 4);
int reply_exception(struct http_reply *reply, int status, const char *format, ...)
    PRINTF_LIKE(3, 4); /* as reply_detail, where clients look for "exception_message" */
int reply_problems(struct http_reply *reply, const struct request *request,
                   const struct problems *problems);

/* One problem with one member of the body. */
int reply_problem(struct http_reply *reply, const struct request *request, const char *member,
                  const char *type, const char *format, ...) PRINTF_LIKE(5, 6);

void reply_header(struct http_reply *reply, const char *name, const char *value);

/* Begins a JSON body: sets the status and returns the writer through `ret_writer`. */
void reply_begin(struct http_reply *reply, int status, struct json_writer *ret_writer);

/* ---- the API itself ---- */

struct api_config {
    struct store *store;
    struct live *live;
    struct leases *leases;     /* of flows that wait for answers to check */
    struct leases *run_leases; /* of runs; their ends are told by time_monotonic */
    struct secrets *secrets;   /* with which blocks are sealed */
    struct http_server **http; /* for its figures; filled in once it is there */
    int64_t hold_polls;        /* as held_polls.h says; 0: not at all */
    int64_t hold_receives;
};

int api_create(const struct api_config *config, struct api **ret_api,
               struct error *error) MUST_CHECK;
void api_destroy(struct api *api);
const struct api_config *api_config(const struct api *api);

struct metrics;
struct metrics *api_metrics(struct api *api);

/* Whether requests are served: what /api/ready tells. */
bool api_is_ready(const struct api *api);
void api_set_ready(struct api *api, bool ready);

/* The call-backs of http_config; `context` is the API. */
void api_on_request(void *context, struct http_request *http);
void api_on_round(void *context);
void api_on_gone(void *context, struct http_request *http);
void api_on_free(void *context, struct http_request *http);
