/*
 * HTTP by libcurl: the client and its lines.
 *
 * A call takes a line (a curl handle with its own connection) from those that are idle, or makes
 * one, so that any number of threads can call at once and connections are used again.
 */
#pragma once

#include <curl/curl.h>
#include <pthread.h>

#include "common/ids.h"
#include "common/list.h"
#include "include/fermata.h"

struct line {
    struct list node; /* in its client's `idle` or `busy` */
    CURL *easy;
    CURLM *multi; /* only so that another thread can wake us */
};

struct fm_client {
    char *url;
    char *shown_url;     /* without a name and password in it */
    char *authorization; /* the whole header line, or NULL */
    bool is_local;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t interruption;
    struct list idle;
    struct list busy;
    bool interrupted;
    bool was_reached;          /* a server has answered once */
    char csrf_client[ID_SIZE]; /* "" as long as the server asks for no token */
    char *csrf_token;
};

struct line *line_take(struct fm_client *client); /* NULL without memory */
void line_give_back(struct fm_client *client, struct line *line);

bool client_is_interrupted(struct fm_client *client);
