// Convolutions as matrix products over chunks of pixels; part of body.h.

// Where the left-hand matrix [rows, k] of a convolution comes from.
typedef struct {
	const float *x;   // [rows, k], or the maps that patches are taken from
	const lazy *norm; // x is to be normalised and clipped, if not NULL
	const sslpipe_conv *patches; // the rows are patches of x, if not NULL
	int k;
} source;

// patches copies the windows of rows output positions from at on, each [k, k, cin], to rows of ld.
static void patches(const sslpipe_conv *c, size_t at, int rows, float *to, size_t ld) {
	int h = same_after(c->h, c->stride), w = same_after(c->w, c->stride), line = c->k * c->cin;
	int top = same_before(c->h, c->k, c->stride), left = same_before(c->w, c->k, c->stride);
	int ox = (int)(at % w), oy = (int)(at / w % h);
	size_t n = at / ((size_t)w * h);
	for (int r = 0; r < rows; r++, to += ld) {
		const float *image = c->x + n * c->h * c->w * c->cin;
		int x0 = ox * c->stride - left, first = most(0, -x0) * c->cin, last = least(c->k, c->w - x0) * c->cin;
		float *out = to;
		for (int i = 0, y = oy * c->stride - top; i < c->k; i++, y++, out += line) {
			// A row of a window is a piece of a row of the image, as far as it is inside.
			const float *in = image + ((ptrdiff_t)y * c->w + x0) * c->cin;
			int end = y >= 0 && y < c->h ? last : first;
			for (int j = 0; j < first; j++) out[j] = 0;
			for (int j = first; j < end; j++) out[j] = in[j];
			for (int j = end; j < line; j++) out[j] = 0;
		}
		if (++ox == w) {
			ox = 0;
			if (++oy == h) oy = 0, n++;
		}
	}
}

// fetch returns rows of the left-hand matrix from row at on and sets lda. Up to the next multiple of ROWS
// they can be read.
static const float *fetch(const source *s, int group, size_t at, int rows, float *buffer, size_t *lda) {
	size_t ld = roundup(s->k, LANES);
	if (s->norm != NULL) {
		activate(rows, s->k, row_of(s->norm, group), s->x + at * s->k, s->k, buffer, ld);
	} else if (s->patches != NULL) {
		patches(s->patches, at, rows, buffer, ld);
	} else if (rows % ROWS == 0) {
		*lda = s->k;
		return s->x + at * s->k;
	} else {
		for (int r = 0; r < rows; r++) memcpy(buffer + r * ld, s->x + (at + r) * s->k, sizeof(float) * s->k);
	}
	*lda = ld;
	return buffer;
}

// Forward: z = source times weights, and the sums of z.
typedef struct {
	spans s;
	source in;
	int n;
	const float *weights; // packed
	float *z;
	lazy *out;
	float *scratch; // of each worker
	size_t each;
} product;

static size_t product_scratch(const product *p, float *base, float **a, float **c, tilesums *t) {
	arena m = {.base = base};
	*a = take(&m, (size_t)p->s.tile * roundup(p->in.k, LANES));
	*c = take(&m, (size_t)p->s.tile * roundup(p->n, LANES));
	*t = tilesums_take(&m, p->n);
	return m.used;
}

static void product_task(void *job, int chunk, int worker) {
	product *p = job;
	float *a, *c;
	tilesums t;
	product_scratch(p, p->scratch + worker * p->each, &a, &c, &t);
	size_t count, at = span_at(&p->s, chunk, &count), ldc = roundup(p->n, LANES), lda;
	double *sums = p->out->sums + (size_t)chunk * 2 * p->n;
	float *shift = p->out->shift + (size_t)chunk * p->n;
	int group = chunk / p->s.each;
	begin(t, p->n, sums);
	for (size_t done = 0; done < count; done += p->s.tile) {
		int rows = tile_of(&p->s, count - done);
		const float *left = fetch(&p->in, group, at + done, rows, a, &lda);
		size_t k4 = sizeof(float) * p->in.k;
		ahead next = {{(const char *)(p->in.x + (at + done + rows) * p->in.k)}, {p->in.patches == NULL ? tile_of(&p->s, count - done - rows) * k4 : 0}};
		multiply(rows, p->in.k, p->n, left, lda, p->weights, c, ldc, next);
		if (done == 0) memcpy(shift, c, sizeof(float) * p->n);
		gather(rows, p->n, c, ldc, p->z + (at + done) * p->n, shift, t);
		flush(t, p->n, sums);
	}
}

// Backward: out of g, the gradient of the output, those of the input and of the weights.
typedef struct {
	spans s;
	source in;
	int n;
	const float *g, *z; // [rows, n]
	const lazy *out;
	int clipped;          // the output, g not being masked yet
	const float *weights; // packed and transposed
	float *dx;            // [rows, k]: masked where in is normalised, with its sums in in.norm
	lazy *sums;           // of in.norm; NULL where the input is not normalised
	const float *add;     // to dx
	float *dz;            // [rows, roundup(n)], kept if not NULL
	float *dw;            // [chunks, k, roundup(n)], summed up for each chunk if not NULL
	float *scratch;
	size_t each;
} reverse;

typedef struct { float *a, *dz, *dx; tilesums t; } reverse_buffers;

static size_t reverse_scratch(const reverse *p, float *base, reverse_buffers *b) {
	arena m = {.base = base};
	b->a = take(&m, (size_t)p->s.tile * roundup(p->in.k, LANES));
	b->dz = take(&m, (size_t)p->s.tile * roundup(p->n, LANES));
	b->dx = take(&m, (size_t)p->s.tile * roundup(p->in.k, LANES));
	b->t = tilesums_take(&m, p->in.k);
	return m.used;
}

// reverse_input hands on the gradient of the input, rows of which are in b->dx.
static void reverse_input(const reverse *p, const reverse_buffers *b, int group, size_t at, int rows, const float *y, size_t ldy) {
	size_t k = p->in.k, ld = roundup(k, LANES);
	if (p->sums != NULL) {
		return_gradient(rows, (int)k, row_of(p->in.norm, group), b->dx, ld, y, ldy, p->in.x + at * k, p->dx + at * k, b->t);
		return;
	}
	for (int r = 0; r < rows; r++) {
		float *to = p->dx + (at + r) * k;
		ACROSS((int)k) {
			int left = (int)k - i;
			vec v = LOAD(b->dx + r * ld + i);
			if (p->add != NULL) v += part(p->add + (at + r) * k + i, left);
			put(to + i, v, left);
		}
	}
}

static void reverse_task(void *job, int chunk, int worker) {
	reverse *p = job;
	reverse_buffers b;
	reverse_scratch(p, p->scratch + worker * p->each, &b);
	int k = p->in.k, group = chunk / p->s.each;
	size_t count, at = span_at(&p->s, chunk, &count), ldn = roundup(p->n, LANES), ldk = roundup(k, LANES), lda;
	double *sums = p->sums == NULL ? NULL : p->sums->sums + (size_t)chunk * 2 * k;
	float *dw = p->dw == NULL ? NULL : p->dw + (size_t)chunk * k * ldn;
	if (sums != NULL) begin(b.t, k, sums);
	if (dw != NULL) memset(dw, 0, sizeof(float) * k * ldn);
	for (size_t done = 0; done < count; done += p->s.tile) {
		int rows = tile_of(&p->s, count - done);
		size_t from = at + done;
		float *dz = p->dz == NULL ? b.dz : p->dz + from * ldn;
		differentiate(rows, p->clipped, p->n, row_of(p->out, group), p->g + from * p->n, p->z + from * p->n, p->n, dz, ldn);
		const float *a = NULL;
		if (p->sums != NULL || dw != NULL) a = fetch(&p->in, group, from, rows, b.a, &lda);
		if (dw != NULL) outer(rows, k, p->n, a, lda, dz, ldn, dw, ldn);
		if (p->dx == NULL) continue;
		size_t then = from + rows, more = tile_of(&p->s, count - done - rows);
		// The wider side, of which there is the most.
		ahead next = {{(const char *)(p->z + then * p->n), (const char *)(p->g + then * p->n)}, {4 * more * p->n, 4 * more * p->n}};
		if (k > p->n) next = (ahead){{(const char *)(p->in.x + then * k)}, {4 * more * k}};
		multiply(rows, p->n, k, dz, ldn, p->weights, b.dx, ldk, next);
		reverse_input(p, &b, group, from, rows, a, lda);
		if (sums != NULL) flush(b.t, k, sums);
	}
}

// The gradient of wide weights [k, n]: each task does some of the wide side's channels, over all pixels.
typedef struct {
	int wide_is_k; // else n is the wide side
	int k, n;
	size_t rows, group_rows;
	int tile;
	source in;              // if k is wide: normalised or as it is
	const float *dz;        // [rows, roundup(n)], if k is wide
	const float *g, *z;     // else
	const lazy *out;
	int clipped;
	float *dw; // [k, n]
	float *scratch;
	size_t each;
} weights;

enum { SLICE = 96, LONG = 256 };

static size_t weights_scratch(const weights *p, float *base, float **tile, float **sum) {
	arena m = {.base = base};
	*tile = take(&m, (size_t)LONG * roundup(SLICE, LANES));
	*sum = take(&m, p->wide_is_k ? (size_t)SLICE * roundup(p->n, LANES) : (size_t)p->k * roundup(SLICE, LANES));
	return m.used;
}

INLINE row row_from(row p, int channel) {
	return (row){p.scale + channel, p.mean + channel, p.beta + channel, p.slope + channel, p.constant + channel};
}

static void weights_task(void *job, int slice, int worker) {
	weights *p = job;
	float *tile, *sum;
	weights_scratch(p, p->scratch + worker * p->each, &tile, &sum);
	int first = slice * SLICE, wide = p->wide_is_k ? p->k : p->n, c = least(SLICE, wide - first);
	int k = p->wide_is_k ? c : p->k, n = p->wide_is_k ? p->n : c;
	size_t ldn = roundup(n, LANES), ldt = roundup(c, LANES);
	memset(sum, 0, sizeof(float) * k * ldn);
	for (size_t at = 0; at < p->rows;) {
		int group = (int)(at / p->group_rows);
		size_t end = (group + 1) * p->group_rows;
		int rows = (int)(end - at < LONG ? end - at : LONG);
		if (!p->wide_is_k) {
			differentiate(rows, p->clipped, c, row_from(row_of(p->out, group), first), p->g + at * p->n + first, p->z + at * p->n + first, p->n, tile, ldt);
			outer(rows, k, n, p->in.x + at * p->k, p->k, tile, ldt, sum, ldn);
		} else if (p->in.norm != NULL) {
			activate(rows, c, row_from(row_of(p->in.norm, group), first), p->in.x + at * p->k + first, p->k, tile, ldt);
			outer(rows, k, n, tile, ldt, p->dz + at * ldn, ldn, sum, ldn);
		} else {
			outer(rows, k, n, p->in.x + at * p->k + first, p->k, p->dz + at * ldn, ldn, sum, ldn);
		}
		at += rows;
	}
	float *to = p->wide_is_k ? p->dw + (size_t)first * p->n : p->dw + first;
	for (int r = 0; r < k; r++) {
		ACROSS(n) put(to + (size_t)r * p->n + i, LOAD(sum + r * ldn + i), n - i);
	}
}

// The sums of the gradient of a batch-norm's output.
typedef struct {
	spans s;
	const float *dy, *z;
	lazy *norm;
	int clipped;
	float *scratch;
	size_t each;
} summing;

static void summing_task(void *job, int chunk, int worker) {
	summing *p = job;
	arena m = {.base = p->scratch + worker * p->each};
	int c = p->norm->c;
	tilesums t = tilesums_take(&m, c);
	double *sums = p->norm->sums + (size_t)chunk * 2 * c;
	size_t count, at = span_at(&p->s, chunk, &count);
	begin(t, c, sums);
	for (size_t done = 0; done < count; done += p->s.tile) {
		int rows = tile_of(&p->s, count - done);
		size_t from = (at + done) * c;
		sum_gradient(rows, p->clipped, c, row_of(p->norm, chunk / p->s.each), p->dy + from, p->z + from, t);
		flush(t, c, sums);
	}
}

// The last step of a layer: y = norm(z), clipped or with x added.
typedef struct {
	spans s;
	const float *z, *add;
	const lazy *norm;
	int clipped;
	float *y;
} finishing;

static void finishing_task(void *job, int chunk, int worker) {
	(void)worker;
	finishing *p = job;
	int c = p->norm->c;
	size_t count, at = span_at(&p->s, chunk, &count);
	row w = row_of(p->norm, chunk / p->s.each);
	for (size_t r = at; r < at + count; r++) {
		ACROSS(c) {
			int left = c - i;
			vec v = (part(p->z + r * c + i, left) - part(w.mean + i, left)) * part(w.scale + i, left) + part(w.beta + i, left);
			if (p->clipped) v = clip(v);
			if (p->add != NULL) v += part(p->add + r * c + i, left);
			put(p->y + r * c + i, v, left);
		}
	}
}
