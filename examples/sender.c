/*
 * Asks for names here in the terminal, has the greeter greet them, and shows what it says. One of
 * the greeters that respond has to be served: greeter_exits, greeter_suspends, greeter_cursor.
 */
#include <stdio.h>
#include <string.h>

#include <fermata.h>

#define EXIT_SIGNAL "__EXIT__"

static int sender(struct fm_run *run)
{
    struct fm_receiver *greetings = fm_receive(run, FM_STRING, .timeout = FM_FOREVER);
    struct fm_run_info greeter;
    const char *name;
    const char *greeting;

    int r = fm_run_deployment(run, "greeter/send-receive", &greeter);
    if (r == 0)
        r = fm_wait_for_state(run, greeter.id, "RUNNING", 60, &greeter);

    while (r >= 0 && (r = fm_prompt(run, "What is your name? ", &name)) > 0) {
        if (!*name)
            continue;
        if (strcmp(name, "q") == 0 || strcmp(name, "quit") == 0)
            break;
        r = fm_send(run, greeter.id, FM_STRING, name);
        if (r == 0)
            r = fm_next(greetings, &greeting);
        if (r > 0)
            printf("%s\n", greeting);
    }
    if (r < 0)
        return r;
    printf("Goodbye!\n");
    return fm_send(run, greeter.id, FM_STRING, EXIT_SIGNAL);
}
FM_FLOW(sender);

int main(void)
{
    return fm_run_flow(&sender_flow);
}
