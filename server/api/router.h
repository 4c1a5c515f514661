/* From a method and a path to a route. Inside the API only. */
#pragma once

#include "server/api/api.h"

enum match { MATCH_NONE, MATCH_METHOD, MATCH_SLASH, MATCH_FOUND };

/*
 * Finds the route of request->http and fills in request->route and ->params.
 *
 * MATCH_METHOD: the path is there with other methods, which `allow` lists ("GET, POST").
 * MATCH_SLASH: the path is there with (or without) a slash at its end.
 */
enum match router_match(struct request *request, char allow[static 128]);

/* Whether the parameter {name} of a path is a UUID. */
bool router_names_id(const char *name, size_t length);

/* Decodes %XX (and + as a space where `plus`) in place. False: not UTF-8, a NUL or a broken %. */
bool url_decode(char *text, bool plus);
