#if defined(__x86_64__)
#include "target.h"
TARGET("avx512f,avx512vl,avx512dq,avx512bw,fma")

#include <immintrin.h>

#define NAME(x) sslpipe_avx512_##x
#define LANES 16
#define ROWS 12
#define VMAX(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define VMIN(a, b) ((vec)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define VSQRT(a) ((vec)_mm512_sqrt_ps((__m512)(a)))

#include "body.h"
#include "pixels.h"

TARGET_END
#endif
