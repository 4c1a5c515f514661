/*
 * Streams: the rows of a table, sent over a WebSocket as they are committed.
 *
 * A stream is a place in the order of arrival (`seq`) and the topics by which it is woken. Its job
 * subscribes, reads what is behind its place, and parks if there is nothing. It runs again when all
 * that was read has found room on its socket: a slow client holds up its own place and nothing
 * else.
 */
#pragma once

#include "server/api/sockets.h"
#include "server/store/sql.h"

struct stream_kind {
    struct socket_kind socket; /* STREAM_SOCKET */
    const char *table;         /* with a column `seq` */
    const struct field *fields;
    const char *type; /* of its messages: {"type": TYPE, TYPE: {…}} */

    /* Appends the condition on the table's `r` that a client's filter is. What is wrong with it is
     * added to `problems`. `since`: of rows that have a time `occurred`, none before it. */
    void (*where)(json_t *filter, int64_t since, struct arena *arena, struct sql *sql,
                  struct problems *problems);

    /* By what it is woken: NULL-terminated, in the arena; for a filter that has been checked. */
    const char *const *(*topics)(const json_t *filter, struct arena *arena);

    /* What is there already comes first, in the order of `occurred`; as long as this, in
     * microseconds, or 0: only what comes from now on. */
    int64_t backfill;
};

#define STREAM_SOCKET(its_path)                                                                    \
    {                                                                                              \
        .path = (its_path), .size = sizeof(struct stream), .take = stream_take, .run = stream_run, \
        .proceed = stream_proceed, .release = stream_release                                       \
    }

struct stream {
    struct socket socket;
    json_t *filter;   /* NULL until it came */
    bool backfilling; /* what is there already has not all been read */
    bool has_begun;
    int64_t place;     /* the `seq` of the last row that was looked at */
    int64_t since;     /* see stream_kind.where */
    int64_t last_time; /* while it is backfilling: the place in that order */
    int64_t last_seq;
    struct buf out; /* messages that were read, each with a NUL behind */
    struct error problem;
};

extern const struct stream_kind event_stream;
extern const struct stream_kind log_stream;

void stream_take(struct socket *socket, const char *text, size_t length);
enum job_result stream_run(struct txn *txn, struct socket *socket);
void stream_proceed(struct socket *socket);
void stream_release(struct socket *socket);
