/* Greets everybody whose name it is sent, here in the terminal. send_name.c sends one. */
#include <stdio.h>

#include <fermata.h>

static int greeter(struct fm_run *run)
{
    struct fm_receiver *names = fm_receive(run, FM_STRING, .timeout = FM_FOREVER);
    const char *name;
    int r;

    while ((r = fm_next(names, &name)) > 0)
        printf("Hello, %s!\n", name);
    return r;
}
FM_FLOW(greeter);

int main(void)
{
    return fm_run_flow(&greeter_flow);
}
