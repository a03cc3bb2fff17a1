// Products of matrices with what follows them; part of body.h.

enum {
	TALL = 96,   // rows of a tile of a product: a multiple of ROWS
	WIDE = 256,  // its columns
	DEEP = 256,  // how much of the common side is done at a time
	SLOPE = 128, // rows of both sides of a product over rows that are done at a time
	APART = 16,  // floats between rows of a tile, so that these do not compete for the same places of a cache
};

INLINE int parts_of(size_t size, int part) { return (int)((size + part - 1) / part); }

// accumulate writes to c [rows, n] the product of a [rows, k] with panels of depth rows, or adds it. Rows of a are
// read, and those of c written, as by multiply.
static void accumulate(int add, int rows, int k, int n, const float *a, size_t lda, const float *b, int depth, float *c, size_t ldc) {
	for (int left = 0; left < n; left += COLUMNS) {
		const float *panel = b + (size_t)left * depth;
		float *to = c + left;
		if (n - left > LANES && add) {
			for (int r = 0; r < rows; r += ROWS) block(ROWS, 2, 1, k, a + r * lda, lda, 1, panel, COLUMNS, to + r * ldc, ldc);
		} else if (n - left > LANES) {
			for (int r = 0; r < rows; r += ROWS) block(ROWS, 2, 0, k, a + r * lda, lda, 1, panel, COLUMNS, to + r * ldc, ldc);
		} else if (add) {
			for (int r = 0; r < rows; r += ROWS) block(ROWS, 1, 1, k, a + r * lda, lda, 1, panel, LANES, to + r * ldc, ldc);
		} else {
			for (int r = 0; r < rows; r += ROWS) block(ROWS, 1, 0, k, a + r * lda, lda, 1, panel, LANES, to + r * ldc, ldc);
		}
	}
}

// A right-hand matrix [k, n] in panels: DEEP rows after DEEP rows.
typedef struct {
	int k, n;
	const float *b;
	size_t down, across; // floats to the next row and column
	float *out;
} packing;

static void packing_task(void *job, int task, int worker) {
	(void)worker;
	packing *p = job;
	int groups = parts_of(p->n, WIDE), top = task / groups * DEEP, left = task % groups * WIDE;
	int k = least(DEEP, p->k - top), n = least(WIDE, p->n - left);
	pack(k, n, p->b + top * p->down + left * p->across, p->down, p->across, p->out + top * roundup(p->n, LANES) + (size_t)left * k);
}

static const float *run_packing(memory *m, packing p) {
	p.out = take(&m->all, packed(p.k, p.n));
	if (!counting(m)) sslpipe_parallel(parts_of(p.k, DEEP) * parts_of(p.n, WIDE), m->threads, packing_task, &p);
	return p.out;
}

// y = f(a*b + bias) + residual.
typedef struct {
	size_t rows;
	int k, n, gelu;
	const float *a, *packed, *bias, *residual;
	float *z, *y;
	float *scratch; // of each worker
	size_t each;
} affine;

static size_t affine_scratch(float *base, float **a, float **c) {
	arena m = {.base = base};
	*a = take(&m, TALL * (DEEP + APART));
	*c = take(&m, TALL * (WIDE + APART));
	return m.used;
}

// finish writes a row of a tile, c, that begins at column left.
INLINE void finish(const affine *p, const int curved, size_t row, int left, int width, const float *c) {
	size_t at = row * p->n + left;
	ACROSS(width) {
		int rest = width - i;
		vec v = LOAD(c + i);
		if (p->bias != NULL) v += part(p->bias + left + i, rest);
		if (curved) {
			put(p->z + at + i, v, rest);
			v = gelu(v);
		}
		if (p->residual != NULL) v += part(p->residual + at + i, rest);
		put(p->y + at + i, v, rest);
	}
}

static void affine_task(void *job, int task, int worker) {
	affine *p = job;
	float *a, *c;
	affine_scratch(p->scratch + worker * p->each, &a, &c);
	int groups = parts_of(p->n, WIDE), left = task % groups * WIDE, width = least(WIDE, p->n - left);
	size_t at = (size_t)(task / groups) * TALL;
	int rows = p->rows - at < TALL ? (int)(p->rows - at) : TALL;
	for (int top = 0; top < p->k; top += DEEP) {
		int k = least(DEEP, p->k - top);
		for (int r = 0; r < rows; r++) memcpy(a + r * (DEEP + APART), p->a + (at + r) * p->k + top, sizeof(float) * k);
		const float *panels = p->packed + top * roundup(p->n, LANES) + (size_t)left * k;
		accumulate(top > 0, rows, k, width, a, DEEP + APART, panels, k, c, WIDE + APART);
	}
	for (int r = 0; r < rows; r++) {
		if (p->gelu) finish(p, 1, at + r, left, width, c + r * (WIDE + APART));
		else finish(p, 0, at + r, left, width, c + r * (WIDE + APART));
	}
}

static void run_affine(memory *m, affine p) {
	float *a, *c;
	p.scratch = workers(m, affine_scratch(NULL, &a, &c));
	p.each = m->each;
	if (!counting(m)) sslpipe_parallel(parts_of(p.rows, TALL) * parts_of(p.n, WIDE), m->threads, affine_task, &p);
}

// ---- Products over rows ----

// c [k, n] = a [rows, k], transposed, times b [rows, n]. A task does some of k and n over some of the rows; if there
// are several chunks of rows, their sums are added up at the end.
typedef struct {
	size_t rows, chunk; // rows of a chunk
	int k, n, high, wide, chunks; // high, wide: of a task's part of c
	const float *a, *b;
	float *c;
	size_t ldc;
	float *scratch;
	size_t each;
} crossing;

// Floats of the strips of the left side, and of its part of the result.
static size_t crossing_scratch(const crossing *p, float *base, float **strips, float **panels, float **c) {
	arena m = {.base = base};
	*strips = take(&m, (size_t)p->high / ROWS * (SLOPE * ROWS + APART));
	*panels = take(&m, (size_t)SLOPE * roundup(p->wide, LANES));
	*c = take(&m, (size_t)p->high * (roundup(p->wide, LANES) + APART));
	return m.used;
}

// strip copies rows of k columns, ld apart, to strips of ROWS columns. So many floats from a on can be read.
static void strip(int rows, int k, const float *a, size_t ld, size_t readable, float *strips) {
	enum { LONG_ROW = (ROWS + LANES - 1) / LANES * LANES };
	for (int r = 0; r < rows; r++, a += ld) {
		float *to = strips + r * ROWS;
		for (int i = 0; i < k; i += ROWS, to += SLOPE * ROWS + APART) {
			// What is too much is overwritten by the next row.
			if (r * ld + i + LONG_ROW <= readable) {
				UNROLL
				for (int j = 0; j < LONG_ROW; j += LANES) STORE(to + j, LOAD(a + i + j));
			} else {
				for (int j = 0; j < ROWS; j++) to[j] = i + j < k ? a[i + j] : 0;
			}
		}
	}
}

static void crossing_task(void *job, int task, int worker) {
	crossing *p = job;
	float *strips, *panels, *c;
	crossing_scratch(p, p->scratch + worker * p->each, &strips, &panels, &c);
	int across = parts_of(p->n, p->wide), down = parts_of(p->k, p->high);
	int left = task % across * p->wide, top = task / across % down * p->high, chunk = task / across / down;
	int k = least(p->high, p->k - top), n = least(p->wide, p->n - left);
	size_t ldc = roundup(p->wide, LANES) + APART, end = (chunk + 1) * p->chunk < p->rows ? (chunk + 1) * p->chunk : p->rows;
	for (size_t at = chunk * p->chunk, first = at; at < end; at += SLOPE) {
		int rows = end - at < SLOPE ? (int)(end - at) : SLOPE;
		strip(rows, k, p->a + at * p->k + top, p->k, (p->rows - at) * p->k - top, strips);
		pack(rows, n, p->b + at * p->n + left, p->n, 1, panels);
		for (int i = 0; i < n; i += COLUMNS) {
			const float *panel = panels + (size_t)i * rows, *from = strips;
			for (int r = 0; r < k; r += ROWS, from += SLOPE * ROWS + APART) {
				float *to = c + r * ldc + i;
				if (n - i > LANES && at > first) block(ROWS, 2, 1, rows, from, 1, ROWS, panel, COLUMNS, to, ldc);
				else if (n - i > LANES) block(ROWS, 2, 0, rows, from, 1, ROWS, panel, COLUMNS, to, ldc);
				else if (at > first) block(ROWS, 1, 1, rows, from, 1, ROWS, panel, LANES, to, ldc);
				else block(ROWS, 1, 0, rows, from, 1, ROWS, panel, LANES, to, ldc);
			}
		}
	}
	float *out = p->c + ((size_t)chunk * p->k + top) * p->ldc + left;
	for (int r = 0; r < k; r++) memcpy(out + r * p->ldc, c + r * ldc, sizeof(float) * n);
}

enum { ENOUGH = 12 }; // tasks, for the threads of a small machine to end at the same time

// run_crossing writes dw [k, n].
static void run_crossing(memory *m, size_t rows, int k, int n, const float *a, const float *b, float *dw) {
	crossing p = {.rows = rows, .k = k, .n = n, .a = a, .b = b, .c = dw, .ldc = n};
	size_t before = m->all.used;
	p.high = (int)roundup(parts_of(k, parts_of(k, WIDE)), ROWS);
	p.wide = (int)roundup(parts_of(n, parts_of(n, WIDE)), COLUMNS);
	int tasks = parts_of(k, p.high) * parts_of(n, p.wide);
	p.chunks = most(1, least(parts_of(ENOUGH, tasks), parts_of(rows, 2 * SLOPE)));
	p.chunk = roundup(parts_of(rows, p.chunks), SLOPE);
	p.chunks = most(1, parts_of(rows, (int)p.chunk));
	if (p.chunks > 1) {
		p.ldc = roundup(n, LANES);
		p.c = take(&m->all, (size_t)p.chunks * k * p.ldc);
	}
	float *strips, *panels, *c;
	p.scratch = workers(m, crossing_scratch(&p, NULL, &strips, &panels, &c));
	p.each = m->each;
	if (!counting(m)) {
		sslpipe_parallel(tasks * p.chunks, m->threads, crossing_task, &p);
		if (p.chunks > 1) run_adding(m, (adding){p.chunks, k, n, p.ldc, p.c, dw});
	}
	m->all.used = before;
}

// ---- The gradient of a dense layer's output ----

// dz = dy*gelu'(z), and for each chunk of rows the sums of that.
typedef struct {
	spans s;
	int n, gelu;
	const float *dy, *z;
	float *dz;   // where gelu
	float *sums; // [chunks, 1, roundup(n)], or NULL
} inward;

static void inward_task(void *job, int chunk, int worker) {
	(void)worker;
	inward *p = job;
	size_t count, at = span_at(&p->s, chunk, &count), ld = roundup(p->n, LANES);
	float *sums = p->sums == NULL ? NULL : p->sums + chunk * ld;
	if (sums != NULL) memset(sums, 0, sizeof(float) * ld);
	for (size_t r = at; r < at + count; r++) {
		size_t from = r * p->n;
		ACROSS(p->n) {
			int left = p->n - i;
			vec g = part(p->dy + from + i, left);
			if (p->gelu) {
				g *= gelu_slope(part(p->z + from + i, left));
				put(p->dz + from + i, g, left);
			}
			if (sums != NULL) STORE(sums + i, LOAD(sums + i) + g);
		}
	}
}

static void run_inward(memory *m, inward p, size_t rows, float *dbias) {
	// Chunks of few rows, since their sums are of float.
	p.s = cut(rows, 1, LONGEST, parts_of(rows, 2 * LONGEST));
	if (dbias != NULL) p.sums = take(&m->all, (size_t)p.s.chunks * roundup(p.n, LANES));
	if (counting(m) || (dbias == NULL && !p.gelu)) return;
	sslpipe_parallel(p.s.chunks, m->threads, inward_task, &p);
	if (dbias != NULL) run_adding(m, (adding){p.s.chunks, 1, p.n, roundup(p.n, LANES), p.sums, dbias});
}

// ---- The layer ----

static void dense_forward(const void *layer, memory *m) {
	const sslpipe_dense *l = layer;
	packing w = {.k = l->k, .n = l->n, .b = l->w, .down = l->transposed ? 1 : l->n, .across = l->transposed ? l->k : 1};
	run_affine(m, (affine){.rows = l->rows, .k = l->k, .n = l->n, .gelu = l->gelu, .a = l->x, .packed = run_packing(m, w),
		.bias = l->bias, .residual = l->residual, .z = l->z, .y = l->y});
}

static void dense_backward(const void *layer, memory *m) {
	const sslpipe_dense *l = layer;
	float *dz = l->gelu ? take(&m->all, l->rows * l->n) : NULL;
	const float *g = l->gelu ? dz : l->dy;
	run_inward(m, (inward){.n = l->n, .gelu = l->gelu, .dy = l->dy, .z = l->z, .dz = dz}, l->rows, l->dbias);
	if (l->dx != NULL) {
		packing w = {.k = l->n, .n = l->k, .b = l->w, .down = l->transposed ? l->k : 1, .across = l->transposed ? 1 : l->n};
		run_affine(m, (affine){.rows = l->rows, .k = l->n, .n = l->k, .a = g, .packed = run_packing(m, w), .y = l->dx});
	}
	if (l->dw == NULL) return;
	if (l->transposed) run_crossing(m, l->rows, l->n, l->k, g, l->x, l->dw);
	else run_crossing(m, l->rows, l->k, l->n, l->x, g, l->dw);
}

size_t NAME(dense_scratch)(const sslpipe_dense *l, int threads, int backward) {
	memory m;
	return floats_of(backward ? dense_backward : dense_forward, l, threads, &m);
}

void NAME(dense_forward)(const sslpipe_dense *l, int threads, float *scratch) { walk_with(dense_forward, l, threads, scratch); }
void NAME(dense_backward)(const sslpipe_dense *l, int threads, float *scratch) { walk_with(dense_backward, l, threads, scratch); }
