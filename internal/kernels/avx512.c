#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,fma,prefer-vector-width=512")

#define NAME(x) sslpipe_avx512_##x
#define LANES 16
#define ROWS 12
#define VMAX(a, b) ((vec)__builtin_ia32_maxps512_mask(a, b, (vec){}, (unsigned short)-1, 4))
#define VMIN(a, b) ((vec)__builtin_ia32_minps512_mask(a, b, (vec){}, (unsigned short)-1, 4))

#include "body.h"
#include "pixels.h"
#endif
