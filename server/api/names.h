/* What names clients may give to what they make: the reply says what is wrong where they do not. */
#pragma once

#include "server/api/api.h"

/* Lower-case letters, digits and dashes; `what` is whose name it is: "Artifact key". */
bool check_dashed_name(const struct request *request, struct http_reply *reply, const char *member,
                       const char *what);

/* Anything but / % & > <, which stand for something in paths and pages; the rule as a format. */
#define PLAIN_NAME_LENGTH 255
#define PLAIN_NAME_RULE   "a name has at least one character, and none of / %% & > <"
bool is_plain_name(const char *name);
bool check_plain_name(const struct request *request, struct http_reply *reply, const char *member);
