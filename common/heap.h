/*
 * A binary heap of times, the earliest first. Its nodes lie within what has the times, which
 * list_item() of list.h gives, and know their places: so each can be moved and taken out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t time;
    size_t index; /* from 1; 0: it is in no heap */
};

struct heap {
    struct heap_node **nodes; /* the first place is not used */
    size_t capacity;
    size_t count;
};

void heap_release(struct heap *heap); /* its own memory; the nodes are their owners' */

/* Makes room for one more, so that heap_add cannot fail. False without memory. */
bool heap_reserve(struct heap *heap);

/* Adds a node, for which there has to be room. */
void heap_add(struct heap *heap, struct heap_node *node, int64_t time);
void heap_move(struct heap *heap, struct heap_node *node, int64_t time); /* to another time */
void heap_remove(struct heap *heap, struct heap_node *node);

struct heap_node *heap_first(const struct heap *heap); /* NULL: it is empty */
