/* Prints the rules of transitions, one a line with tabs between: which run's, the rule's name, from
 * and to which states, the verdict, "always" where it holds for forced states too, "if" where it
 * has a condition of its own, and the reason that is given. For test_docs.py. */
#include <stdio.h>

#include "server/orchestration/rules.h"

static const char *const verdicts[] = {
    [VERDICT_GO_ON] = "goes on",          [VERDICT_ACCEPT] = "ACCEPT", [VERDICT_KEEP] = "REJECT",
    [VERDICT_REPLACE] = "REJECT, enters", [VERDICT_ABORT] = "ABORT",   [VERDICT_WAIT] = "WAIT",
};

static const char *name_of(int type)
{
    return type == STATE_NONE ? "none" : state_type_names[type];
}

static void print_states(const char *before, unsigned states)
{
    printf("%s", before);
    before = "";
    for (int type = 0; type <= STATE_NONE; type++) {
        if (!(states & STATE_BIT(type)))
            continue;
        printf("%s%s", before, name_of(type));
        before = ", ";
    }
}

static void print_set(unsigned states)
{
    unsigned others = STATES_ANY & ~states;

    if (!others)
        printf("any");
    else if (states == STATES_TERMINAL)
        printf("ended");
    else if (others == STATES_TERMINAL)
        printf("not ended");
    else if (!(others & (others - 1)))
        print_states("any but ", others);
    else if ((states & STATES_TERMINAL) == STATES_TERMINAL)
        print_states("ended, ", states & ~STATES_TERMINAL);
    else
        print_states("", states);
}

static void print_rules(const char *whose, const struct rule *rules)
{
    for (const struct rule *rule = rules; rule->name; rule++) {
        printf("%s\t%s\t", whose, rule->name);
        print_set(rule->from);
        printf("\t");
        print_set(rule->to);
        printf("\t%s\t%s\t%s\t%s\n", verdicts[rule->verdict], rule->always ? "always" : "",
               rule->applies ? "if" : "", rule->reason ? rule->reason : "");
    }
}

int main(void)
{
    print_rules("flow", flow_run_rules);
    print_rules("task", task_run_rules);
    return 0;
}
