/* Asks for a name and an age, and greets. The description is made while the flow runs. */
#include <string.h>
#include <time.h>

#include <fermata.h>

struct user {
    const char *name;
    int64_t age;
};

static const struct fm_field user_fields[] = {
    FM_FIELD(struct user, name, .description = "The name to greet you by."),
    FM_FIELD(struct user, age, .description = "In years.", .minimum = FM_VALUE(0),
             .maximum = FM_VALUE(150)),
    FM_END,
};
FM_MODEL(User, struct user, user_fields);

static const char *describe(struct fm_run *run)
{
    time_t now = time(NULL);
    char today[64];
    struct tm local;

    localtime_r(&now, &local);
    strftime(today, sizeof(today), "%B %d, %Y", &local);
    return fm_format(run,
                     "**Welcome!** Today is %s.\n\n"
                     "Please tell us who you are.\n",
                     today);
}

static int greet_user(struct fm_run *run)
{
    struct user user;
    int r = fm_pause(run, &User, &user, .timeout = 3600, .description = describe(run),
                     .initial = FM_INITIAL(FM_SET(name, "anonymous")));
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
