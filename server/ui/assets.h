/*
 * The files of the web page, as they are built into the binary: each compressed with gzip.
 *
 * They are made from ui/ by ui/embed.mjs.
 */
#pragma once

#include <stddef.h>

struct ui_asset {
    const char *path; /* "/index.html", "/assets/index-1a2b3c4d.js" */
    const char *content_type;
    const char *etag; /* quoted, made from the content */
    const unsigned char *gzip;
    size_t gzip_length;
    size_t length; /* of what comes out of it */
};

extern const struct ui_asset ui_assets[]; /* ends with a NULL path */
