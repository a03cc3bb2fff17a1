// What the steps of augment.h do to pixels, for one set of instructions; it is
// included behind body.h, in whose vectors it is written.
//
// Results have the same bits with all instructions: nothing is contracted to a fused
// multiply-add, and sums have an order of their own.

#include "steps.h"

#if defined(__clang__)
#pragma clang fp contract(off)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off", "no-trapping-math")
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (iquad){__VA_ARGS__})
#endif

// Four floats of which loads and stores may lie anywhere: a pixel and what is behind it.
typedef float quad __attribute__((vector_size(16)));
typedef int32_t iquad __attribute__((vector_size(16)));
typedef float quadmem __attribute__((vector_size(16), aligned(4), may_alias));

enum { RGB = 3, SUMS = PADDING / LANES };

INLINE vec limit(vec v) { return VMIN(VMAX(v, splat(0)), splat(1)); }
INLINE vec pick(ivec which, vec a, vec b) { return (vec)((which & (ivec)a) | (~which & (ivec)b)); }

// ---- Where an image is ----

// length is the number of floats that an image takes, with what is between its channels.
static size_t length(const sslpipe_picture *p) {
	return p->planar ? sslpipe_plane(p->h, p->w) * p->c : roundup((size_t)p->h * p->w * p->c, PADDING);
}

static void swap(sslpipe_picture *p) {
	float *at = p->at;
	p->at = p->other;
	p->other = at;
}

static void read_bytes(const uint8_t *restrict x, size_t n, float *restrict to) {
	const float unit = (float)(1.0 / 255);
	for (size_t i = 0; i < n; i++) to[i] = (float)x[i] * unit;
}

// split makes channels of interleaved pixels.
static void split(const float *restrict x, int c, size_t pixels, size_t plane, float *restrict to) {
	if (c == RGB) {
		float *restrict r = to, *restrict g = to + plane, *restrict b = to + 2 * plane;
		for (size_t i = 0; i < pixels; i++) {
			r[i] = x[RGB * i];
			g[i] = x[RGB * i + 1];
			b[i] = x[RGB * i + 2];
		}
		return;
	}
	for (int k = 0; k < c; k++) {
		for (size_t i = 0; i < pixels; i++) to[k * plane + i] = x[i * c + k];
	}
}

// join makes interleaved pixels of channels.
static void join(const float *restrict x, int c, size_t pixels, size_t plane, float *restrict to) {
	if (c == RGB) {
		const float *restrict r = x, *restrict g = x + plane, *restrict b = x + 2 * plane;
		for (size_t i = 0; i < pixels; i++) {
			to[RGB * i] = r[i];
			to[RGB * i + 1] = g[i];
			to[RGB * i + 2] = b[i];
		}
		return;
	}
	for (int k = 0; k < c; k++) {
		for (size_t i = 0; i < pixels; i++) to[i * c + k] = x[k * plane + i];
	}
}

static void to_planar(sslpipe_picture *p) {
	if (p->planar) return;
	split(p->at, p->c, (size_t)p->h * p->w, sslpipe_plane(p->h, p->w), p->other);
	swap(p);
	p->planar = 1;
}

static void to_pixels(sslpipe_picture *p) {
	if (!p->planar || p->c == 1) return;
	join(p->at, p->c, (size_t)p->h * p->w, sslpipe_plane(p->h, p->w), p->other);
	swap(p);
	p->planar = 0;
}

// ---- Steps that change values ----

static void brightness(sslpipe_picture *p, float change) {
	float *x = p->at;
	vec factor = splat(change + 1);
	for (size_t i = 0, n = length(p); i < n; i += LANES) STORE(x + i, limit(LOAD(x + i) * factor));
}

static void solarize(sslpipe_picture *p, float threshold) {
	float *x = p->at;
	for (size_t i = 0, n = length(p); i < n; i += LANES) {
		vec v = LOAD(x + i);
		STORE(x + i, pick(v >= splat(threshold), splat(1) - v, v));
	}
}

// mean adds up PADDING sums side by side whatever the width of vectors, and for some
// thousand values at a time, so that large images lose nothing.
static float mean(const float *x, size_t n) {
	enum { PART = 1 << 12 };
	float total = 0;
	for (size_t start = 0; start < n; start += PART) {
		size_t end = start + PART < n ? start + PART : n, i = start;
		vec s[SUMS] = {0};
		float sums[PADDING];
		for (; i + PADDING <= end; i += PADDING) {
			UNROLL
			for (int k = 0; k < SUMS; k++) s[k] += LOAD(x + i + k * LANES);
		}
		for (int k = 0; k < SUMS; k++) STORE(sums + k * LANES, s[k]);
		for (int k = 0; i < end; k++) sums[k] += x[i++];
		for (int half = PADDING / 2; half > 0; half /= 2) {
			for (int k = 0; k < half; k++) sums[k] += sums[k + half];
		}
		total += sums[0];
	}
	return total / (float)n;
}

static void contrast(sslpipe_picture *p, float change) {
	to_planar(p);
	size_t plane = sslpipe_plane(p->h, p->w);
	for (int k = 0; k < p->c; k++) {
		float *x = p->at + k * plane;
		vec middle = splat(mean(x, (size_t)p->h * p->w)), factor = splat(change);
		for (size_t i = 0; i < plane; i += LANES) {
			vec v = LOAD(x + i);
			STORE(x + i, limit(v + (v - middle) * factor));
		}
	}
}

INLINE vec luma(vec r, vec g, vec b) { return r * splat(0.2989f) + g * splat(0.587f) + b * splat(0.114f); }

static void saturation(sslpipe_picture *p, float change) {
	to_planar(p);
	size_t plane = sslpipe_plane(p->h, p->w);
	float *x = p->at;
	for (size_t i = 0; i < plane; i += LANES) {
		vec r = LOAD(x + i), g = LOAD(x + plane + i), b = LOAD(x + 2 * plane + i);
		vec y = luma(r, g, b), factor = splat(change);
		STORE(x + i, limit(r + (r - y) * factor));
		STORE(x + plane + i, limit(g + (g - y) * factor));
		STORE(x + 2 * plane + i, limit(b + (b - y) * factor));
	}
}

static void grey(sslpipe_picture *p) {
	to_planar(p);
	size_t plane = sslpipe_plane(p->h, p->w);
	float *x = p->at;
	for (size_t i = 0; i < plane; i += LANES) {
		vec y = luma(LOAD(x + i), LOAD(x + plane + i), LOAD(x + 2 * plane + i));
		STORE(x + i, y);
		STORE(x + plane + i, y);
		STORE(x + 2 * plane + i, y);
	}
}

INLINE vec distance(vec a, float b) { return (vec)((ivec)(a - splat(b)) & (ivec)(0x7fffffff - (ivec){})); }

// hue turns colours by so many sixths of the circle, at most 3. A channel is the largest
// value less the chroma times a trapezoid of the hue.
static void hue(sslpipe_picture *p, float turn) {
	to_planar(p);
	size_t plane = sslpipe_plane(p->h, p->w);
	float *x = p->at;
	for (size_t i = 0; i < plane; i += LANES) {
		vec r = LOAD(x + i), g = LOAD(x + plane + i), b = LOAD(x + 2 * plane + i);
		vec most = VMAX(VMAX(r, g), b), chroma = most - VMIN(VMIN(r, g), b);
		ivec red = r == most, green = g == most;
		vec ahead = pick(red, g - b, pick(green, b - r, r - g));
		vec h = ahead / pick(chroma > splat(0), chroma, splat(1));
		h += pick(red, splat(0), pick(green, splat(2), splat(4))) + splat(turn);
		h = pick(h < splat(0), h + splat(6), h);
		h = pick(h >= splat(6), h - splat(6), h);
		STORE(x + i, most - chroma * (splat(1) - limit(distance(h, 3) - splat(1))));
		STORE(x + plane + i, most - chroma * (splat(1) - limit(splat(2) - distance(h, 2))));
		STORE(x + 2 * plane + i, most - chroma * (splat(1) - limit(splat(2) - distance(h, 4))));
	}
}

static void cutout(sslpipe_picture *p, const sslpipe_choice *c) {
	to_planar(p);
	int top = most(c->row, 0), bottom = least(c->row + c->size, p->h);
	int left = most(c->column, 0), right = least(c->column + c->size, p->w);
	for (int k = 0; k < p->c; k++) {
		for (int i = top; i < bottom; i++) {
			float *row = p->at + k * sslpipe_plane(p->h, p->w) + (size_t)i * p->w;
			for (int j = left; j < right; j++) row[j] = c->amount;
		}
	}
}

// ---- Steps that move pixels ----

// crop_row shifts a row of w pixels.
static void crop_row(const float *restrict from, int w, int shift, int reflect, float *restrict to) {
	int left = most(-shift, 0), right = w - most(shift, 0);
	for (int j = 0; j < left; j++) to[j] = reflect ? from[sslpipe_mirrored(j + shift, w)] : 0;
	memcpy(to + left, from + left + shift, (size_t)(right - left) * sizeof *to);
	for (int j = right; j < w; j++) to[j] = reflect ? from[sslpipe_mirrored(j + shift, w)] : 0;
}

static void crop(sslpipe_picture *p, const sslpipe_choice *c) {
	to_planar(p);
	int h = p->h, w = p->w;
	for (int k = 0; k < p->c; k++) {
		size_t plane = k * sslpipe_plane(h, w);
		for (int i = 0; i < h; i++) {
			int from = i + c->row;
			float *to = p->other + plane + (size_t)i * w;
			if (c->reflect) from = sslpipe_mirrored(from, h);
			if (from < 0 || from >= h) memset(to, 0, (size_t)w * sizeof *to);
			else crop_row(p->at + plane + (size_t)from * w, w, c->column, c->reflect, to);
		}
	}
	swap(p);
}

static void flip(sslpipe_picture *p, const sslpipe_choice *c) {
	to_planar(p);
	int h = p->h, w = p->w;
	for (int k = 0; k < p->c; k++) {
		size_t plane = k * sslpipe_plane(h, w);
		for (int i = 0; i < h; i++) {
			const float *restrict from = p->at + plane + (size_t)(c->row ? h - 1 - i : i) * w;
			float *restrict to = p->other + plane + (size_t)i * w;
			if (!c->column) memcpy(to, from, (size_t)w * sizeof *to);
			else for (int j = 0; j < w; j++) to[j] = from[w - 1 - j];
		}
	}
	swap(p);
}

// quarter_turn rotates a square counter-clockwise.
static void quarter_turn(sslpipe_picture *p, int turns) {
	to_planar(p);
	int side = p->h, last = side - 1;
	for (int k = 0; k < p->c; k++) {
		const float *restrict from = p->at + k * sslpipe_plane(side, side);
		float *restrict to = p->other + k * sslpipe_plane(side, side);
		for (int i = 0; i < side; i++) {
			for (int j = 0; j < side; j++) {
				int row = turns == 1 ? j : turns == 2 ? last - i : last - j;
				int column = turns == 1 ? last - i : turns == 2 ? last - j : i;
				to[(size_t)i * side + j] = from[(size_t)row * side + column];
			}
		}
	}
	swap(p);
}

// ---- Steps that interpolate ----

// blur_row is row i of a channel x, blurred: by columns into the line, and along it.
static void blur_row(const sslpipe_picture *p, const float *x, int radius, int i, float *to) {
	int w = p->w, size = 2 * radius + 1;
	const float *rows[WIDEST_KERNEL];
	float *line = p->line + radius;
	for (int d = 0; d < size; d++) rows[d] = x + (size_t)sslpipe_mirrored(i + d - radius, p->h) * w;
	for (int j = 0; j < w; j += LANES) {
		vec v = LOAD(rows[0] + j) * splat(p->kernel[0]);
		for (int d = 1; d < size; d++) v += LOAD(rows[d] + j) * splat(p->kernel[d]);
		STORE(line + j, v);
	}
	for (int d = 1; d <= radius; d++) {
		line[-d] = line[d];
		line[w - 1 + d] = line[w - 1 - d];
	}
	for (int j = 0; j < w; j += LANES) {
		vec v = LOAD(p->line + j) * splat(p->kernel[0]);
		for (int d = 1; d < size; d++) v += LOAD(p->line + j + d) * splat(p->kernel[d]);
		STORE(to + j, limit(v));
	}
}

// What a row writes beyond its end is overwritten by the next, or is between channels.
static void blur(sslpipe_picture *p, int radius) {
	to_planar(p);
	for (int k = 0; k < p->c; k++) {
		size_t plane = k * sslpipe_plane(p->h, p->w);
		for (int i = 0; i < p->h; i++) blur_row(p, p->at + plane, radius, i, p->other + plane + (size_t)i * p->w);
	}
	swap(p);
}

// pixel interpolates between two pixels of the line, the channels side by side.
INLINE quad pixel(const float *line, const sslpipe_taps *t, int j) {
	quad a = (quad)(*(const quadmem *)(line + t->lo[j])), b = (quad)(*(const quadmem *)(line + t->hi[j]));
	quad v = a + (b - a) * (t->share[j] - (quad){});
	iquad positive = v > (quad){}, inside = v < 1 - (quad){};
	v = (quad)((iquad)v & positive);
	return (quad)(((iquad)v & inside) | ((iquad)(1 - (quad){}) & ~inside));
}

// rgb_row interpolates along a line of w pixels of three channels, four at a time.
static void rgb_row(const float *line, const sslpipe_taps *t, int w, size_t plane, float *to) {
	for (int j = 0; j < w; j += 4) {
		quad a = pixel(line, t, j), b = pixel(line, t, j + 1), c = pixel(line, t, j + 2), d = pixel(line, t, j + 3);
		quad rg = SHUFFLE(a, b, 0, 4, 1, 5), more = SHUFFLE(c, d, 0, 4, 1, 5);
		quad blue = SHUFFLE(a, b, 2, 6, 3, 7), last = SHUFFLE(c, d, 2, 6, 3, 7);
		*(quadmem *)(to + j) = (quadmem)SHUFFLE(rg, more, 0, 1, 4, 5);
		*(quadmem *)(to + plane + j) = (quadmem)SHUFFLE(rg, more, 2, 3, 6, 7);
		*(quadmem *)(to + 2 * plane + j) = (quadmem)SHUFFLE(blue, last, 0, 1, 4, 5);
	}
}

static void any_row(const float *line, const sslpipe_taps *t, int w, int c, size_t plane, float *to) {
	for (int k = 0; k < c; k++) {
		for (int j = 0; j < w; j++) {
			float a = line[t->lo[j] + k], b = line[t->hi[j] + k], v = a + (b - a) * t->share[j];
			to[k * plane + j] = v > 0 ? v < 1 ? v : 1 : 0;
		}
	}
}

// offsets makes floats of the indices of columns, where black is behind the line, and
// whole quads of them.
static void offsets(int *at, int n, int w, int c) {
	for (int j = 0; j < n; j++) at[j] = at[j] < w ? at[j] * c : (int)sslpipe_plane(1, w * c);
	for (int j = n; j < (int)roundup(n, 4); j++) at[j] = 0;
}

// resample interpolates between rows, into the line, and along it.
static void resample(sslpipe_picture *p, const sslpipe_choice *c) {
	to_pixels(p);
	int across = p->w * p->c;
	size_t plane = sslpipe_plane(c->h, c->w);
	offsets(p->columns.lo, c->w, p->w, p->c);
	offsets(p->columns.hi, c->w, p->w, p->c);
	for (int j = c->w; j < (int)roundup(c->w, 4); j++) p->columns.share[j] = 0;
	memset(p->black, 0, roundup(across, PADDING) * sizeof *p->black);
	memset(p->line + sslpipe_plane(1, across), 0, (size_t)most(p->c, 4) * sizeof *p->line);
	for (int i = 0; i < c->h; i++) {
		const float *a = p->rows.lo[i] < p->h ? p->at + (size_t)p->rows.lo[i] * across : p->black;
		const float *b = p->rows.hi[i] < p->h ? p->at + (size_t)p->rows.hi[i] * across : p->black;
		vec share = splat(p->rows.share[i]);
		for (int k = 0; k < across; k += LANES) STORE(p->line + k, LOAD(a + k) + (LOAD(b + k) - LOAD(a + k)) * share);
		float *to = p->other + (size_t)i * c->w;
		if (p->c == RGB) rgb_row(p->line, &p->columns, c->w, plane, to);
		else any_row(p->line, &p->columns, c->w, p->c, plane, to);
	}
	swap(p);
	p->h = c->h;
	p->w = c->w;
	p->planar = 1;
}

// ---- Programs ----

static void run_step(const sslpipe_step *s, const float *u, sslpipe_picture *p) {
	sslpipe_choice c = sslpipe_step_choose(s, u, p);
	if (!c.happens) return;
	switch (s->kind) {
	case BLUR: blur(p, c.size); break;
	case BRIGHTNESS: brightness(p, c.amount); break;
	case CONTRAST: contrast(p, c.amount); break;
	case CROP: crop(p, &c); break;
	case CUTOUT: cutout(p, &c); break;
	case FLIP: flip(p, &c); break;
	case GREY: grey(p); break;
	case HUE: hue(p, c.amount); break;
	case QUARTER_TURN: quarter_turn(p, c.row); break;
	case RESIZED_CROP:
	case ZOOM: resample(p, &c); break;
	case SATURATION: saturation(p, c.amount); break;
	case SOLARIZE: solarize(p, c.amount); break;
	case STEP_KINDS: break;
	}
}

void NAME(augment_image)(const sslpipe_program *program, const void *x, int bytes, const float *u, sslpipe_picture *p, float *y) {
	size_t n = (size_t)p->h * p->w * p->c;
	if (bytes) read_bytes(x, n, p->at);
	else memcpy(p->at, x, n * sizeof(float));
	for (int i = 0; i < program->count; i++) {
		run_step(&program->steps[i], u, p);
		u += program->steps[i].draws;
	}
	n = (size_t)p->h * p->w;
	if (p->planar && p->c > 1) join(p->at, p->c, n, sslpipe_plane(p->h, p->w), y);
	else memcpy(y, p->at, n * p->c * sizeof(float));
}

#if !defined(__clang__)
#pragma GCC pop_options
#endif
