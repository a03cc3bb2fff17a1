#if defined(__x86_64__)
#include "target.h"
TARGET("avx2,fma")

#include <immintrin.h>

#define NAME(x) sslpipe_avx2_##x
#define LANES 8
#define ROWS 6
#define VMAX(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define VMIN(a, b) ((vec)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define VSQRT(a) ((vec)_mm256_sqrt_ps((__m256)(a)))

#include "body.h"
#include "pixels.h"

TARGET_END
#endif
