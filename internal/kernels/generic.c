// Vectors of four floats, which every 64-bit processor has.
#define NAME(x) sslpipe_generic_##x
#define LANES 4
#define ROWS 6
#define VMAX(a, b) choose((a) > (b), a, b)
#define VMIN(a, b) choose((a) < (b), a, b)
#define VSQRT(a) roots(a)

#include <stdint.h>

typedef float four __attribute__((vector_size(16)));
typedef int32_t ifour __attribute__((vector_size(16)));

static inline four choose(ifour which, four a, four b) { return (four)((which & (ifour)a) | (~which & (ifour)b)); }

static inline four roots(four a) {
	return (four){__builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]), __builtin_sqrtf(a[2]), __builtin_sqrtf(a[3])};
}

#include "body.h"
#include "pixels.h"
