/* Greets whoever is sent as a GreeterInput, and nobody who is sent as a plain string. */
#include <stdio.h>

#include <fermata.h>

struct greeter_input {
    const char *value;
};

static const struct fm_field greeter_input_fields[] = {
    FM_FIELD(struct greeter_input, value),
    FM_END,
};
FM_MODEL(GreeterInput, struct greeter_input, greeter_input_fields);

static int greeter(struct fm_run *run)
{
    struct fm_receiver *inputs = fm_receive(run, &GreeterInput, .timeout = FM_FOREVER);
    struct greeter_input input;
    int r;

    while ((r = fm_next(inputs, &input)) > 0)
        printf("Hello, %s!\n", input.value);
    return r;
}
FM_FLOW(greeter);

int main(void)
{
    return fm_run_flow(&greeter_flow);
}
