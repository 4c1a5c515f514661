/* What the files of http_echo share. */
#pragma once

#include "server/http/http.h"

/* Runs a function on another thread, after so many milliseconds; before the server is destroyed. */
void work_later(int milliseconds, void (*run)(void *context), void *context);

/* Answers a request that asks for a WebSocket; see http_echo.c. */
void accept_socket(struct http_request *request);
