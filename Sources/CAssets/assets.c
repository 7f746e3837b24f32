#include "assets.h"

static const kassets_file files[] = {
    {0, 0, 0},
};

const kassets_file *kassets_files(void) { return files; }
