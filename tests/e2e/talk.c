/* Flows that talk to flows in Python, see test_python.py: talk greeter | doubler | sender ID |
 * mover ID. */
#include <stdio.h>
#include <string.h>

#include <fermata.h>

struct point {
    double x, y;
    const char *label;
};
static const struct fm_field point_fields[] = {
    FM_FIELD(struct point, x),
    FM_FIELD(struct point, y),
    FM_FIELD(struct point, label, .optional = true),
    FM_END,
};
/* In Python a BaseModel, whose class goes by another name, and a RunInput. */
FM_MODEL(Point, struct point, point_fields, .sent_as = "PointRunInput");
FM_MODEL(Place, struct point, point_fields);

/* Receives names until "__EXIT__", and greets each sender. */
static int greeter(struct fm_run *run)
{
    struct fm_receiver *names = fm_receive(run, FM_STRING, .timeout = 30, .poll_interval = 0.1);
    const char *name;
    int r = names ? 0 : fm_error(run)->code;

    while (r == 0 && (r = fm_next(names, &name)) > 0) {
        if (strcmp(name, "__EXIT__") == 0)
            return 0;
        r = fm_respond(names, FM_STRING, fm_format(run, "Hello, %s!", name));
    }
    return r == 0 ? fm_fail(run, "nobody wrote") : r;
}
FM_FLOW(greeter);

/* Receives one list of numbers and one point, and sends each back doubled. */
static int doubler(struct fm_run *run)
{
    struct fm_receiver *lists = fm_receive(run, FM_INTEGERS, .timeout = 30, .poll_interval = 0.1);
    struct fm_receiver *points = fm_receive(run, &Place, .timeout = 30, .poll_interval = 0.1);
    fm_integers list;
    struct point point;

    if (!lists || !points)
        return fm_error(run)->code;
    if (fm_next(lists, &list) != 1 || fm_next(points, &point) != 1)
        return fm_fail(run, "no list or no point came: %s", fm_error(run)->message);
    for (size_t i = 0; i < list.count; i++)
        list.items[i] *= 2;
    point.x *= 2;
    point.y *= 2;
    int r = fm_respond(lists, FM_INTEGERS, &list);
    return r == 0 ? fm_respond(points, &Place, &point) : r;
}
FM_FLOW(doubler);

struct partner {
    const char *id; /* of a flow run */
};
static const struct fm_field partner_fields[] = {
    FM_FIELD(struct partner, id, .format = "uuid"),
    FM_END,
};
FM_MODEL(Partner, struct partner, partner_fields);

/* Sends two names to a greeter in Python, and logs what comes back. */
static int sender(struct fm_run *run, const struct partner *partner)
{
    static const char *const names[] = {"andrew", "Zoë \"Z\""};
    struct fm_receiver *greetings = fm_receive(run, FM_STRING, .timeout = 30, .poll_interval = 0.1);
    const char *greeting;

    for (size_t i = 0; i < 2 && greetings; i++) {
        if (fm_send(run, partner->id, FM_STRING, names[i]) < 0 ||
            fm_next(greetings, &greeting) != 1)
            return fm_fail(run, "no greeting came: %s", fm_error(run)->message);
        fm_info(run, "%s", greeting);
    }
    return fm_send(run, partner->id, FM_STRING, "__EXIT__");
}
FM_FLOW_WITH(sender, Partner);

/* Sends a point to a flow in Python, and logs the one that comes back. */
static int mover(struct fm_run *run, const struct partner *partner)
{
    struct fm_receiver *points = fm_receive(run, &Place, .timeout = 30, .poll_interval = 0.1);
    struct point point = {.x = 0.1, .y = -3};

    if (!points || fm_send(run, partner->id, &Point, &point) < 0 || fm_next(points, &point) != 1)
        return fm_fail(run, "no point came: %s", fm_error(run)->message);
    fm_info(run, "%s is at %g, %g", point.label, point.x, point.y);
    return 0;
}
FM_FLOW_WITH(mover, Partner);

/* Asks a flow in Python two questions, and logs what it says to each. */
static int asker(struct fm_run *run, const struct partner *partner)
{
    static const char *const questions[] = {"Will it rain?", "And snow?"};
    const char *answer;

    for (size_t i = 0; i < 2; i++) {
        if (fm_ask(run, partner->id, FM_STRING, questions[i], FM_STRING, &answer, .timeout = 30,
                   .poll_interval = 0.1) != 1)
            return fm_fail(run, "no answer came: %s", fm_error(run)->message);
        fm_info(run, "%s", answer);
    }
    return 0;
}
FM_FLOW_WITH(asker, Partner);

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const struct fm_flow *flow;
        int arguments;
    } flows[] = {
        {"greeter", &greeter_flow, 0}, {"doubler", &doubler_flow, 0}, {"sender", &sender_flow, 1},
        {"mover", &mover_flow, 1},     {"asker", &asker_flow, 1},
    };
    struct partner partner = {.id = argc == 3 ? argv[2] : NULL};

    for (size_t i = 0; argc > 1 && i < sizeof(flows) / sizeof(flows[0]); i++) {
        if (strcmp(flows[i].name, argv[1]) == 0 && argc == flows[i].arguments + 2)
            return fm_run_flow(flows[i].flow, .parameters = partner.id ? &partner : NULL);
    }
    fprintf(stderr, "usage: %s greeter|doubler|sender ID|mover ID|asker ID\n", argv[0]);
    return 2;
}
