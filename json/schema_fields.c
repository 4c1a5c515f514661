/* placeholder until written */
#include "json/schema_internal.h"
int schema_tell_fields(struct schema_errors *errors, struct error *error)
{
    (void)errors, (void)error;
    return 0;
}
