#if defined(__x86_64__)
#pragma GCC target("avx2,fma")

#define NAME(x) sslpipe_avx2_##x
#define LANES 8
#define ROWS 6
#define VMAX(a, b) ((vec)__builtin_ia32_maxps256(a, b))
#define VMIN(a, b) ((vec)__builtin_ia32_minps256(a, b))

#include "body.h"
#include "pixels.h"
#endif
