/*
 * Secrets at rest: what is sealed with the server's key can be read with that key only, and only in
 * the place for which it was sealed.
 *
 * The key lies in a file of its own, which nobody but its owner may read. A server whose key is
 * gone starts all the same: only what was sealed cannot be read, and nothing is sealed until the
 * key is there again, so that no second key comes about by accident.
 */
#pragma once

#include <stdbool.h>

#include "common/arena.h"
#include "common/error.h"

struct secrets;

/* Reads the key in the file. If there is no such file it is made, if `may_create`; else what is
 * asked later fails and says so. */
int secrets_open(const char *file, bool may_create, struct secrets **ret_secrets,
                 struct error *error) MUST_CHECK;
void secrets_close(struct secrets *secrets); /* NULL is fine */

bool secrets_has_key(const struct secrets *secrets);

/* The text sealed for a place (the id of its row), as text, in the arena's memory. */
int secrets_seal(const struct secrets *secrets, const char *text, const char *place,
                 struct arena *arena, const char **ret_sealed, struct error *error) MUST_CHECK;

/* And back. */
int secrets_unseal(const struct secrets *secrets, const char *sealed, const char *place,
                   struct arena *arena, const char **ret_text, struct error *error) MUST_CHECK;
