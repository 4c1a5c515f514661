#include "server/services/table.h"

const struct service all_services[] = {
    {"deadlines of pauses", deadlines_next, deadlines_run},
    {.name = NULL},
};
