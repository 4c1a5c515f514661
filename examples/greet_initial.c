/* Asks with a name that is filled in already: whoever answers may leave it at that. */
#include <string.h>

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
    int r = fm_pause(run, &User, &user, .initial = FM_INITIAL(FM_SET(name, "anonymous")));
    if (r < 0)
        return r;
    if (strcmp(user.name, "anonymous") == 0)
        fm_info(run, "Hello, stranger!");
    else
        fm_info(run, "Hello, %s!", user.name);
    return 0;
}
FM_FLOW(greet_user);

int main(void)
{
    return fm_run_flow(&greet_user_flow);
}
