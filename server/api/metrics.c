#include "server/api/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/times.h"
#include "server/api/routes.h"

struct route_metrics {
    const struct route *route;
    _Atomic int64_t by_class[5]; /* 1xx to 5xx */
    _Atomic int64_t microseconds;
};

void metrics_init(struct metrics *metrics)
{
    int count = 0;

    for (const struct routes *group = all_routes; group->tag; group++)
        for (const struct route *route = group->routes; route->path; route++)
            count++;
    metrics->routes = calloc((size_t)count + 1, sizeof(*metrics->routes));
    if (!metrics->routes)
        return; /* then nothing is counted */
    for (const struct routes *group = all_routes; group->tag; group++)
        for (const struct route *route = group->routes; route->path; route++)
            metrics->routes[metrics->count++].route = route;
}

void metrics_release(struct metrics *metrics)
{
    free(metrics->routes);
    *metrics = (struct metrics){0};
}

void metrics_count(struct metrics *metrics, const struct route *route, int status, int64_t took)
{
    int index = 0;

    if (!metrics->routes || status < 100 || status > 599)
        return;
    while (index < metrics->count && metrics->routes[index].route != route)
        index++;
    metrics->routes[index].by_class[status / 100 - 1]++;
    metrics->routes[index].microseconds += took;
}

static void add_figure(struct buf *text, const char *name, const char *type, const char *help,
                       int64_t value)
{
    buf_addf(text, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, type, name,
             (long long)value);
}

static void add_routes(struct buf *text, const struct metrics *metrics)
{
    buf_add_string(text, "# HELP fermata_requests_total Requests answered, by route and status\n"
                         "# TYPE fermata_requests_total counter\n");
    for (int i = 0; metrics->routes && i <= metrics->count; i++) {
        const struct route_metrics *route = &metrics->routes[i];
        for (int class = 0; class < 5; class ++) {
            if (route->by_class[class] == 0)
                continue;
            buf_addf(text,
                     "fermata_requests_total{method=\"%s\",route=\"%s\",status=\"%dxx\"} %lld\n",
                     route->route ? http_method_name(route->route->method) : "",
                     route->route ? route->route->path : "", class + 1,
                     (long long)route->by_class[class]);
        }
    }
    buf_add_string(text,
                   "# HELP fermata_request_seconds_total Time from a whole request to its answer\n"
                   "# TYPE fermata_request_seconds_total counter\n");
    for (int i = 0; metrics->routes && i < metrics->count; i++)
        if (metrics->routes[i].microseconds)
            buf_addf(text, "fermata_request_seconds_total{method=\"%s\",route=\"%s\"} %.6f\n",
                     http_method_name(metrics->routes[i].route->method),
                     metrics->routes[i].route->path,
                     (double)metrics->routes[i].microseconds / (double)SECOND);
}

static void add_store(struct buf *text, struct store *store)
{
    struct store_stats stats;

    store_stats(store, &stats);
    add_figure(text, "fermata_store_reads_total", "counter", "Transactions that read", stats.reads);
    add_figure(text, "fermata_store_writes_total", "counter", "Requests that wrote", stats.writes);
    add_figure(text, "fermata_store_commits_total", "counter", "Commits, each of a batch of writes",
               stats.commits);
    add_figure(text, "fermata_store_rollbacks_total", "counter", "Batches that had to be repeated",
               stats.rollbacks);
    add_figure(text, "fermata_store_failures_total", "counter", "Transactions that failed",
               stats.failures);
    add_figure(text, "fermata_store_queued", "gauge", "Writes that wait for their turn",
               stats.queued);
}

static void add_live(struct buf *text, struct live *live)
{
    struct live_stats stats;

    live_stats(live, &stats);
    add_figure(text, "fermata_waiting", "gauge", "Requests that wait for something to happen",
               stats.parked);
    add_figure(text, "fermata_topics", "gauge", "Topics that they wait for", stats.topics);
    add_figure(text, "fermata_published_total", "counter", "Changes made known", stats.published);
}

static void add_http(struct buf *text, const struct http_server *http)
{
    struct http_stats stats;

    http_server_stats(http, &stats);
    add_figure(text, "fermata_connections", "gauge", "Connections open", stats.connections_open);
    add_figure(text, "fermata_connections_total", "counter", "Connections accepted",
               stats.connections_total);
    add_figure(text, "fermata_sockets", "gauge", "WebSockets open", stats.sockets_open);
    add_figure(text, "fermata_sockets_total", "counter", "WebSockets opened", stats.sockets_total);
    add_figure(text, "fermata_requests_open", "gauge", "Requests not answered yet",
               stats.requests_open);
    add_figure(text, "fermata_requests_refused_total", "counter",
               "Requests refused for their form or size", stats.refused_total);
    add_figure(text, "fermata_received_bytes_total", "counter", "Bytes received",
               stats.bytes_received);
    add_figure(text, "fermata_sent_bytes_total", "counter", "Bytes sent", stats.bytes_sent);
}

static int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file) {
        if (fscanf(file, "%*s %ld", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int tell_metrics(struct txn *txn, struct request *request, struct http_reply *reply)
{
    const struct api_config *config = api_config(request->api);

    (void)txn;
    reply_nothing(reply, 200);
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    buf_addf(&reply->body,
             "# HELP fermata_info The version that runs\n# TYPE fermata_info gauge\n"
             "fermata_info{version=\"%s\"} 1\n",
             FERMATA_VERSION);
    add_figure(&reply->body, "process_resident_memory_bytes", "gauge", "Memory in use",
               resident_bytes());
    add_routes(&reply->body, api_metrics(request->api));
    add_store(&reply->body, config->store);
    add_live(&reply->body, config->live);
    add_http(&reply->body, *config->http);
    return HANDLER_DONE;
}

const struct route metrics_routes[] = {
    {.method = HTTP_GET,
     .path = "/metrics",
     .handle = tell_metrics,
     .flags = ROUTE_NO_STORE | ROUTE_ANY_VERSION,
     .summary = "Figures in Prometheus' text format.",
     .status = 200,
     .shape = REPLY_TEXT},
    {.path = NULL},
};
