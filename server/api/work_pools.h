/* Work pools, their queues and workers, for the files that share them. */
#pragma once

#include "server/api/names.h"
#include "server/api/resources.h"
#include "server/orchestration/work_queue.h"

extern const struct resource work_pool_resource;
extern const struct resource work_queue_resource;

/* The pool that the path's first parameter names, and its queue that the second one does. 0: the
 * reply is a 404. */
int request_work_pool(struct txn *txn, const struct request *request, struct http_reply *reply,
                      struct work_pool *ret_pool) MUST_CHECK;
int request_work_queue(struct txn *txn, const struct request *request, struct http_reply *reply,
                       struct work_queue *ret_queue) MUST_CHECK;

int reply_no_work_pool(struct http_reply *reply, const char *name);
int reply_no_work_queue(struct http_reply *reply, const char *pool, const char *name);

/* The queue that a body asks for: of the pool (NULL: of those without one) that name, or the pool's
 * default. 1, -1, 0: the reply is a 404. With `make` it is made if it is not there. */
struct work_queue_wish {
    const char *pool;
    const char *queue;
    bool make;
};
int wished_work_queue(struct txn *txn, struct http_reply *reply, const struct work_queue_wish *wish,
                      struct work_queue *ret_queue) MUST_CHECK;

/* The body of lists of a pool: {"limit", "offset"} beside the filters. */
extern const struct body pool_list_body;

/* The resource's rows that belong to the pool of the path and fit the body, in the order of `sort`,
 * which is SQL. */
int reply_list_of_pool(struct txn *txn, struct request *request, struct http_reply *reply,
                       const char *sort);

/* Adds what is wrong with the base job template that the body has. */
void check_base_job_template(const struct request *request, struct problems *problems);
