/* Asks for a list of a built-in type. */
#include <fermata.h>

static int greet_users(struct fm_run *run)
{
    fm_strings users;
    int r = fm_pause(run, FM_STRINGS, &users, .timeout = 600);
    if (r < 0)
        return r;
    for (size_t i = 0; i < users.count; i++)
        fm_info(run, "Hello, %s!", users.items[i]);
    return 0;
}
FM_FLOW(greet_users);

int main(void)
{
    return fm_run_flow(&greet_users_flow);
}
