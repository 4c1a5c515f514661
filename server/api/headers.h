/* What the headers of conditional and waiting requests say. */
#pragma once

#include <stdbool.h>

#include "common/ids.h"

/* The seconds of "wait" among the preferences of a Prefer header (RFC 7240), at most `most`; -1 if
 * it is not among them. */
int prefer_wait(const char *prefer, int most);

/* Whether an If-None-Match header (RFC 9110, 13.1.2) names the entity tag, weakly compared; "*"
 * names every one. */
bool none_match_names(const char *list, const char *etag);

/* Whether an Accept-Encoding header (RFC 9110, 12.5.3) takes the coding. */
bool encoding_is_accepted(const char *list, const char *coding);

/* "SECONDS; holder=UUID" of a Fermata-Lease header. False: it is not of that form, or the seconds
 * are not between 1 and `most`. */
bool lease_parse(const char *text, int most, int *ret_seconds, char ret_holder[static ID_SIZE]);
