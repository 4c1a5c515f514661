/*
 * Two flows that talk while they run. In one terminal:   send_receive greeter
 * and in another:                                        send_receive sender
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fermata.h>

#define EXIT_SIGNAL "__EXIT__"

/* Greets everybody whose name it is sent, each once, even if it has to start anew in between. */
static int greeter(struct fm_run *run)
{
    struct fm_receiver *names =
        fm_receive(run, FM_STRING, .timeout = FM_FOREVER, .cursor = "names");
    const char *name;
    int r = names ? 0 : fm_error(run)->code;

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

/* Asks at the terminal; "" at the end of the input and for "q". */
static const char *ask_name(struct fm_run *run)
{
    char line[256];

    for (;;) {
        printf("What is your name? ");
        fflush(stdout);
        if (!fgets(line, sizeof(line), stdin))
            return "";
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "q") == 0 || strcmp(line, "quit") == 0)
            return "";
        if (*line)
            return fm_format(run, "%s", line);
    }
}

static int talk(struct fm_run *run, const char *greeter_id)
{
    struct fm_receiver *greetings = fm_receive(run, FM_STRING, .timeout = FM_FOREVER);
    const char *greeting;
    const char *name;
    int r = 0;

    if (!greetings)
        return fm_error(run)->code;
    while (r >= 0 && *(name = ask_name(run))) {
        r = fm_send(run, greeter_id, FM_STRING, name);
        if (r == 0)
            r = fm_next(greetings, &greeting);
        if (r > 0)
            printf("%s\n", greeting);
    }
    if (r < 0)
        return r;
    printf("Goodbye!\n");
    return fm_send(run, greeter_id, FM_STRING, EXIT_SIGNAL);
}

static int sender(struct fm_run *run)
{
    struct fm_run_info greeter_run;
    int r = fm_run_deployment(run, "greeter/send-receive", &greeter_run);

    if (r == 0)
        r = fm_wait_for_state(run, greeter_run.id, "RUNNING", 60, &greeter_run);
    return r < 0 ? r : talk(run, greeter_run.id);
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
