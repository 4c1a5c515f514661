#include "server/store/queue.h"

void queue_init(struct queue *queue)
{
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    list_init(&queue->jobs);
}

/* Only the first of a burst wakes a thread, which wakes the next if there is more than it takes:
 * who puts many is not held up by waking. Who has a turn looks again when it ends. */
void queue_put(struct queue *queue, struct list *jobs)
{
    if (list_is_empty(jobs))
        return;
    pthread_mutex_lock(&queue->lock);
    bool wakes = list_is_empty(&queue->jobs) && !queue->has_turn;
    list_move_all(&queue->jobs, jobs);
    pthread_mutex_unlock(&queue->lock);
    if (wakes)
        pthread_cond_signal(&queue->filled);
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

static void wait_for_jobs(struct queue *queue)
{
    while (queue->has_turn || (list_is_empty(&queue->jobs) && !queue->closed))
        pthread_cond_wait(&queue->filled, &queue->lock);
}

static struct job *take_first(struct queue *queue)
{
    struct list *first = queue->jobs.next;

    list_remove(first);
    return list_item(first, struct job, node);
}

struct job *queue_take(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    wait_for_jobs(queue);
    struct job *job = list_is_empty(&queue->jobs) ? NULL : take_first(queue);
    bool are_more = !list_is_empty(&queue->jobs);
    pthread_mutex_unlock(&queue->lock);
    if (are_more)
        pthread_cond_signal(&queue->filled);
    return job;
}

void queue_begin_turn(struct queue *queue, struct list *ret_jobs, int most)
{
    pthread_mutex_lock(&queue->lock);
    wait_for_jobs(queue);
    for (int i = 0; i < most && !list_is_empty(&queue->jobs); i++)
        list_append(ret_jobs, &take_first(queue)->node);
    queue->has_turn = !list_is_empty(ret_jobs);
    pthread_mutex_unlock(&queue->lock);
}

bool queue_try_turn(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool is_free = !queue->has_turn && list_is_empty(&queue->jobs);
    queue->has_turn |= is_free;
    pthread_mutex_unlock(&queue->lock);
    return is_free;
}

void queue_end_turn(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->has_turn = false;
    bool wakes = queue->closed || !list_is_empty(&queue->jobs);
    pthread_mutex_unlock(&queue->lock);
    if (wakes)
        pthread_cond_signal(&queue->filled);
}

bool queue_is_empty(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool is_empty = list_is_empty(&queue->jobs);
    pthread_mutex_unlock(&queue->lock);
    return is_empty;
}

int64_t queue_length(struct queue *queue)
{
    int64_t length = 0;

    pthread_mutex_lock(&queue->lock);
    list_for_each(node, &queue->jobs)
        length++;
    pthread_mutex_unlock(&queue->lock);
    return length;
}
