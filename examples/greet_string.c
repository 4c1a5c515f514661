/* Asks for a built-in type: the form has one field, "value". */
#include <fermata.h>

static int greet_user(struct fm_run *run)
{
    const char *user;
    int r = fm_pause(run, FM_STRING, &user);
    if (r < 0)
        return r;
    fm_info(run, "Hello, %s!", user);
    return 0;
}
FM_FLOW(greet_user);

int main(void)
{
    return fm_run_flow(&greet_user_flow);
}
