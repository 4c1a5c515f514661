/*
 * A release that waits for a person.
 *
 * The flow looks at what would be released, writes a report in Markdown, and pauses until somebody
 * has decided how to go on. What that person may say is the struct below; that everything goes to
 * all users at once only with a reason is a rule of the flow's own.
 */
#include <string.h>
#include <unistd.h>

#include <fermata.h>

struct decision {
    const char *version;
    const char *target;
    int64_t percent;
    bool notify;
    const char *reason;
};

static const struct fm_field decision_fields[] = {
    FM_FIELD(struct decision, version, .title = "Version to release",
             .description = "As the tag in the repository, such as 2.4.0.",
             .pattern = "^[0-9]+\\.[0-9]+\\.[0-9]+$", .max_length = 20),
    FM_FIELD(struct decision, target, .title = "Where to",
             .description = "Staging is reset every night.",
             .choices = FM_CHOICES("staging", "production"),
             .default_value = FM_VALUE("production")),
    FM_FIELD(struct decision, percent, .title = "Share of users",
             .description = "In percent, to begin with.", .minimum = FM_VALUE(1),
             .maximum = FM_VALUE(100), .default_value = FM_VALUE(10)),
    FM_FIELD(struct decision, notify, .title = "Tell the users",
             .description = "Sends the release notes by mail.", .default_value = FM_VALUE(true)),
    FM_FIELD(struct decision, reason, .title = "Reason",
             .description = "Needed if all users of production get it at once.",
             .default_value = FM_VALUE("")),
    FM_END,
};

static void check_decision(const void *value, struct fm_problems *problems)
{
    const struct decision *decision = value;
    bool everyone = decision->percent == 100 && strcmp(decision->target, "production") == 0;

    if (everyone && !*decision->reason)
        fm_problem(problems, "reason", "say why all users should get it at once");
}
FM_MODEL(Decision, struct decision, decision_fields, .check = check_decision);

struct check {
    const char *name;
    const char *result;
};

static const char *examine(struct fm_run *run)
{
    static const struct check checks[] = {
        {"unit tests", "1,482 passed"},
        {"load test", "p99 38 ms, was 41 ms"},
        {"licences", "nothing new"},
    };
    const char *report = "| check | result |\n|---|---|\n";

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        fm_info(run, "%s: %s", checks[i].name, checks[i].result);
        report = fm_format(run, "%s| %s | %s |\n", report, checks[i].name, checks[i].result);
    }
    return report;
}

static int decide(struct fm_run *run, const char *report, struct decision *decision)
{
    const char *problem = "";
    int r;

    for (;;) {
        r = fm_pause(run, &Decision, decision, .timeout = 3600,
                     .initial = FM_INITIAL(FM_SET(version, "2.4.0")),
                     .description = fm_format(run,
                                              "# Release 2.4.0 is ready\n\n%s"
                                              "All checks are **green**:\n\n%s\n"
                                              "How shall it go out?\n",
                                              problem, report));
        if (r != FM_INVALID)
            return r;
        fm_warning(run, "That cannot be done: %s", fm_error(run)->message);
        problem = fm_format(run, "> That cannot be done: **%s**\n\n", fm_error(run)->message);
    }
}

static int roll_out(struct fm_run *run, const struct decision *decision)
{
    int64_t share = decision->percent < 10 ? decision->percent : 10;

    for (;;) {
        fm_info(run, "%s is on %s for %lld %% of the users", decision->version, decision->target,
                (long long)share);
        if (share == decision->percent)
            break;
        sleep(1);
        share = share * 3 < decision->percent ? share * 3 : decision->percent;
    }
    if (decision->notify)
        fm_info(run, "Release notes are on their way");
    return 0;
}

static int release(struct fm_run *run)
{
    struct decision decision;

    fm_info(run, "Looking at what is to be released");
    const char *report = examine(run);
    int r = report ? decide(run, report, &decision) : FM_NO_MEMORY;
    if (r < 0)
        return r;
    if (*decision.reason)
        fm_info(run, "Reason given: %s", decision.reason);
    return roll_out(run, &decision);
}
FM_FLOW(release);

int main(void)
{
    return fm_run_flow(&release_flow);
}
