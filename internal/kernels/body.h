// The layers of kernels.h for one set of instructions. A file that includes this
// one defines, beforehand,
//
//	NAME(x)    the name of x for these instructions
//	LANES      floats in a vector
//	ROWS       rows of a block of the matrix product, which has 2*LANES columns
//	VMAX, VMIN of two vectors; of NaN and a number they give the second operand
//	VSQRT      of a vector
//
// Maps are matrices of pixels by channels. Work is cut into chunks of pixels, and
// these into tiles that fit the second-level cache: a tile is normalised, multiplied
// and summed up while it is there.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "parallel.h"
#include "transformer.h"

typedef float vec __attribute__((vector_size(4 * LANES)));
// A vector anywhere in memory.
typedef float vecmem __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

#define LOAD(p) ((vec)(*(const vecmem *)(p)))
#define STORE(p, v) (*(vecmem *)(p) = (vecmem)(v))
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

enum { COLUMNS = 2 * LANES, ALIGN = 16, TAPS = 9 };

INLINE vec splat(float x) { return x - (vec){}; }
INLINE size_t roundup(size_t n, size_t to) { return (n + to - 1) / to * to; }
INLINE int least(int a, int b) { return a < b ? a : b; }
INLINE int most(int a, int b) { return a > b ? a : b; }

// Arrays out of the scratch memory, each at the start of a cache line. With a NULL
// base it only counts.
typedef struct {
	float *base;
	size_t used, peak;
} arena;

static float *take(arena *a, size_t floats) {
	float *p = a->base == NULL ? NULL : a->base + a->used;
	a->used += roundup(floats, ALIGN);
	if (a->used > a->peak) a->peak = a->used;
	return p;
}

// ---- Matrix products ----

// block adds up c[r][0..width) over k of a[r*ra + i*ka] * b[i*ldb ...], for rows rows
// (a constant), where width is vectors (a constant) vectors.
INLINE void block(const int rows, const int vectors, const int add, int k, const float *a, size_t ra, size_t ka,
		const float *b, size_t ldb, float *c, size_t ldc) {
	vec sum[ROWS][2];
	UNROLL
	for (int r = 0; r < rows; r++) {
		UNROLL
		for (int v = 0; v < vectors; v++) sum[r][v] = add ? LOAD(c + r * ldc + v * LANES) : (vec){};
	}
	for (int i = 0; i < k; i++) {
		vec right[2];
		UNROLL
		for (int v = 0; v < vectors; v++) right[v] = LOAD(b + i * ldb + v * LANES);
		UNROLL
		for (int r = 0; r < rows; r++) {
			vec left = splat(a[r * ra + i * ka]);
			UNROLL
			for (int v = 0; v < vectors; v++) sum[r][v] += left * right[v];
		}
	}
	UNROLL
	for (int r = 0; r < rows; r++) {
		UNROLL
		for (int v = 0; v < vectors; v++) STORE(c + r * ldc + v * LANES, sum[r][v]);
	}
}

// Panels of a right-hand matrix [k, n]: COLUMNS wide, the last one LANES if that is
// enough, filled up with zeros.
static size_t packed(int k, int n) { return (size_t)k * roundup(n, LANES); }

// pack_panel packs columns of b, the first count of which are there.
INLINE void pack_panel(const int width, int count, int k, const float *b, size_t rowstride, size_t columnstride, float *out) {
	if (columnstride == 1 && count >= width) {
		for (int i = 0; i < k; i++) {
			UNROLL
			for (int j = 0; j < width; j += LANES) STORE(out + i * width + j, LOAD(b + i * rowstride + j));
		}
		return;
	}
	// Some rows at a time: where these are the columns of what is read, it is read along them.
	for (int from = 0; from < k; from += ALIGN) {
		int to = least(k, from + ALIGN);
		for (int j = 0; j < width; j++) {
			for (int i = from; i < to; i++) out[i * width + j] = j < count ? b[i * rowstride + j * columnstride] : 0;
		}
	}
}

static void pack(int k, int n, const float *b, size_t rowstride, size_t columnstride, float *out) {
	for (int left = 0; left < n; left += COLUMNS) {
		int count = n - left;
		if (count > LANES) pack_panel(COLUMNS, count, k, b + left * columnstride, rowstride, columnstride, out);
		else pack_panel(LANES, count, k, b + left * columnstride, rowstride, columnstride, out);
		out += (size_t)k * (count > LANES ? COLUMNS : LANES);
	}
}

// Memory that will be read soon. While a product is computed, memory would have nothing to do.
typedef struct { const char *from[2]; size_t bytes[2]; } ahead;

// advance asks for the next part of what is ahead, one of so many.
INLINE void advance(ahead *a, int parts) {
	UNROLL
	for (int i = 0; i < 2; i++) {
		size_t some = roundup((a->bytes[i] + parts - 1) / parts, 64);
		if (some > a->bytes[i]) some = a->bytes[i];
		for (size_t at = 0; at < some; at += 64) __builtin_prefetch(a->from[i] + at, 0, 2);
		a->from[i] += some;
		a->bytes[i] -= some;
	}
}

// multiply computes c [rows, n] = a [rows, k] times a packed matrix. The rows of a are read, and
// those of c written, up to the next multiple of ROWS, and columns of c to that of LANES.
static void multiply(int rows, int k, int n, const float *a, size_t lda, const float *b, float *c, size_t ldc, ahead next) {
	int parts = (rows + ROWS - 1) / ROWS * ((n + COLUMNS - 1) / COLUMNS);
	for (int left = 0; left < n; left += COLUMNS) {
		int wide = n - left > LANES;
		for (int r = 0; r < rows; r += ROWS, parts--) {
			advance(&next, parts);
			if (wide) block(ROWS, 2, 0, k, a + r * lda, lda, 1, b, COLUMNS, c + r * ldc + left, ldc);
			else block(ROWS, 1, 0, k, a + r * lda, lda, 1, b, LANES, c + r * ldc + left, ldc);
		}
		b += (size_t)k * (wide ? COLUMNS : LANES);
	}
}

// outer adds to c [k, n] the product of a [rows, k], transposed, with b [rows, n]. Columns of b are read,
// and those of c written, up to the next multiple of LANES; ldb and ldc allow for it.
static void outer(int rows, int k, int n, const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc) {
	for (int left = 0; left < n; left += COLUMNS) {
		int wide = n - left > LANES;
		int i = 0;
		for (; i + ROWS <= k; i += ROWS) {
			float *to = c + i * ldc + left;
			if (wide) block(ROWS, 2, 1, rows, a + i, 1, lda, b + left, ldb, to, ldc);
			else block(ROWS, 1, 1, rows, a + i, 1, lda, b + left, ldb, to, ldc);
		}
		for (; i + 2 <= k; i += 2) {
			float *to = c + i * ldc + left;
			if (wide) block(2, 2, 1, rows, a + i, 1, lda, b + left, ldb, to, ldc);
			else block(2, 1, 1, rows, a + i, 1, lda, b + left, ldb, to, ldc);
		}
		for (; i < k; i++) {
			float *to = c + i * ldc + left;
			if (wide) block(1, 2, 1, rows, a + i, 1, lda, b + left, ldb, to, ldc);
			else block(1, 1, 1, rows, a + i, 1, lda, b + left, ldb, to, ldc);
		}
	}
}

// ---- Normalisation ----

// What turns z into y, and the gradient of y into that of z, for each group: all of [groups, c].
//
//	y  = clip(scale*(z-mean) + beta)
//	dz = scale*g + slope*(z-mean) + constant
typedef struct {
	int c, groups;
	size_t values; // of a channel in a group
	const float *beta, *mean;
	float *scale, *slope, *constant;
	// Sums of each chunk, in double: of z-shift and its square, later of g and g*(z-mean); [chunks, 2, c].
	double *sums;
	float *shift; // [chunks, c]
} lazy;

static void lazy_take(lazy *l, arena *a, int chunks) {
	l->scale = take(a, (size_t)l->groups * l->c);
	l->slope = take(a, (size_t)l->groups * l->c);
	l->constant = take(a, (size_t)l->groups * l->c);
	l->shift = take(a, (size_t)chunks * l->c);
	l->sums = (double *)take(a, (size_t)chunks * 2 * l->c * 2);
}

// lazy_scale prepares y.
static void lazy_scale(lazy *l, const sslpipe_norm *n, float epsilon) {
	l->beta = n->beta;
	l->mean = n->mean;
	for (int g = 0; g < l->groups; g++) {
		for (int c = 0; c < l->c; c++) {
			size_t i = (size_t)g * l->c + c;
			l->scale[i] = n->gamma[c] / __builtin_sqrtf(n->var[i] + epsilon);
		}
	}
}

// lazy_statistics makes mean and variance out of the sums of the chunks, then prepares y.
static void lazy_statistics(lazy *l, const sslpipe_norm *n, int chunks, const size_t *counts, float epsilon) {
	int each = chunks / l->groups, channels = l->c;
	for (int g = 0; g < l->groups; g++) {
		double *mean = l->sums + (size_t)g * each * 2 * channels, *squares = mean + channels, count = 0;
		for (int k = g * each; k < (g + 1) * each; k++) {
			// Chan, Golub and LeVeque (1979): mean and sum of squares of two parts. The first chunk's
			// place takes the result.
			const double *s = l->sums + (size_t)k * 2 * channels, *q = s + channels;
			const float *shift = l->shift + (size_t)k * channels;
			double m = counts[k], share = m / (count + m), cross = count * share;
			for (int c = 0; c < channels; c++) {
				double part = shift[c] + s[c] / m, spread = q[c] - s[c] * s[c] / m;
				double gap = count == 0 ? 0 : part - mean[c];
				squares[c] = (count == 0 ? 0 : squares[c]) + spread + gap * gap * cross;
				mean[c] = count == 0 ? part : mean[c] + gap * share;
			}
			count += m;
		}
		for (int c = 0; c < channels; c++) {
			double var = squares[c] / count;
			n->mean[(size_t)g * channels + c] = (float)mean[c];
			n->var[(size_t)g * channels + c] = var < 0 ? 0 : (float)var;
		}
	}
	lazy_scale(l, n, epsilon);
}

// lazy_gradients makes dgamma and dbeta out of the sums of the chunks, then prepares dz.
static void lazy_gradients(lazy *l, const sslpipe_norm *n, int chunks, float epsilon) {
	int each = chunks / l->groups, channels = l->c;
	for (int g = 0; g < l->groups; g++) {
		double *s = l->sums + (size_t)g * each * 2 * channels, *q = s + channels;
		for (int k = g * each + 1; k < (g + 1) * each; k++) {
			const double *more = l->sums + (size_t)k * 2 * channels;
			for (int c = 0; c < 2 * channels; c++) s[c] += more[c];
		}
		for (int c = 0; c < channels; c++) {
			size_t i = (size_t)g * channels + c;
			double inverse = 1 / __builtin_sqrt((double)n->var[i] + epsilon), scale = n->gamma[c] * inverse;
			l->slope[i] = (float)(-scale * q[c] * inverse * inverse / l->values);
			l->constant[i] = (float)(-scale * s[c] / l->values);
			q[c] *= inverse;
		}
	}
	for (int c = 0; c < channels; c++) {
		double dgamma = 0, dbeta = 0;
		for (int g = 0; g < l->groups; g++) {
			const double *s = l->sums + (size_t)g * each * 2 * channels;
			dbeta += s[c];
			dgamma += s[channels + c];
		}
		if (n->dgamma != NULL) n->dgamma[c] = (float)dgamma;
		if (n->dbeta != NULL) n->dbeta[c] = (float)dbeta;
	}
}

// A row of parameters of one group.
typedef struct { const float *scale, *mean, *beta, *slope, *constant; } row;

INLINE row row_of(const lazy *l, int group) {
	size_t at = (size_t)group * l->c;
	return (row){l->scale + at, l->mean + at, l->beta, l->slope + at, l->constant + at};
}

INLINE vec clip(vec x) { return VMIN(splat(6), VMAX(splat(0), x)); }

// inside keeps g where a clipped y lets gradients through.
INLINE vec inside(vec g, vec y) {
	return (vec)((ivec)g & (ivec)(y > splat(0)) & (ivec)(y < splat(6)));
}

// ACROSS goes over c channels in steps of a vector; c - i of them are left.
#define ACROSS(c) for (int i = 0; i < (c); i += LANES)

// A vector of at most LANES channels, left of which are there.
INLINE vec part(const float *p, int left) {
	if (__builtin_expect(left >= LANES, 1)) return LOAD(p);
	float few[LANES] = {0};
	memcpy(few, p, sizeof(float) * left);
	return LOAD(few);
}

INLINE void put(float *p, vec v, int left) {
	if (__builtin_expect(left >= LANES, 1)) {
		STORE(p, v);
		return;
	}
	float few[LANES];
	STORE(few, v);
	memcpy(p, few, sizeof(float) * left);
}

// ROWWISE calls f(rows, at) for rows at a time, so that what belongs to a channel is loaded once for several.
#define ROWWISE(total, f)                 \
	do {                                  \
		int at = 0;                       \
		for (; at + 4 <= (total); at += 4) f(4, at); \
		for (; at < (total); at++) f(1, at);         \
	} while (0)

// activate writes y [rows, c], ldy between rows, of z [rows, c], ldz between rows. Padding of y is written.
INLINE void activate_rows(const int rows, int c, row p, const float *z, size_t ldz, float *y, size_t ldy) {
	ACROSS(c) {
		int left = c - i;
		vec mean = part(p.mean + i, left), scale = part(p.scale + i, left), beta = part(p.beta + i, left);
		UNROLL
		for (int r = 0; r < rows; r++) STORE(y + r * ldy + i, clip((part(z + r * ldz + i, left) - mean) * scale + beta));
	}
}

static void activate(int rows, int c, row p, const float *z, size_t ldz, float *y, size_t ldy) {
#define F(some, at) activate_rows(some, c, p, z + (at)*ldz, ldz, y + (at)*ldy, ldy)
	ROWWISE(rows, F);
#undef F
}

// differentiate writes dz [rows, c], lddz between rows, out of g and z, ld between rows; where clipped, g is the
// gradient of the clipped y.
INLINE void differentiate_rows(const int rows, const int clipped, int c, row p, const float *g, const float *z, size_t ld, float *dz, size_t lddz) {
	ACROSS(c) {
		int left = c - i;
		vec mean = part(p.mean + i, left), scale = part(p.scale + i, left), beta = part(p.beta + i, left);
		vec slope = part(p.slope + i, left), constant = part(p.constant + i, left);
		UNROLL
		for (int r = 0; r < rows; r++) {
			vec centred = part(z + r * ld + i, left) - mean, dy = part(g + r * ld + i, left);
			if (clipped) dy = inside(dy, centred * scale + beta);
			STORE(dz + r * lddz + i, dy * scale + (centred * slope + constant));
		}
	}
}

static void differentiate(int rows, int clipped, int c, row p, const float *g, const float *z, size_t ld, float *dz, size_t lddz) {
	if (clipped) {
#define F(some, at) differentiate_rows(some, 1, c, p, g + (at)*ld, z + (at)*ld, ld, dz + (at)*lddz, lddz)
		ROWWISE(rows, F);
#undef F
	} else {
#define F(some, at) differentiate_rows(some, 0, c, p, g + (at)*ld, z + (at)*ld, ld, dz + (at)*lddz, lddz)
		ROWWISE(rows, F);
#undef F
	}
}

// Float sums of one tile, flushed into a chunk's double sums. Each is [c], padded.
typedef struct { float *s, *q; } tilesums;

static tilesums tilesums_take(arena *a, int c) {
	size_t size = roundup(c, LANES);
	return (tilesums){take(a, size), take(a, size)};
}

static void flush(tilesums t, int c, double *sums) {
	for (int i = 0; i < c; i++) {
		sums[i] += t.s[i];
		sums[c + i] += t.q[i];
	}
	memset(t.s, 0, sizeof(float) * c);
	memset(t.q, 0, sizeof(float) * c);
}

static void begin(tilesums t, int c, double *sums) {
	memset(sums, 0, sizeof(double) * 2 * c);
	memset(t.s, 0, sizeof(float) * roundup(c, LANES));
	memset(t.q, 0, sizeof(float) * roundup(c, LANES));
}

// gather copies rows to z, adding them up less shift.
INLINE void gather_rows(const int rows, int c, const float *from, size_t ld, float *z, const float *shift, tilesums t) {
	ACROSS(c) {
		int left = c - i;
		vec from0 = part(shift + i, left), s = LOAD(t.s + i), q = LOAD(t.q + i);
		UNROLL
		for (int r = 0; r < rows; r++) {
			vec v = LOAD(from + r * ld + i), d = v - from0;
			put(z + (size_t)r * c + i, v, left);
			s += d;
			q += d * d;
		}
		STORE(t.s + i, s);
		STORE(t.q + i, q);
	}
}

static void gather(int rows, int c, const float *from, size_t ld, float *z, const float *shift, tilesums t) {
#define F(some, at) gather_rows(some, c, from + (at)*ld, ld, z + (size_t)(at)*c, shift, t)
	ROWWISE(rows, F);
#undef F
}

// return_gradient masks the gradient dy [rows, c] (ld between rows) of clipped y (ldy between rows) into g
// [rows, c], adding up g and g*(z-mean).
INLINE void return_rows(const int rows, int c, row p, const float *dy, size_t ld, const float *y, size_t ldy, const float *z, float *g, tilesums t) {
	ACROSS(c) {
		int left = c - i;
		vec mean = part(p.mean + i, left), s = LOAD(t.s + i), q = LOAD(t.q + i);
		UNROLL
		for (int r = 0; r < rows; r++) {
			vec v = inside(LOAD(dy + r * ld + i), LOAD(y + r * ldy + i));
			put(g + (size_t)r * c + i, v, left);
			s += v;
			q += v * (part(z + (size_t)r * c + i, left) - mean);
		}
		STORE(t.s + i, s);
		STORE(t.q + i, q);
	}
}

static void return_gradient(int rows, int c, row p, const float *dy, size_t ld, const float *y, size_t ldy, const float *z, float *g, tilesums t) {
#define F(some, at) return_rows(some, c, p, dy + (at)*ld, ld, y + (at)*ldy, ldy, z + (size_t)(at)*c, g + (size_t)(at)*c, t)
	ROWWISE(rows, F);
#undef F
}

// sum_gradient adds up g and g*(z-mean), g being dy, masked where y is clipped.
INLINE void sum_rows(const int rows, const int clipped, int c, row p, const float *dy, const float *z, tilesums t) {
	ACROSS(c) {
		int left = c - i;
		vec mean = part(p.mean + i, left), scale = part(p.scale + i, left), beta = part(p.beta + i, left);
		vec s = LOAD(t.s + i), q = LOAD(t.q + i);
		UNROLL
		for (int r = 0; r < rows; r++) {
			vec centred = part(z + (size_t)r * c + i, left) - mean, g = part(dy + (size_t)r * c + i, left);
			if (clipped) g = inside(g, centred * scale + beta);
			s += g;
			q += g * centred;
		}
		STORE(t.s + i, s);
		STORE(t.q + i, q);
	}
}

static void sum_gradient(int rows, int clipped, int c, row p, const float *dy, const float *z, tilesums t) {
	if (clipped) {
#define F(some, at) sum_rows(some, 1, c, p, dy + (size_t)(at)*c, z + (size_t)(at)*c, t)
		ROWWISE(rows, F);
#undef F
	} else {
#define F(some, at) sum_rows(some, 0, c, p, dy + (size_t)(at)*c, z + (size_t)(at)*c, t)
		ROWWISE(rows, F);
#undef F
	}
}

// ---- Chunks ----

// Pixels of a map, group by group, in chunks of whole tiles.
typedef struct {
	int groups, chunks, each; // each: chunks of a group
	size_t rows;              // of a group
	size_t size;              // rows of a chunk but the last of a group
	int tile;                 // rows of a tile
} spans;

enum {
	CHUNKS = 32,
	// A tile of the widest matrix takes this many floats: half of a small second-level cache.
	TILE = 1 << 15,
	LONGEST = 192, // rows of a tile
	// A gradient of weights of up to so many floats is summed up for each chunk of pixels.
	PRIVATE = 3 << 13,
};

static spans cut(size_t rows, int groups, int widest, int chunks) {
	spans s = {.groups = groups, .rows = rows / groups};
	s.tile = (int)roundup(most(ROWS, least(LONGEST, TILE / widest)), ROWS);
	s.each = most(1, least(most(1, chunks / groups), (int)(s.rows / s.tile)));
	s.size = roundup((s.rows + s.each - 1) / s.each, s.tile);
	s.each = (int)((s.rows + s.size - 1) / s.size);
	s.chunks = s.each * groups;
	return s;
}

// Where a chunk begins, and how many rows it has.
INLINE size_t span_at(const spans *s, int chunk, size_t *rows) {
	size_t at = (size_t)(chunk % s->each) * s->size;
	*rows = s->rows - at < s->size ? s->rows - at : s->size;
	return (size_t)(chunk / s->each) * s->rows + at;
}

// The rows of the next tile of a chunk that has so many left.
INLINE int tile_of(const spans *s, size_t left) { return left < (size_t)s->tile ? (int)left : s->tile; }

static void span_counts(const spans *s, size_t *counts) {
	for (int i = 0; i < s->chunks; i++) span_at(s, i, &counts[i]);
}

INLINE int same_after(int size, int stride) { return (size + stride - 1) / stride; }

// The zeros that SAME padding puts before a map.
INLINE int same_before(int size, int k, int stride) {
	return most((same_after(size, stride) - 1) * stride + k - size, 0) / 2;
}


#include "matrix.h"
#include "depthwise.h"
#include "layers.h"
#include "adam.h"
#include "elementary.h"
#include "dense.h"
#include "layernorm.h"
#include "attention.h"
#include "rotation.h"
#include "tokens.h"
