/*
 * A greeter that leaves when nobody has written to it for half a minute, and goes on in a new
 * process when it is resumed. What it has greeted, it does not greet again.
 *
 *     greeter_suspend                     # serves it
 *     fermata deployment run greeter/suspends
 */
#include <string.h>

#include <fermata.h>

#define EXIT_SIGNAL "__EXIT__"

static int greet_one(struct fm_run *run, struct fm_receiver *names, const char *name)
{
    fm_info(run, "Hello, %s!", name);
    if (!fm_input_sender(names))
        return 0; /* not sent by a flow: there is nobody to respond to */
    return fm_respond(names, FM_STRING, fm_format(run, "Hello, %s!", name));
}

static int greeter(struct fm_run *run)
{
    const char *variable = fm_format(run, "%s-seen-ids", fm_run_id(run));
    fm_strings seen = {.count = 0};
    char key[FM_ID_SIZE];
    const char *name;
    int r = fm_variable_get(run, variable, FM_STRINGS, &seen);

    if (r < 0)
        return r;
    struct fm_receiver *names = fm_receive(run, FM_STRING, .timeout = 30, .exclude_keys = &seen);
    if (!names)
        return fm_error(run)->code;
    while ((r = fm_next(names, &name)) > 0) {
        if (strcmp(name, EXIT_SIGNAL) == 0)
            return 0;
        r = greet_one(run, names, name);
        if (r == 0)
            r = fm_append(run, &seen, fm_input_key(names));
        if (r == 0)
            r = fm_variable_replace(run, variable, FM_STRINGS, &seen);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    fm_info(run, "Suspending greeter after 30 seconds of idle time");
    /* A key of its own: this is no place at which the next process should go on at once. */
    fm_new_id(key);
    return fm_suspend(run, FM_NOTHING, NULL, .timeout = 10000, .key = key);
}
FM_FLOW(greeter);

int main(void)
{
    return fm_serve(FM_DEPLOYMENT(&greeter_flow, .name = "suspends"));
}
