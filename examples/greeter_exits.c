/* Sends a greeting back to everybody who sends a name, until it is sent the signal to exit. */
#include <stdio.h>
#include <string.h>

#include <fermata.h>

#define EXIT_SIGNAL "__EXIT__"

static int greeter(struct fm_run *run)
{
    struct fm_receiver *names = fm_receive(run, FM_STRING, .timeout = FM_FOREVER);
    const char *name;
    int r = 0;

    while (r == 0 && (r = fm_next(names, &name)) > 0) {
        if (strcmp(name, EXIT_SIGNAL) == 0) {
            printf("Goodbye!\n");
            return 0;
        }
        r = fm_respond(names, FM_STRING, fm_format(run, "Hello, %s!", name));
    }
    return r;
}
FM_FLOW(greeter);

int main(void)
{
    return fm_serve(FM_DEPLOYMENT(&greeter_flow, .name = "send-receive"));
}
