/* Deployments, for the files that share them. */
#pragma once

#include "server/api/resources.h"

extern const struct field deployment_fields[];
extern const struct resource deployment_resource;

/* Handlers of deployment_changes.c, and what they have prepared. */
int prepare_create_deployment(struct txn *txn, struct request *request, struct http_reply *reply);
int create_deployment(struct txn *txn, struct request *request, struct http_reply *reply);
int prepare_update_deployment(struct txn *txn, struct request *request, struct http_reply *reply);
int update_deployment(struct txn *txn, struct request *request, struct http_reply *reply);
int pause_deployment(struct txn *txn, struct request *request, struct http_reply *reply);
int resume_deployment(struct txn *txn, struct request *request, struct http_reply *reply);

/* ---- events ---- */

/* What events tell of the deployment, as JSON in the transaction's memory; an empty object if there
 * is none. */
int deployment_snapshot(struct txn *txn, const char *id, const char **ret_snapshot) MUST_CHECK;

/* After a change: makes the event of it, if there is another snapshot now than before. */
int deployment_follow(struct txn *txn, const char *id, const char *before) MUST_CHECK;

/* ---- schedules ---- */

extern const struct field deployment_schedule_fields[]; /* as they are given back */
extern const struct field schedule_body_fields[];       /* as they are sent */

/* A schedule that was sent; what was not sent is NULL, `active` -1, `max_runs` 0. JSON is text. */
struct sent_schedule {
    const char *schedule; /* with all its members */
    int active;
    int64_t max_runs;
    const char *parameters;
    const char *slug;
    const char *replaces;
};

struct sent_schedules {
    struct sent_schedule *list;
    size_t count;
};

/* Reads a checked array of schedules; what is wrong with one is added at its place. */
void sent_schedules_read(struct request *request, const json_t *array, struct problems *problems,
                         struct sent_schedules *ret_schedules);

/* Puts them in the place of those that the deployment has. */
int deployment_schedules_replace(struct txn *txn, const char *deployment_id,
                                 const struct sent_schedules *schedules) MUST_CHECK;

/*
 * The same, but where all of both have slugs, those that the deployment has are changed, by their
 * slugs, and none is taken away. 1: the reply says what is wrong with that.
 */
int deployment_schedules_update(struct txn *txn, struct http_reply *reply,
                                const char *deployment_id,
                                const struct sent_schedules *schedules) MUST_CHECK;

/* Writes the deployment's schedules as an array; `column` holds its id. */
void deployment_schedules_write(struct json_writer *writer, const struct rows *rows, int column);
