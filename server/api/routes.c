#include "server/api/routes.h"

const struct routes all_routes[] = {
#define ROUTES(tag, routes) {tag, routes},
#include "server/api/route_tables.h"
#undef ROUTES
    {NULL, NULL},
};
