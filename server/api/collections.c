#include "server/api/collections.h"

#include <string.h>

#include "server/api/routes.h"

static int read_view(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    for (const struct collection_view *view = collection_views; view->name; view++)
        if (strcmp(view->name, request->params[0]) == 0)
            return reply_json(reply, 200, view->json);
    return reply_detail(reply, 404, "View %.100s not found in registry", request->params[0]);
}

const struct route collection_routes[] = {
    {.method = HTTP_GET,
     .path = "/api/collections/views/{view}",
     .handle = read_view,
     .flags = ROUTE_NO_STORE,
     .summary = "Tells what is known beforehand: \"aggregate-worker-metadata\", the kinds of "
                "workers with the base job templates of their work pools.",
     .status = 200,
     .answers = ANSWERS_404,
     .shape = REPLY_ANY},
    {.path = NULL},
};
