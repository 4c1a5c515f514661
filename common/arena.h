/*
 * A pool of memory that goes all at once: a request's, a flow run's.
 *
 * Nothing taken from an arena is freed by itself. An arena is used by one thread at a time.
 * Where memory runs out, the functions return NULL, unless the arena was made with
 * `.out_of_memory`: then that is called, and must not return.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "common/error.h"

struct arena_block;
struct arena_cleanup;

struct arena {
    struct arena_block *blocks; /* the newest first; only it has room */
    struct arena_cleanup *cleanups;
    void (*out_of_memory)(void);
};

#define arena_auto CLEANUP(arena_release) struct arena

void arena_release(struct arena *arena); /* runs the clean-ups, newest first, and frees all */

void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type */
char *arena_strdup(struct arena *arena, const char *string);
char *arena_strndup(struct arena *arena, const char *string, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Takes over what malloc gave, to be freed with the arena; NULL means that memory has run out. */
void *arena_adopt(struct arena *arena, void *allocated);

/* Has `clean(what)` called when the arena is released. -1 if there is no memory: then it is
 * called at once. */
int arena_on_release(struct arena *arena, void (*clean)(void *what), void *what);
