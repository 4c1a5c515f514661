/* The values of a tree; see node.h. */
#include <string.h>

#include "server/templates/node.h"
#include "json/text.h"

static const struct value *evaluate_name(struct render *render, const struct value *name)
{
    json_t *json = json_object_getn(render->names, name->string.text, name->string.length);

    if (json)
        return value_from_json(render, json);
    return value_undefined(render, "'%.*s' is undefined", (int)name->string.length,
                           name->string.text);
}

static const struct value *evaluate_sequence(struct render *render, const struct node *node)
{
    struct value *list =
        value_sequence(render, node->type == NODE_LIST ? VALUE_LIST : VALUE_TUPLE, node->count);

    for (size_t i = 0; list && i < node->count; i++) {
        list->list.items[i] = evaluate(render, node->items[i]);
        if (!list->list.items[i])
            return NULL;
    }
    return list;
}

/* Of equal keys, the first one stays, with the last value. */
static bool put(struct render *render, struct value *dict, const struct value *key,
                const struct value *value)
{
    const struct value **items = dict->list.items;
    int same = 0;
    size_t i;

    if (!value_is_hashable(key)) {
        render_fail(render, "TypeError", "unhashable type: '%s'", value_type_name(key));
        return false;
    }
    for (i = 0; i < dict->list.count; i++)
        if ((same = value_same(render, items[2 * i], key)) != 0)
            break;
    if (same < 0)
        return false;
    if (same == 0) {
        items[2 * i] = key;
        dict->list.count++;
    }
    items[2 * i + 1] = value;
    return true;
}

static const struct value *evaluate_dict(struct render *render, const struct node *node)
{
    struct value *dict = value_sequence(render, VALUE_DICT, node->count / 2);

    if (!dict)
        return NULL;
    dict->list.count = 0;
    for (size_t i = 0; i < node->count; i += 2) {
        const struct value *key = evaluate(render, node->items[i]);
        const struct value *value = key ? evaluate(render, node->items[i + 1]) : NULL;
        if (!value || !put(render, dict, key, value))
            return NULL;
    }
    return dict;
}

static const struct value *evaluate_choice(struct render *render, const struct node *node)
{
    const struct value *left = evaluate(render, node->items[0]);

    if (!left || value_truth(left) == (node->type == NODE_OR))
        return left;
    return evaluate(render, node->items[1]);
}

static const struct value *evaluate_condition(struct render *render, const struct node *node)
{
    const struct value *condition = evaluate(render, node->items[0]);

    if (!condition)
        return NULL;
    if (value_truth(condition))
        return evaluate(render, node->items[1]);
    if (node->items[2])
        return evaluate(render, node->items[2]);
    return value_undefined(render, "the inline if-expression evaluated to false and no else "
                                   "section was defined.");
}

static const struct value *evaluate_compare(struct render *render, const struct node *node)
{
    const struct value *left = evaluate(render, node->items[0]);

    for (size_t i = 1; left && i < node->count; i++) {
        const struct value *right = evaluate(render, node->items[i]);
        int truth = right ? compare_values(render, node->compares[i - 1], left, right) : -1;
        if (truth <= 0)
            return truth < 0 ? NULL : &value_false;
        left = right;
    }
    return left ? &value_true : NULL;
}

static const struct value *evaluate_concat(struct render *render, const struct node *node)
{
    const struct value **items = render_alloc(render, node->count * sizeof(*items) + 1);

    for (size_t i = 0; items && i < node->count; i++)
        if (!(items[i] = evaluate(render, node->items[i])))
            return NULL;
    return items ? concat(render, items, node->count) : NULL;
}

static const struct value *evaluate_slice(struct render *render, const struct value *value,
                                          const struct node *slice)
{
    const struct value *bounds[3] = {NULL};

    for (size_t i = 0; i < 3; i++)
        if (slice->items[i] && !(bounds[i] = evaluate(render, slice->items[i])))
            return NULL;
    return get_slice(render, value, bounds);
}

static const struct value *evaluate_subscript(struct render *render, const struct node *node)
{
    const struct value *value = evaluate(render, node->items[0]);

    if (!value)
        return NULL;
    if (node->items[1]->type == NODE_SLICE)
        return evaluate_slice(render, value, node->items[1]);
    const struct value *key = evaluate(render, node->items[1]);
    return key ? get_item(render, value, key) : NULL;
}

static const struct value *evaluate_filter(struct render *render, const struct node *node)
{
    const struct value *arguments[FILTER_ARGUMENTS] = {NULL};
    const struct value *value = evaluate(render, node->items[0]);

    if (!value)
        return NULL;
    for (size_t i = 0; i < FILTER_ARGUMENTS; i++)
        if (node->items[i + 1] && !(arguments[i] = evaluate(render, node->items[i + 1])))
            return NULL;
    return node->filter->function(render, value, arguments);
}

static const struct value *evaluate_test(struct render *render, const struct node *node)
{
    const struct value *value = evaluate(render, node->items[0]), *argument = NULL;

    if (!value || (node->items[1] && !(argument = evaluate(render, node->items[1]))))
        return NULL;
    int truth = node->test->function(render, value, argument);
    return truth < 0 ? NULL : value_bool(truth);
}

static const struct value *evaluate_unary(struct render *render, const struct node *node)
{
    const struct value *value = evaluate(render, node->items[0]);

    if (!value)
        return NULL;
    if (node->type == NODE_NOT)
        return value_bool(!value_truth(value));
    return negate(render, value, node->type == NODE_MINUS);
}

static const struct value *evaluate_binary(struct render *render, const struct node *node)
{
    const struct value *a = evaluate(render, node->items[0]);
    const struct value *b = a ? evaluate(render, node->items[1]) : NULL;

    return b ? operate(render, node->op, a, b) : NULL;
}

static const struct value *evaluate_attribute(struct render *render, const struct node *node)
{
    const struct value *value = evaluate(render, node->items[0]);

    return value ? get_attribute(render, value, node->value) : NULL;
}

const struct value *evaluate(struct render *render, const struct node *node)
{
    if (!render_steps(render, 1))
        return NULL;
    switch (node->type) {
    case NODE_LITERAL:
        return node->value;
    case NODE_NAME:
        return evaluate_name(render, node->value);
    case NODE_LIST:
    case NODE_TUPLE:
        return evaluate_sequence(render, node);
    case NODE_DICT:
        return evaluate_dict(render, node);
    case NODE_AND:
    case NODE_OR:
        return evaluate_choice(render, node);
    case NODE_NOT:
    case NODE_MINUS:
    case NODE_PLUS:
        return evaluate_unary(render, node);
    case NODE_BINARY:
        return evaluate_binary(render, node);
    case NODE_CONCAT:
        return evaluate_concat(render, node);
    case NODE_COMPARE:
        return evaluate_compare(render, node);
    case NODE_CONDITION:
        return evaluate_condition(render, node);
    case NODE_ATTRIBUTE:
        return evaluate_attribute(render, node);
    case NODE_SUBSCRIPT:
        return evaluate_subscript(render, node);
    case NODE_FILTER:
        return evaluate_filter(render, node);
    case NODE_TEST:
        return evaluate_test(render, node);
    case NODE_SLICE:
        return render_fail(render, "TypeError", "a slice stands alone in its brackets");
    }
    BUG("a node of no type");
}
