/* Automations, which are not there yet: what a client hears that asks for them. */
#include "server/api/routes.h"

static int accept_nothing(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_nothing(reply, 202);
}

static int tell_none(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_json(reply, 200, "[]");
}

static int count_none(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_json(reply, 200, "0");
}

static int find_none(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_detail(reply, 404, "Automation not found");
}

static int refuse(struct txn *txn, struct request *request, struct http_reply *reply)
{
    (void)txn;
    (void)request;
    return reply_detail(reply, 501,
                        "Fermata has no automations yet: leave the triggers out, and let a program "
                        "follow the events or the states of the runs instead.");
}

#define NO_AUTOMATION(verb)                                                                        \
    .method = (verb), .path = "/api/automations/{id}", .handle = find_none,                        \
    .flags = ROUTE_NO_STORE, .status = 404, .shape = REPLY_ANY

const struct route automation_routes[] = {
    {.method = HTTP_POST,
     .path = "/api/automations/",
     .handle = refuse,
     .flags = ROUTE_NO_STORE,
     .summary = "Refuses an automation: there are none yet.",
     .status = 501,
     .shape = REPLY_ANY},
    {.method = HTTP_POST,
     .path = "/api/automations/filter",
     .handle = tell_none,
     .flags = ROUTE_NO_STORE,
     .summary = "Lists automations: there are none.",
     .status = 200,
     .shape = REPLY_ANY},
    {.method = HTTP_POST,
     .path = "/api/automations/count",
     .handle = count_none,
     .flags = ROUTE_NO_STORE,
     .summary = "Counts automations: there are none.",
     .status = 200,
     .shape = REPLY_INTEGER},
    {.method = HTTP_DELETE,
     .path = "/api/automations/owned-by/{resource_id}",
     .handle = accept_nothing,
     .flags = ROUTE_NO_STORE,
     .summary = "Deletes the automations that a deployment brought: there are none.",
     .status = 202,
     .shape = REPLY_NOTHING},
    {.method = HTTP_GET,
     .path = "/api/automations/related-to/{resource_id}",
     .handle = tell_none,
     .flags = ROUTE_NO_STORE,
     .summary = "The automations that belong to a deployment: there are none.",
     .status = 200,
     .shape = REPLY_ANY},
    {NO_AUTOMATION(HTTP_GET), .summary = "Reads an automation: there are none."},
    {NO_AUTOMATION(HTTP_PUT), .summary = "Replaces an automation: there are none."},
    {NO_AUTOMATION(HTTP_PATCH), .summary = "Changes an automation: there are none."},
    {NO_AUTOMATION(HTTP_DELETE), .summary = "Deletes an automation: there are none."},
    {.path = NULL},
};
