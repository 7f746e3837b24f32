// zlib. The init calls are macros that pass the version along; each has a static inline twin. No logic.
#pragma once
#include <zlib.h>

static inline int kzlib_deflate_init_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
static inline int kzlib_inflate_init_gzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
