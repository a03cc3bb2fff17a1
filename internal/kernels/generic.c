// Vectors of four floats, which every 64-bit processor has.
#define NAME(x) sslpipe_generic_##x
#define LANES 4
#define ROWS 6
#define VMAX(a, b) choose((a) > (b), a, b)
#define VMIN(a, b) choose((a) < (b), a, b)

#include <stdint.h>

typedef float four __attribute__((vector_size(16)));
typedef int32_t ifour __attribute__((vector_size(16)));

static inline four choose(ifour which, four a, four b) { return (four)((which & (ifour)a) | (~which & (ifour)b)); }

#include "body.h"
#include "pixels.h"
