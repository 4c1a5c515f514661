#include "common/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)2048) /* a request rarely needs a second one */

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char data[];
};

struct arena_cleanup {
    struct arena_cleanup *next;
    void (*clean)(void *what);
    void *what;
};

void arena_release(struct arena *arena)
{
    while (arena->cleanups) {
        struct arena_cleanup *cleanup = arena->cleanups;
        arena->cleanups = cleanup->next;
        cleanup->clean(cleanup->what);
    }
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}

static void *failed(struct arena *arena)
{
    if (arena->out_of_memory)
        arena->out_of_memory();
    return NULL;
}

static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > (size_t)-1 - sizeof(struct arena_block) - BLOCK_SIZE)
        return failed(arena);
    size = aligned(size ? size : 1);

    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = calloc(1, sizeof(*block) + room);
        if (!block)
            return failed(arena);
        block->size = room;
        /* A block made for one large piece is full: keep the one that still has room in front. */
        if (size > BLOCK_SIZE && arena->blocks) {
            block->next = arena->blocks->next;
            arena->blocks->next = block;
        } else {
            block->next = arena->blocks;
            arena->blocks = block;
        }
    }
    void *piece = block->data + block->used;
    block->used += size;
    return piece;
}

char *arena_strndup(struct arena *arena, const char *string, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    if (copy)
        memcpy(copy, string, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *string)
{
    return arena_strndup(arena, string, strlen(string));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = n < 0 ? failed(arena) : arena_alloc(arena, (size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

int arena_on_release(struct arena *arena, void (*clean)(void *what), void *what)
{
    struct arena_cleanup *cleanup = arena_alloc(arena, sizeof(*cleanup));

    if (!cleanup) {
        clean(what);
        return -1;
    }
    *cleanup = (struct arena_cleanup){.next = arena->cleanups, .clean = clean, .what = what};
    arena->cleanups = cleanup;
    return 0;
}

void *arena_adopt(struct arena *arena, void *allocated)
{
    if (!allocated)
        return failed(arena);
    return arena_on_release(arena, free, allocated) < 0 ? NULL : allocated;
}
