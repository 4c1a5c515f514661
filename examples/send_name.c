/* Sends a name to a run of another program:   send_name FLOW-RUN-ID NAME */
#include <stdio.h>

#include <fermata.h>

struct letter {
    const char *to;
    const char *name;
};

static const struct fm_field letter_fields[] = {
    FM_FIELD(struct letter, to, .format = "uuid"),
    FM_FIELD(struct letter, name),
    FM_END,
};
FM_MODEL(Letter, struct letter, letter_fields);

static int send_name(struct fm_run *run, const struct letter *letter)
{
    return fm_send(run, letter->to, FM_STRING, letter->name);
}
FM_FLOW_WITH(send_name, Letter);

int main(int argc, char **argv)
{
    if (argc == 3)
        return fm_run_flow(&send_name_flow, .parameters = &(struct letter){argv[1], argv[2]});
    fprintf(stderr, "usage: %s FLOW-RUN-ID NAME\n", argv[0]);
    return 2;
}
