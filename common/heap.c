#include "common/heap.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64

void heap_release(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){0};
}

bool heap_reserve(struct heap *heap)
{
    if (heap->count + 2 <= heap->capacity)
        return true;
    size_t capacity = heap->capacity ? heap->capacity * 2 : FIRST_CAPACITY;
    struct heap_node **nodes = realloc(heap->nodes, capacity * sizeof(struct heap_node *));
    if (!nodes)
        return false;
    heap->nodes = nodes;
    heap->capacity = capacity;
    return true;
}

static void put(struct heap *heap, size_t index, struct heap_node *node)
{
    heap->nodes[index] = node;
    node->index = index;
}

static void move_up(struct heap *heap, size_t index, struct heap_node *node)
{
    for (; index > 1 && heap->nodes[index / 2]->time > node->time; index /= 2)
        put(heap, index, heap->nodes[index / 2]);
    put(heap, index, node);
}

static void move_down(struct heap *heap, size_t index, struct heap_node *node)
{
    for (size_t child = 2 * index; child <= heap->count; child = 2 * index) {
        if (child < heap->count && heap->nodes[child + 1]->time < heap->nodes[child]->time)
            child++;
        if (heap->nodes[child]->time >= node->time)
            break;
        put(heap, index, heap->nodes[child]);
        index = child;
    }
    put(heap, index, node);
}

/* Puts a node where it belongs, from a place that is its own or free. */
static void settle(struct heap *heap, size_t index, struct heap_node *node)
{
    if (index > 1 && heap->nodes[index / 2]->time > node->time)
        move_up(heap, index, node);
    else
        move_down(heap, index, node);
}

void heap_add(struct heap *heap, struct heap_node *node, int64_t time)
{
    node->time = time;
    move_up(heap, ++heap->count, node);
}

void heap_move(struct heap *heap, struct heap_node *node, int64_t time)
{
    node->time = time;
    settle(heap, node->index, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_node *last = heap->nodes[heap->count--];

    if (last != node)
        settle(heap, node->index, last);
    node->index = 0;
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count ? heap->nodes[1] : NULL;
}
