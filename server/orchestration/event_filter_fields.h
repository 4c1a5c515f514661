/* What a filter of events is made of; see event_filter.h. */
#pragma once

#include "server/resource/field.h"

extern const struct field related_filter_fields[];
extern const struct field any_resource_filter_fields[];
