/* Addresses that are nowhere, opened in a browser. */
#pragma once

#include "server/api/api.h"

/* Whether it is a person who asks: a GET that would have HTML. */
bool page_is_wanted(const struct request *request);

/* 404 with the page, which says that there is nothing, and where the way back is. */
int page_reply_missing(struct request *request, struct http_reply *reply);
