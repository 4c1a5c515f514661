#include "server/templates/template.h"

#include <errno.h>
#include <string.h>

#include "server/templates/node.h"

static bool is_template(const char *text, size_t length)
{
    return memmem(text, length, "{{", 2) || memmem(text, length, "{%", 2);
}

static void release(struct render *render)
{
    arena_release(&render->arena);
}

int template_render(const char *text, size_t length, const json_t *names,
                    struct template_budget *budget, struct buf *to, struct error *error)
{
    CLEANUP(release) struct render render = {.budget = budget, .error = error, .names = names};

    if (length > TEMPLATE_MAX)
        return error_set(error, EINVAL, "the template is longer than %zu bytes", TEMPLATE_MAX);
    if (memchr(text, '\0', length))
        return error_set(error, EINVAL, "the template has a NUL character");
    if (!render_steps(&render, length / 16))
        return -1;
    struct node *parts = parse_template(&render, text, length);
    if (!parts)
        return -1;
    /* Without an expression the text stays as it is, comments too. */
    if (!is_template(text, length)) {
        buf_add(to, text, length);
    } else {
        for (size_t i = 0; i < parts->count; i++) {
            const struct value *part = evaluate(&render, parts->items[i]);
            const struct value *shown = part ? value_text(&render, part) : NULL;
            if (!shown)
                return -1;
            if (shown->string.length > budget->bytes)
                return error_set(error, EINVAL, "the template needs too much memory");
            budget->bytes -= shown->string.length;
            buf_add(to, shown->string.text, shown->string.length);
        }
    }
    return to->failed ? error_set(error, ENOMEM, "no memory for the template") : 0;
}
