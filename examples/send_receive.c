/*
 * Two flows that talk while they run. In one terminal:   send_receive greeter
 * and in another:                                        send_receive sender
 */
#include <stdio.h>
#include <string.h>

#include <fermata.h>

#define EXIT_SIGNAL "__EXIT__"

/* Greets everybody whose name it is sent, each once, even if it has to start anew in between. */
static int greeter(struct fm_run *run)
{
    struct fm_receiver *names =
        fm_receive(run, FM_STRING, .timeout = FM_FOREVER, .cursor = "names");
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

/* Sends the names that are typed here, and shows what comes back. */
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

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "greeter") == 0)
        return fm_serve(FM_DEPLOYMENT(&greeter_flow, .name = "send-receive"));
    if (argc == 2 && strcmp(argv[1], "sender") == 0)
        return fm_run_flow(&sender_flow);
    fprintf(stderr, "usage: %s greeter|sender\n", argv[0]);
    return 2;
}
