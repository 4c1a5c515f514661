/* References between documents: RFC 3986, section 5. */
#pragma once

#include "common/arena.h"

/* What `reference` means in a document at `base` (which may be ""), with its fragment. NULL: no
 * memory. */
char *uri_resolve(struct arena *arena, const char *base, const char *reference);
