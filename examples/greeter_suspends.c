/*
 * A greeter that leaves when nobody has written to it for half a minute, or for as many seconds as
 * its argument says, and goes on in a new process when it is resumed. It remembers whom it has
 * greeted in a variable; greeter_cursor.c leaves that to the library.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fermata.h>

#define EXIT_SIGNAL "__EXIT__"

static double idle_seconds = 30;

static int remember(struct fm_run *run, const char *variable, fm_strings *seen, const char *key)
{
    int r = fm_append(run, seen, key);

    return r < 0 ? r : fm_variable_replace(run, variable, FM_STRINGS, seen);
}

static int suspend(struct fm_run *run)
{
    char key[FM_ID_SIZE];

    fm_info(run, "Suspending greeter after %g seconds of idle time", idle_seconds);
    /* A key that no pause of this run had before: one that was resumed would not wait again. */
    fm_new_id(key);
    return fm_suspend(run, FM_NOTHING, NULL, .timeout = 10000, .key = key);
}

static int greeter(struct fm_run *run)
{
    char variable[64];
    fm_strings seen = {.count = 0};
    const char *name;

    snprintf(variable, sizeof(variable), "%s-seen-ids", fm_run_id(run));
    int r = fm_variable_get(run, variable, FM_STRINGS, &seen);
    if (r < 0)
        return r;

    struct fm_receiver *names =
        fm_receive(run, FM_STRING, .timeout = idle_seconds, .exclude_keys = &seen);
    while ((r = fm_next(names, &name)) > 0) {
        if (strcmp(name, EXIT_SIGNAL) == 0) {
            printf("Goodbye!\n");
            return 0;
        }
        r = fm_respond(names, FM_STRING, fm_format(run, "Hello, %s!", name));
        if (r == 0)
            r = remember(run, variable, &seen, fm_input_key(names));
        if (r < 0)
            return r;
    }
    return r < 0 ? r : suspend(run);
}
FM_FLOW(greeter);

int main(int argc, char **argv)
{
    if (argc > 1)
        idle_seconds = atof(argv[1]);
    return fm_serve(FM_DEPLOYMENT(&greeter_flow, .name = "send-receive"));
}
