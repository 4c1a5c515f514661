/* An order with a rule that no schema can say: green is not in stock in small. If such an order
 * comes all the same, the run fails; shirt_order.c asks again. */
#include <string.h>

#include <fermata.h>

struct shirt_order {
    const char *size;
    const char *color;
};

static const struct fm_field shirt_order_fields[] = {
    FM_FIELD(struct shirt_order, size, .choices = FM_CHOICES("small", "medium", "large", "xlarge")),
    FM_FIELD(struct shirt_order, color, .choices = FM_CHOICES("red", "green", "black")),
    FM_END,
};

static void check_stock(const void *value, struct fm_problems *problems)
{
    const struct shirt_order *order = value;

    if (strcmp(order->color, "green") == 0 && strcmp(order->size, "small") == 0)
        fm_problem(problems, "color", "green is only in stock in medium, large and xlarge");
}
FM_MODEL(ShirtOrder, struct shirt_order, shirt_order_fields, .check = check_stock);

static int get_shirt_order(struct fm_run *run)
{
    struct shirt_order order;
    int r = fm_pause(run, &ShirtOrder, &order);
    if (r < 0)
        return r;
    fm_info(run, "One %s shirt in %s is on its way.", order.color, order.size);
    return 0;
}
FM_FLOW(get_shirt_order);

int main(void)
{
    return fm_run_flow(&get_shirt_order_flow);
}
