/* A queue of jobs, and the threads that wait for some. Inside the store only. */
#pragma once

#include <pthread.h>

#include "server/store/store.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct list jobs;
    bool closed;
    bool has_turn; /* somebody does what he took as the only one: see queue_begin_turn */
};

void queue_init(struct queue *queue);
void queue_put(struct queue *queue, struct list *jobs); /* moves all of them */
void queue_close(struct queue *queue);

/* Waits for a job. NULL only when the queue is closed and empty. */
struct job *queue_take(struct queue *queue);

/* Waits for jobs and for its turn, and moves up to `most` jobs: nobody else has a turn until
 * queue_end_turn. None, and no turn, only when the queue is closed and empty. */
void queue_begin_turn(struct queue *queue, struct list *ret_jobs, int most);

/* Whether the turn is free, and no job waits for it: it is then the caller's. */
bool queue_try_turn(struct queue *queue);
void queue_end_turn(struct queue *queue);

bool queue_is_empty(struct queue *queue);
int64_t queue_length(struct queue *queue);
