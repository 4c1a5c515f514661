#include "lib/watch.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "lib/look.h"
#include "lib/patience.h"

#define POLL 5.0 /* seconds between two reads, where the server cannot hold one back */

struct watch {
    struct fm_client *client;
    struct look look;
    double wait; /* of one look, in seconds */
    char lease[LEASE_SIZE];
    void (*on_news)(void *context, enum watch_news news);
    void *context;
    pthread_t thread;
};

void lease_write(char ret_lease[static LEASE_SIZE], const char *holder)
{
    snprintf(ret_lease, LEASE_SIZE, "%d; holder=%s", patience_with_holder(), holder);
}

/* True if the run's state is news. */
static bool is_news(const struct fm_run_info *info, enum watch_news *ret_news)
{
    static const struct {
        const char *state;
        enum watch_news news;
    } rows[] = {{"CANCELLING", WATCH_CANCELLED},
                {"CANCELLED", WATCH_CANCELLED},
                {"CRASHED", WATCH_CRASHED}};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].state, info->state_type) == 0) {
            *ret_news = rows[i].news;
            return true;
        }
    }
    return false;
}

/* Until there is news, the run is over or deleted, or the client is interrupted. Whatever else goes
 * wrong may pass. */
static void *keep_looking(void *context)
{
    struct watch *watch = context;
    enum watch_news news = WATCH_LOST;
    struct fm_error error;
    for (;;) {
        int r = look_at_run(watch->client, &watch->look, watch->wait, &error);
        if (r == FM_CONFLICT || (r == 0 && is_news(&watch->look.info, &news))) {
            watch->on_news(watch->context, news);
            break;
        }
        if (r == FM_CANCELLED || r == FM_NOT_FOUND ||
            (r == 0 && run_info_is_final(&watch->look.info)))
            break;
        if (r < 0 && r != FM_UNREACHABLE &&
            client_sleep(watch->client, watch->look.poll_interval) < 0)
            break;
    }
    return NULL;
}

static void destroy(struct watch *watch)
{
    fm_client_destroy(watch->client);
    free(watch);
}

int watch_start(const struct watch_config *config, struct watch **ret_watch, struct fm_error *error)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return fail_without_memory(error);
    watch->on_news = config->on_news;
    watch->context = config->context;
    snprintf(watch->lease, sizeof(watch->lease), "%s", config->lease);
    /* The next look has to come before the lease is over, also after some that failed. */
    watch->wait = patience_with_holder() * 2 / 3.0;
    watch->look = (struct look){
        .poll_interval = fmin(POLL, watch->wait / 4), .lease = watch->lease, .retries = -1};
    snprintf(watch->look.run_id, sizeof(watch->look.run_id), "%s", config->run_id);
    int r = fm_client_create(config->url, &watch->client, error);
    int number = r == 0 ? pthread_create(&watch->thread, NULL, keep_looking, watch) : 0;
    if (number != 0)
        r = fail(error, FM_FAILED, "no thread to watch the flow run: %s", strerror(number));
    if (r < 0) {
        destroy(watch);
        return r;
    }
    *ret_watch = watch;
    return 0;
}

void watch_stop(struct watch *watch)
{
    if (!watch)
        return;
    fm_client_interrupt(watch->client);
    pthread_join(watch->thread, NULL);
    destroy(watch);
}
