/* Going on through the absence of a server; see patience.h. */
#include "cli/patience.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "common/times.h"

#define FIRST_PAUSE    (SECOND / 4)
#define GREATEST_PAUSE (4 * SECOND)
#define POLL_PAUSE     SECOND

static void say(const char *text)
{
    fprintf(stderr, "%s\n", text);
}

static void tell(const struct cli *cli, struct patience *patience, bool away)
{
    if (patience->away == away)
        return;
    patience->away = away;
    if (patience->tell)
        patience->tell(patience->context, away);
    else if (!cli->quiet)
        say(away ? "The server is away; waiting for it." : "The server is back.");
}

/* What a gateway says whose server is away is the same as no answer. */
static bool is_away(int r, const struct api_reply *reply, const struct error *error)
{
    return r < 0 ? error->code == EHOSTUNREACH : reply->status >= 502 && reply->status <= 504;
}

static void sleep_for(int64_t microseconds)
{
    struct timespec time = {.tv_sec = microseconds / SECOND,
                            .tv_nsec = microseconds % SECOND * 1000};

    nanosleep(&time, NULL);
}

void patience_pause(const struct patience *patience)
{
    int64_t left = patience->until ? patience->until - time_monotonic() : POLL_PAUSE;

    sleep_for(left < 0 ? 0 : left < POLL_PAUSE ? left : POLL_PAUSE);
}

int api_request_patiently(struct cli *cli, struct patience *patience, const char *method,
                          const char *path, const json_t *body, const struct fm_call *options,
                          struct api_reply *ret_reply, struct error *error)
{
    struct fm_call once = options ? *options : (struct fm_call){0};
    int64_t pause = FIRST_PAUSE;

    once.retries = -1;
    for (int tries = 1;; tries++) {
        int r = api_request(cli->client, method, path, body, &once, ret_reply, error);
        if (!is_away(r, ret_reply, error)) {
            patience->reached = patience->reached || r == 0;
            tell(cli, patience, false);
            return r;
        }
        if (!patience->reached)
            return r;
        if (patience->until && time_monotonic() >= patience->until)
            return r;
        if (r == 0)
            api_reply_release(ret_reply);
        if (tries > 1) /* one connection that breaks is no news */
            tell(cli, patience, true);
        once.wait = 0; /* so that it is told at once when it is back */
        sleep_for(pause);
        pause = pause * 2 < GREATEST_PAUSE ? pause * 2 : GREATEST_PAUSE;
    }
}

int api_get_patiently(struct cli *cli, struct patience *patience, const char *path,
                      struct api_reply *ret_reply, struct error *error)
{
    if (api_request_patiently(cli, patience, "GET", path, NULL, NULL, ret_reply, error) < 0)
        return -1;
    return api_check(ret_reply, error);
}
