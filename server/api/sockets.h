/*
 * The API's WebSockets: the handshake that all of them begin with, and their work in the store.
 *
 * A socket is one of a table of kinds. It has one job, which runs again and again as there is
 * something to do. While the job is with the store, or parked, the socket is busy and what the job
 * uses is the store's threads'; else all of it belongs to the loop's thread.
 */
#pragma once

#include "server/api/api.h"

#define SHORT_MESSAGE 65536 /* bytes: reading them holds nobody up */

struct socket;

struct socket_kind {
    const char *path;
    size_t size;     /* of what is kept for it: a struct that begins with a struct socket */
    bool writes;     /* its job does */
    bool takes_long; /* its messages may be as long as any, and are not read on the loop's thread */
    bool finishes;   /* when the client is gone, proceed is called until it starts no more work */

    void (*init)(struct socket *socket); /* of what is not zero at first; NULL: nothing */

    /* On the loop's thread: a message after the handshake. It lives during the call. Unless it
     * takes long ones, it has at most SHORT_MESSAGE bytes. */
    void (*take)(struct socket *socket, const char *text, size_t length);

    /* The job, on the store's threads. prepare: CPU time, with a snapshot; may be NULL. run: in a
     * transaction, and perhaps again. It may set `parks`. */
    enum job_result (*prepare)(struct txn *txn, struct socket *socket);
    enum job_result (*run)(struct txn *txn, struct socket *socket);

    /* On the loop's thread, when it is not busy (any more): the job is done and has not failed, or
     * there is room to send again. */
    void (*proceed)(struct socket *socket);

    void (*leave)(struct socket *socket);   /* the client is gone: wakes it no more; or NULL */
    void (*release)(struct socket *socket); /* what it keeps beyond its size */
};

struct socket {
    struct api *api;
    const struct socket_kind *kind;
    struct http_socket *http;
    bool parks; /* the job has nothing to do until one of its topics is published */

    /* The rest is sockets.c's. */
    bool is_open; /* after the handshake */
    bool is_busy;
    bool gone; /* the client went away; read by any thread */
    struct job job;
    struct waiter waiter;
    enum job_result result;
    struct error error;
};

extern const struct socket_kind event_intake;
extern const struct socket_kind change_socket;

/* Takes a request that asks for a WebSocket, if its path has one. */
bool sockets_accept(struct api *api, struct http_request *http);

/* Whether a path is that of a WebSocket. */
bool sockets_know(const char *path);

/* Runs the job; not while the socket is busy. When the server stops, nothing is run any more. */
void socket_work(struct socket *socket);
bool socket_is_busy(const struct socket *socket);

/* Names a topic for which the job parks; before it reads anything. */
int socket_watch(struct txn *txn, struct socket *socket, const char *format, ...)
    PRINTF_LIKE(3, 4) MUST_CHECK;

/* Makes a sentence of the first problem: "Invalid WHAT: PATH: …". */
void socket_tell_problem(struct error *ret_problem, const char *what,
                         const struct problems *problems);
