// What this binary is built from, where whoever builds it has said so (Scripts/run, the Dockerfile): one line.
#include "assets.h"

#if __has_embed("../../Assets/build")
static const char build[] = {
#embed "../../Assets/build" suffix(, 0)
};
const char *kassets_build(void) { return build; }
#else
const char *kassets_build(void) { return 0; }
#endif
