// Memory that is given back is wiped first. Secrets stand in guarded memory while they live, but on their
// way there they pass through what nobody can wipe by hand: buffers of requests, strings, what libraries
// copy. The program's `free` is everybody's: the linker exports it to every library (GNU C Library manual,
// "Replacing malloc"). Underneath is the C library's own; `malloc` and the others stay as they are.
// Measured in processor time, release build: a page of 1,000 events costs 4 percent more (130 and 135 µs);
// reading a key, listing keys and storing candles differ by less than the noise.
#include "wiping.h"

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A sanitizer brings an allocator of its own.
#if !__has_feature(address_sanitizer)

extern void __libc_free(void *);
extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);

// The word before a block has the length and, in this bit, whether the block is a mapping of its own, which
// is unmapped as a whole: the kernel clears its pages, and writing to them would only cost time.
static int is_mapping(void *block) { return (((size_t *)block)[-1] & 2) != 0; }

static void wipe(void *from, size_t bytes) {
    memset(from, 0, bytes);
    // What was written counts, although nobody reads it.
    __asm__ volatile("" : : "r"(from) : "memory");
}

void free(void *block) {
    if (block != NULL && !is_mapping(block)) wipe(block, malloc_usable_size(block));
    __libc_free(block);
}

void *realloc(void *block, size_t bytes) {
    if (bytes == 0) {
        free(block);
        return block == NULL ? __libc_malloc(0) : NULL;
    }
    if (block == NULL || is_mapping(block)) return __libc_realloc(block, bytes);
    size_t old = malloc_usable_size(block);
    if (bytes <= old) {
        wipe((char *)block + bytes, old - bytes);
        return __libc_realloc(block, bytes);
    }
    void *larger = __libc_malloc(bytes);
    if (larger == NULL) return NULL;
    memcpy(larger, block, old);
    free(block);
    return larger;
}

#endif
