// Files that travel inside the binary: migrations, the OpenAPI documents, web files.
#pragma once
#include <stddef.h>

typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t length;
} kassets_file;

/// The files, ended by one whose name is null.
const kassets_file *kassets_files(void);

/// The commit that this is built from; null where nobody said.
const char *kassets_build(void);
