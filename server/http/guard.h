/*
 * Who may be asked for: the check of Host and Origin.
 *
 * A page from anywhere, open in a browser on this machine, can send requests to this server; and
 * by letting its own name point at 127.0.0.1 (DNS rebinding) it can read the answers. Its Host or
 * its Origin tells.
 */
#pragma once

#include "server/http/head.h"
#include "server/http/http.h"

/* Returns 0, or -1 with a refusal: 403 for a foreign name, 400 for a Host that is none. */
int guard_check(const struct http_config *config, const struct head *head,
                struct refusal *ret_refusal) MUST_CHECK;
