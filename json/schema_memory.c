/* Memory given back in the order of a stack, for what one validation finds. */
#include <stdlib.h>
#include <string.h>

#include "json/schema_internal.h"

#define BLOCK_SIZE ((size_t)32 << 10)
#define CEILING    ((size_t)64 << 20)

struct block {
    struct block *older;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

struct schema_memory {
    struct block *newest;
    size_t size; /* of all blocks */
    json_t *kept;
};

struct schema_memory *schema_memory_new(void)
{
    struct schema_memory *memory = calloc(1, sizeof(*memory));

    if (memory && !(memory->kept = json_array())) {
        free(memory);
        return NULL;
    }
    return memory;
}

void schema_memory_rewind(struct schema_memory *memory, struct schema_mark mark)
{
    while (memory->newest != mark.block) {
        struct block *block = memory->newest;
        memory->newest = block->older;
        memory->size -= block->size;
        free(block);
    }
    if (memory->newest)
        memory->newest->used = mark.used;
}

void schema_memory_free(struct schema_memory *memory)
{
    if (!memory)
        return;
    schema_memory_rewind(memory, (struct schema_mark){0});
    json_decref(memory->kept);
    free(memory);
}

static struct block *add_block(struct schema_memory *memory, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct block *block;

    if (room > CEILING - memory->size || !(block = malloc(sizeof(*block) + room)))
        return NULL;
    memory->size += room;
    block->older = memory->newest;
    block->size = room;
    block->used = 0;
    memory->newest = block;
    return block;
}

void *schema_memory_alloc(struct schema_memory *memory, size_t size)
{
    struct block *block = memory->newest;
    void *result;

    size = (size + 15) & ~(size_t)15;
    if (!block || block->size - block->used < size)
        block = add_block(memory, size);
    if (!block)
        return NULL;
    result = block->data + block->used;
    block->used += size;
    return memset(result, 0, size);
}

struct schema_mark schema_memory_mark(struct schema_memory *memory)
{
    return (struct schema_mark){memory->newest, memory->newest ? memory->newest->used : 0};
}

void schema_memory_keep(struct schema_memory *memory, json_t *value)
{
    json_array_append_new(memory->kept, value);
}
