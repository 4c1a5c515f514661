/*
 * What any resource has: rows for its table of routes, and the handlers behind them.
 *
 * A row made of one of the macros goes on as any other: {ROUTE_UPDATE(…), .check = check_variable}.
 * The {name} of a path is the column by which a row is found: /api/variables/name/{name}.
 */
#pragma once

#include "server/api/api.h"

#define LIST_LIMIT 200 /* rows that one list may have */

/* ---- rows ---- */

/* POST: takes the fields with FIELD_CREATE. */
#define ROUTE_CREATE(where, what, its_fields, handler)                                             \
    .method = HTTP_POST, .path = (where), .handle = (handler),                                     \
    .flags = ROUTE_WRITES | ROUTE_IDEMPOTENT, .resource = &(what), .status = 201,                  \
    .body = &(const struct body)                                                                   \
    {                                                                                              \
        .fields = (its_fields), .only = FIELD_CREATE                                               \
    }

/* GET: one row. */
#define ROUTE_READ(where, what, handler)                                                           \
    .method = HTTP_GET, .path = (where), .handle = (handler), .resource = &(what), .status = 200,  \
    .answers = ANSWERS_404

/* PATCH: takes the fields with FIELD_UPDATE. */
#define ROUTE_UPDATE(where, what, its_fields, handler)                                             \
    .method = HTTP_PATCH, .path = (where), .handle = (handler), .flags = ROUTE_WRITES,             \
    .resource = &(what), .status = 204, .answers = ANSWERS_404, .shape = REPLY_NOTHING,            \
    .body = &(const struct body)                                                                   \
    {                                                                                              \
        .fields = (its_fields), .only = FIELD_UPDATE                                               \
    }

#define ROUTE_DELETE(where, what, handler)                                                         \
    .method = HTTP_DELETE, .path = (where), .handle = (handler), .flags = ROUTE_WRITES,            \
    .resource = &(what), .status = 204, .answers = ANSWERS_404, .shape = REPLY_NOTHING

/* POST: the rows that filters find, all or by pages, and their number. `nouns` for the summary. */
#define ROUTE_FILTER(base, what, nouns)                                                            \
    .method = HTTP_POST, .path = base "filter", .handle = resource_filter, .body = &filter_body,   \
    .resource = &(what), .summary = "Lists " nouns ".", .status = 200, .shape = REPLY_LIST

#define ROUTE_COUNT(base, what, nouns)                                                             \
    .method = HTTP_POST, .path = base "count", .handle = resource_count, .body = &count_body,      \
    .resource = &(what), .summary = "Counts " nouns ".", .status = 200, .shape = REPLY_INTEGER

#define ROUTE_PAGINATE(base, what, nouns)                                                          \
    .method = HTTP_POST, .path = base "paginate", .handle = resource_paginate,                     \
    .body = &paginate_body, .resource = &(what), .summary = "Lists " nouns " by pages.",           \
    .status = 200, .shape = REPLY_PAGE

/* ---- handlers ---- */

int resource_read(struct txn *txn, struct request *request, struct http_reply *reply);

/* These publish the name of the resource's table as a topic, and make the events of its rows. */
int resource_create(struct txn *txn, struct request *request, struct http_reply *reply);
int resource_update(struct txn *txn, struct request *request, struct http_reply *reply);
int resource_delete(struct txn *txn, struct request *request, struct http_reply *reply);

int resource_filter(struct txn *txn, struct request *request, struct http_reply *reply);
int resource_count(struct txn *txn, struct request *request, struct http_reply *reply);
int resource_paginate(struct txn *txn, struct request *request, struct http_reply *reply);

/* Members of such bodies. */
#define FIELD_SORT                                                                                 \
    {                                                                                              \
        .name = "sort", .type = FIELD_JSON, .doc = "The order, by the name of one of the sorts."   \
    }
#define FIELD_LIMIT                                                                                \
    {                                                                                              \
        .name = "limit", .type = FIELD_INTEGER, .flags = FIELD_NULLABLE,                           \
        .minimum = &(const int64_t){0}, .fallback = "200",                                         \
        .doc = "How many at the most, up to 200."                                                  \
    }
#define FIELD_OFFSET                                                                               \
    {                                                                                              \
        .name = "offset", .type = FIELD_INTEGER, .flags = FIELD_NULLABLE,                          \
        .minimum = &(const int64_t){0}, .fallback = "0",                                           \
        .doc = "How many of the first to leave out."                                               \
    }

/* The bodies of the last three: {"sort", "limit", "offset"} beside the filters. */
extern const struct body filter_body;
extern const struct body count_body;
extern const struct body paginate_body;

/* ---- for handlers of one's own ---- */

/* One row as the reply: the first of "SELECT … WHERE condition"; a 404 if there is none. */
int reply_resource(struct txn *txn, struct http_reply *reply, int status,
                   const struct resource *resource, const char *condition, struct value value);

int reply_missing(struct http_reply *reply, const struct resource *resource);

/* Makes the event "KIND.created", "KIND.updated" or (before it is gone) "KIND.deleted" of the row
 * whose `key` has that value, if there is one and the resource's rows have events. */
int resource_event(struct txn *txn, const struct resource *resource, const char *key,
                   struct value value, const char *what) MUST_CHECK;

/* Reads `limit` and `offset` of the body. False: the reply says what is wrong with them. */
bool request_page(const struct request *request, struct http_reply *reply, int64_t *ret_limit,
                  int64_t *ret_offset);

/* Appends the rows of a query made by resource_select() to a JSON array. How many, or -1. */
int reply_rows(struct txn *txn, struct json_writer *writer, const struct field *fields,
               struct sql *sql);
