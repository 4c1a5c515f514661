/* Asks for a struct: the form has a field for each of its members. */
#include <fermata.h>

struct user {
    const char *name;
    int64_t age;
};

static const struct fm_field user_fields[] = {
    FM_FIELD(struct user, name),
    FM_FIELD(struct user, age),
    FM_END,
};
FM_MODEL(User, struct user, user_fields);

static int greet_user(struct fm_run *run)
{
    struct user user;
    int r = fm_pause(run, &User, &user);
    if (r < 0)
        return r;
    fm_info(run, "Hello, %s!", user.name);
    return 0;
}
FM_FLOW(greet_user);

int main(void)
{
    return fm_run_flow(&greet_user_flow);
}
