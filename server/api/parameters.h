/* A deployment's parameters: resolved, laid over its defaults, held against its schema. */
#pragma once

#include "server/api/api.h"

/* How strictly. */
enum {
    PARAMETERS_MAY_LACK = 1 << 0, /* what is required may be missing: it can come with the run */
};

/*
 * Resolves placeholders ({"__prefect_kind": …}) in the text of an object. 1: `ret_text` is what
 * they come to, in the arena; 0: they cannot be resolved, and `ret_reason` says why; -1: failed.
 */
int parameters_resolve(struct txn *txn, struct arena *arena, const char *text,
                       const char **ret_text, const char **ret_reason) MUST_CHECK;

/* 1: they fit the schema (JSON text); 0: they do not, with the reason as Prefect words it; -1: the
 * schema cannot be used, also with the reason. */
int parameters_check(struct arena *arena, const char *text, const char *schema, unsigned flags,
                     const char **ret_reason) MUST_CHECK;
