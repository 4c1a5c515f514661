/* What names clients may give to what they make: the reply says what is wrong where they do not. */
#pragma once

#include "server/api/api.h"

/* Lower-case letters, digits and dashes; `what` is whose name it is: "Artifact key". */
bool check_dashed_name(const struct request *request, struct http_reply *reply, const char *member,
                       const char *what);

/* Anything but / % & > <, which stand for something in paths and pages. */
bool check_plain_name(const struct request *request, struct http_reply *reply, const char *member);
