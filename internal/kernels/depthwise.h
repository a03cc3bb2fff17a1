// Depthwise 3x3 convolution between two batch-norms; part of body.h.
//
// Rows of an image are normalised into a ring of rows with a position of zeros at either end, as they are needed.

typedef struct {
	int n, h, w, c, stride, groups;
	int chunks, each; // chunks of images, each: of a group
	const float *x;   // [n, h, w, c], to be normalised by in if that is not NULL
	const lazy *in;
	const float *kernel; // [3, 3, c]
	float *z;            // [n, h', w', c]
	lazy *out;
	// Backward:
	const float *g; // of z
	float *dx;
	lazy *sums;       // in, to be given its sums
	const float *add; // to dx
	float *dw;        // [chunks, 9, roundup(c)], NULL if not wanted
	float *scratch;
	size_t scratch_each;
} depthwise;

enum { RING = 4 };

typedef struct {
	float *ring[RING], *none; // rows of w+2 positions
	float *y;                 // a row of the input
	float *kernel;            // [9, roundup(c)]
	tilesums t;
} depthwise_buffers;

static size_t depthwise_scratch(const depthwise *d, float *base, depthwise_buffers *b) {
	arena m = {.base = base};
	size_t ld = roundup(d->c, LANES), line = (size_t)(d->w + 2) * ld;
	for (int i = 0; i < RING; i++) b->ring[i] = take(&m, line);
	b->none = take(&m, line);
	b->y = take(&m, line);
	b->kernel = take(&m, TAPS * ld);
	b->t = tilesums_take(&m, d->c);
	return m.used;
}

static void depthwise_begin(const depthwise *d, depthwise_buffers *b, int worker) {
	size_t ld = roundup(d->c, LANES);
	size_t used = depthwise_scratch(d, d->scratch + worker * d->scratch_each, b);
	memset(d->scratch + worker * d->scratch_each, 0, sizeof(float) * used);
	for (int i = 0; i < TAPS; i++) memcpy(b->kernel + i * ld, d->kernel + (size_t)i * d->c, sizeof(float) * d->c);
}

// line puts row y of an image of x, normalised, into to, which begins with a position of zeros.
static void depthwise_line(const depthwise *d, int group, const float *image, int y, float *to) {
	size_t ld = roundup(d->c, LANES);
	const float *from = image + (size_t)y * d->w * d->c;
	if (d->in != NULL) {
		activate(d->w, d->c, row_of(d->in, group), from, d->c, to + ld, ld);
		return;
	}
	for (int x = 0; x < d->w; x++) memcpy(to + (x + 1) * ld, from + (size_t)x * d->c, sizeof(float) * d->c);
}

// Images of a chunk.
INLINE int depthwise_span(const depthwise *d, int chunk, int *count) {
	int images = d->n / d->groups, size = (images + d->each - 1) / d->each, at = chunk % d->each * size;
	*count = most(0, least(size, images - at));
	return chunk / d->each * images + at;
}

// filter writes a row of z and adds it up.
static void depthwise_filter(const depthwise *d, const depthwise_buffers *b, const float *lines[3], int first, float *z, const float *shift) {
	int out = same_after(d->w, d->stride);
	size_t ld = roundup(d->c, LANES), step = d->stride * ld;
	ACROSS(d->c) {
		int left = d->c - i;
		vec w[TAPS], s = LOAD(b->t.s + i), q = LOAD(b->t.q + i);
		UNROLL
		for (int t = 0; t < TAPS; t++) w[t] = LOAD(b->kernel + t * ld + i);
		const float *p0 = lines[0] + first * ld + i, *p1 = lines[1] + first * ld + i, *p2 = lines[2] + first * ld + i;
		vec from0 = shift == NULL ? (vec){} : part(shift + i, left);
		for (int x = 0; x < out; x++, p0 += step, p1 += step, p2 += step) {
			vec v = LOAD(p0) * w[0];
			v += LOAD(p0 + ld) * w[1];
			v += LOAD(p0 + 2 * ld) * w[2];
			vec u = LOAD(p1) * w[3];
			u += LOAD(p1 + ld) * w[4];
			u += LOAD(p1 + 2 * ld) * w[5];
			v += LOAD(p2) * w[6];
			v += LOAD(p2 + ld) * w[7];
			v += LOAD(p2 + 2 * ld) * w[8];
			v += u;
			put(z + (size_t)x * d->c + i, v, left);
			v -= from0;
			s += v;
			q += v * v;
		}
		STORE(b->t.s + i, s);
		STORE(b->t.q + i, q);
	}
}

static void depthwise_forward(void *job, int chunk, int worker) {
	depthwise *d = job;
	depthwise_buffers b;
	depthwise_begin(d, &b, worker);
	int count, at = depthwise_span(d, chunk, &count), group = chunk / d->each;
	int oh = same_after(d->h, d->stride), ow = same_after(d->w, d->stride);
	int top = same_before(d->h, 3, d->stride), first = 1 - same_before(d->w, 3, d->stride);
	double *sums = d->out->sums + (size_t)chunk * 2 * d->c;
	float *shift = d->out->shift + (size_t)chunk * d->c;
	begin(b.t, d->c, sums);
	for (int n = at; n < at + count; n++) {
		const float *image = d->x + (size_t)n * d->h * d->w * d->c;
		float *z = d->z + (size_t)n * oh * ow * d->c;
		int known = 0; // rows that are in the ring, or have been
		for (int y = 0; y < oh; y++, z += (size_t)ow * d->c) {
			const float *lines[3];
			for (int t = 0; t < 3; t++) {
				int from = y * d->stride - top + t;
				for (; known <= from && known < d->h; known++) depthwise_line(d, group, image, known, b.ring[known % RING]);
				lines[t] = from < 0 || from >= d->h ? b.none : b.ring[from % RING];
			}
			int start = n == at && y == 0;
			depthwise_filter(d, &b, lines, first, z, start ? NULL : shift);
			if (start) {
				// The first value of the chunk is what the others are summed up less of.
				memcpy(shift, z, sizeof(float) * d->c);
				begin(b.t, d->c, sums);
				for (int x = 0; x < ow; x++) gather_rows(1, d->c, z + (size_t)x * d->c, d->c, z + (size_t)x * d->c, shift, b.t);
			}
		}
		flush(b.t, d->c, sums);
	}
}

// What a row of the gradient of the input is made of: rows of dz, with the row of the kernel that each meets.
typedef struct { const float *dz[3]; int tap[3], count; } meeting;

// A row of the gradient of the input on its way out.
typedef struct {
	const float *y, *x, *add; // y: normalised x, its first position of zeros left out
	float *dx;
	size_t c, ld; // floats of a position of the others, and of y
	int normalised;
	vec mean, s, q;
} handing;

// hand passes on the gradient v of i, LANES channels of position ix.
INLINE void hand(handing *h, vec v, size_t ix, int i, int left) {
	size_t at = ix * h->c + i;
	if (h->normalised) {
		v = inside(v, LOAD(h->y + ix * h->ld + i));
		h->s += v;
		h->q += v * (part(h->x + at, left) - h->mean);
	}
	if (h->add != NULL) v += part(h->add + at, left);
	put(h->dx + at, v, left);
}

// spread makes positions first, first+step, ... of a row out of so many rows and columns of dz, places of which
// begin at at and go on by one position each.
INLINE void spread(handing *h, const int rows, const int columns, const float *const *at, const vec w[3][3], int first, int step, int width, int i, int left) {
	const float *p[3];
	for (int r = 0; r < rows; r++) p[r] = at[r];
	for (int ix = first; ix < width; ix += step) {
		vec v = {}, u = {};
		UNROLL
		for (int r = 0; r < rows; r++) {
			UNROLL
			for (int t = 0; t < columns; t++) {
				if (r % 2 == 0) v += LOAD(p[r] + t * h->ld) * w[r][t];
				else u += LOAD(p[r] + t * h->ld) * w[r][t];
			}
			p[r] += h->ld;
		}
		hand(h, v + u, ix, i, left);
	}
}

// depthwise_spread makes a row of the gradient of the input.
static void depthwise_spread(const depthwise *d, const depthwise_buffers *b, const meeting *m, int group, const float *x, float *dx, const float *add) {
	size_t ld = roundup(d->c, LANES);
	int before = same_before(d->w, 3, d->stride);
	handing h = {.y = b->y + ld, .x = x, .add = add, .dx = dx, .c = d->c, .ld = ld, .normalised = d->sums != NULL};
	ACROSS(d->c) {
		int left = d->c - i;
		h.s = LOAD(b->t.s + i), h.q = LOAD(b->t.q + i);
		if (h.normalised) h.mean = part(row_of(d->in, group).mean + i, left);
		vec w[3][3]; // by row of dz, and by place from left to right: the kernel backwards
		const float *at[3];
		for (int r = 0; r < 3; r++) {
			at[r] = (r < m->count ? m->dz[r] : b->none) + i;
			for (int t = 0; t < 3; t++) w[r][t] = r < m->count ? LOAD(b->kernel + (m->tap[r] * 3 + 2 - t) * ld + i) : (vec){};
		}
		if (d->stride == 1) {
			spread(&h, 3, 3, at, w, 0, 1, d->w, i, left); // position ix meets places ix, ix+1, ix+2
		} else {
			for (int first = 0; first < 2; first++) {
				if ((first + before) % 2 == 0) {
					// Taps 2 and 0, at places (ix+before)/2 and the next.
					vec two[3][3] = {{w[0][0], w[0][2]}, {w[1][0], w[1][2]}};
					const float *p[3] = {at[0] + (first + before) / 2 * ld, at[1] + (first + before) / 2 * ld};
					if (m->count == 1) spread(&h, 1, 2, p, two, first, 2, d->w, i, left);
					else spread(&h, 2, 2, p, two, first, 2, d->w, i, left);
				} else {
					vec one[3][3] = {{w[0][1]}, {w[1][1]}};
					size_t place = (size_t)((first + before - 1) / 2 + 1);
					const float *p[3] = {at[0] + place * ld, at[1] + place * ld};
					if (m->count == 1) spread(&h, 1, 1, p, one, first, 2, d->w, i, left);
					else spread(&h, 2, 1, p, one, first, 2, d->w, i, left);
				}
			}
		}
		STORE(b->t.s + i, h.s);
		STORE(b->t.q + i, h.q);
	}
}

// depthwise_weights adds the products of a row of dz with the row y of the input to those of one row of the kernel.
static void depthwise_weights(const depthwise *d, const float *dz, const float *y, float *dw) {
	int out = same_after(d->w, d->stride), first = 1 - same_before(d->w, 3, d->stride);
	size_t ld = roundup(d->c, LANES), step = d->stride * ld;
	ACROSS(d->c) {
		vec a = LOAD(dw + i), b = LOAD(dw + ld + i), c = LOAD(dw + 2 * ld + i), a1 = {}, b1 = {}, c1 = {};
		const float *p = y + first * ld + i, *g = dz + ld + i;
		int x = 0;
		for (; x + 2 <= out; x += 2, p += 2 * step, g += 2 * ld) {
			vec v = LOAD(g), u = LOAD(g + ld);
			a += v * LOAD(p);
			b += v * LOAD(p + ld);
			c += v * LOAD(p + 2 * ld);
			a1 += u * LOAD(p + step);
			b1 += u * LOAD(p + step + ld);
			c1 += u * LOAD(p + step + 2 * ld);
		}
		if (x < out) {
			vec v = LOAD(g);
			a += v * LOAD(p);
			b += v * LOAD(p + ld);
			c += v * LOAD(p + 2 * ld);
		}
		STORE(dw + i, a + a1);
		STORE(dw + ld + i, b + b1);
		STORE(dw + 2 * ld + i, c + c1);
	}
}

static void depthwise_backward(void *job, int chunk, int worker) {
	depthwise *d = job;
	depthwise_buffers b;
	depthwise_begin(d, &b, worker);
	int count, at = depthwise_span(d, chunk, &count), group = chunk / d->each;
	int oh = same_after(d->h, d->stride), ow = same_after(d->w, d->stride), top = same_before(d->h, 3, d->stride);
	size_t ld = roundup(d->c, LANES), line = (size_t)d->w * d->c, outline = (size_t)ow * d->c;
	double *sums = d->sums == NULL ? NULL : d->sums->sums + (size_t)chunk * 2 * d->c;
	float *dw = d->dw == NULL ? NULL : d->dw + (size_t)chunk * TAPS * ld;
	if (sums != NULL) begin(b.t, d->c, sums);
	if (dw != NULL) memset(dw, 0, sizeof(float) * TAPS * ld);
	for (int n = at; n < at + count; n++) {
		const float *x = d->x + n * d->h * line;
		int known = 0; // rows of dz that are in the ring, or have been
		for (int y = 0; y < d->h; y++) {
			meeting m = {.count = 0};
			for (int t = 2; t >= 0; t--) {
				int from = y + top - t;
				if (from < 0 || from % d->stride != 0 || from / d->stride >= oh) continue;
				from /= d->stride;
				for (; known <= from; known++) {
					size_t start = ((size_t)n * oh + known) * outline;
					differentiate(ow, 0, d->c, row_of(d->out, group), d->g + start, d->z + start, d->c, b.ring[known % RING] + ld, ld);
				}
				m.dz[m.count] = b.ring[from % RING];
				m.tap[m.count++] = t;
			}
			depthwise_line(d, group, x, y, b.y);
			if (dw != NULL) {
				for (int r = 0; r < m.count; r++) depthwise_weights(d, m.dz[r], b.y, dw + m.tap[r] * 3 * ld);
			}
			if (d->dx != NULL) {
				size_t start = ((size_t)n * d->h + y) * line;
				depthwise_spread(d, &b, &m, group, x + y * line, d->dx + start, d->add == NULL ? NULL : d->add + start);
			}
		}
		if (sums != NULL) flush(b.t, d->c, sums);
	}
}
