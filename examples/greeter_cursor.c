/*
 * A greeter that leaves when nobody has written to it for half a minute, or for as many seconds as
 * its argument says, and goes on in a new process when it is resumed. Its cursor sees to it that
 * nobody is greeted twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fermata.h>

#define EXIT_SIGNAL "__EXIT__"

static double idle_seconds = 30;

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
    struct fm_receiver *names =
        fm_receive(run, FM_STRING, .timeout = idle_seconds, .cursor = "names");
    const char *name;
    int r = 0;

    while (r == 0 && (r = fm_next(names, &name)) > 0) {
        if (strcmp(name, EXIT_SIGNAL) == 0) {
            printf("Goodbye!\n");
            return 0;
        }
        r = fm_respond(names, FM_STRING, fm_format(run, "Hello, %s!", name));
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
