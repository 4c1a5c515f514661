/* Sockets that listen. */
#pragma once

#include "common/error.h"

/* Binds every address that `host` has (a name may have an IPv4 and an IPv6 one) to the same port,
 * and listens. Returns how many sockets there are now in `ret_fds`, at least one, or -1. */
int listen_on(const char *host, int port, int limit, int *ret_fds, int *ret_port,
              struct error *error) MUST_CHECK;
