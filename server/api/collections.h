/* What programs may want to know beforehand, such as which kinds of workers there are: JSON that is
 * built in. */
#pragma once

struct collection_view {
    const char *name;
    const char *json;
};

extern const struct collection_view collection_views[]; /* ends with a NULL name */
