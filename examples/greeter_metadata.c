/* The same, and tells what else is known of a name: its key, and which run sent it. */
#include <stdio.h>

#include <fermata.h>

static int greeter(struct fm_run *run)
{
    struct fm_receiver *names = fm_receive(run, FM_STRING, .timeout = FM_FOREVER);
    const char *name;
    int r;

    while ((r = fm_next(names, &name)) > 0) {
        const char *sender = fm_input_sender(names);
        printf("Hello, %s!\n", name);
        printf("  key     %s\n", fm_input_key(names));
        printf("  sender  %s\n", sender ? sender : "none");
    }
    return r;
}
FM_FLOW(greeter);

int main(void)
{
    return fm_run_flow(&greeter_flow);
}
