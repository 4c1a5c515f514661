#include "lib/patience.h"

double patience_with_process(void)
{
    return 30;
}

int patience_with_holder(void)
{
    return 45;
}
