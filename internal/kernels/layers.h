// The layers themselves: their phases, one after the other; part of body.h.
//
// Each is walked twice, first without memory to find out how much it needs.

// The memory of one call.
typedef struct {
	int threads;
	arena all;
	float *workers; // scratch of each worker, one after the other
	size_t each;    // floats of one
} memory;

INLINE int counting(const memory *m) { return m->all.base == NULL; }

// workers returns the scratch of the workers, each of whom needs so many floats.
static float *workers(memory *m, size_t floats) {
	if (counting(m) && floats > m->each) m->each = roundup(floats, ALIGN);
	return m->workers;
}

// Walks are all of this kind.
typedef void (*walk)(const void *layer, memory *m);

static size_t floats_of(walk w, const void *layer, int threads, memory *m) {
	*m = (memory){.threads = threads};
	w(layer, m);
	return m->each * threads + m->all.peak;
}

static void walk_with(walk w, const void *layer, int threads, float *scratch) {
	memory m;
	floats_of(w, layer, threads, &m);
	m.workers = scratch;
	m.all = (arena){.base = scratch + m.each * threads};
	w(layer, &m);
}

static lazy lazy_of(memory *m, int c, int groups, size_t values) {
	lazy l = {.c = c, .groups = groups, .values = values / groups};
	lazy_take(&l, &m->all, most(CHUNKS, groups));
	return l;
}

// packed_weights is the right-hand matrix [k, n], the elements of which are so far apart.
static const float *packed_weights(memory *m, int k, int n, const float *w, size_t down, size_t across) {
	float *to = take(&m->all, packed(k, n));
	if (!counting(m)) pack(k, n, w, down, across, to);
	return to;
}

static void run_product(memory *m, product *p, const sslpipe_norm *norm, float epsilon) {
	float *a, *c;
	tilesums t;
	p->scratch = workers(m, product_scratch(p, NULL, &a, &c, &t));
	p->each = m->each;
	if (counting(m)) return;
	sslpipe_parallel(p->s.chunks, m->threads, product_task, p);
	size_t counts[p->s.chunks];
	span_counts(&p->s, counts);
	lazy_statistics(p->out, norm, p->s.chunks, counts, epsilon);
}

static void run_summing(memory *m, summing *p, const sslpipe_norm *norm, float epsilon) {
	p->scratch = workers(m, 2 * roundup(p->norm->c, ALIGN));
	p->each = m->each;
	if (counting(m)) return;
	sslpipe_parallel(p->s.chunks, m->threads, summing_task, p);
	lazy_gradients(p->norm, norm, p->s.chunks, epsilon);
}

static void run_finishing(memory *m, finishing *p) {
	if (!counting(m)) sslpipe_parallel(p->s.chunks, m->threads, finishing_task, p);
}

// A sum over chunks of the gradient of weights.
typedef struct {
	int chunks, k, n;
	size_t ld;
	const float *partial;
	float *out;
} adding;

enum { FEW = 32 }; // rows of weights that one task adds up

static void adding_task(void *job, int task, int worker) {
	(void)worker;
	adding *p = job;
	for (int r = task * FEW; r < least(p->k, (task + 1) * FEW); r++) {
		ACROSS(p->n) {
			vec sum = {};
			for (int c = 0; c < p->chunks; c++) sum += LOAD(p->partial + ((size_t)c * p->k + r) * p->ld + i);
			put(p->out + (size_t)r * p->n + i, sum, p->n - i);
		}
	}
}

static void run_adding(const memory *m, adding p) {
	sslpipe_parallel((p.k + FEW - 1) / FEW, m->threads, adding_task, &p);
}

// run_reverse runs a reverse, and writes dw [k, n], the gradient of its weights, if that is not NULL.
static void run_reverse(memory *m, reverse *p, const sslpipe_norm *in, float epsilon, float *dw) {
	int k = p->in.k, n = p->n;
	size_t rows = p->s.rows * p->s.groups, ldn = roundup(n, LANES), before = m->all.used;
	// Small gradients are summed up beside the input's, while everything is at hand.
	int beside = (size_t)k * n <= PRIVATE || p->in.patches != NULL;
	if (dw != NULL && beside) p->dw = take(&m->all, (size_t)p->s.chunks * k * ldn);
	if (dw != NULL && !beside && k >= n) p->dz = take(&m->all, rows * ldn);
	reverse_buffers b;
	workers(m, reverse_scratch(p, NULL, &b));
	weights w = {.wide_is_k = k >= n, .k = k, .n = n, .rows = rows, .group_rows = p->s.rows, .in = p->in, .dz = p->dz,
		.g = p->g, .z = p->z, .out = p->out, .clipped = p->clipped, .dw = dw};
	float *tile, *sum;
	p->scratch = w.scratch = workers(m, weights_scratch(&w, NULL, &tile, &sum));
	p->each = w.each = m->each;
	if (!counting(m)) {
		sslpipe_parallel(p->s.chunks, m->threads, reverse_task, p);
		if (p->sums != NULL) lazy_gradients(p->sums, in, p->s.chunks, epsilon);
		if (p->dw != NULL) run_adding(m, (adding){p->s.chunks, k, n, ldn, p->dw, dw});
		else if (dw != NULL) sslpipe_parallel((most(k, n) + SLICE - 1) / SLICE, m->threads, weights_task, &w);
	}
	m->all.used = before;
}

// ---- Inverted residual ----

static depthwise depthwise_of(const sslpipe_block *b, memory *m) {
	depthwise d = {.n = b->n, .h = b->h, .w = b->w, .c = b->wide, .stride = b->stride, .groups = b->groups,
		.x = b->expand ? b->z1 : b->x, .kernel = b->kernel2, .z = b->z2};
	int images = b->n / b->groups;
	int size = (images + most(1, CHUNKS / b->groups) - 1) / most(1, CHUNKS / b->groups);
	d.each = (images + size - 1) / size;
	d.chunks = d.each * b->groups;
	depthwise_buffers buffers;
	d.scratch = workers(m, depthwise_scratch(&d, NULL, &buffers));
	d.scratch_each = m->each;
	return d;
}

static void depthwise_counts(const depthwise *d, size_t *counts) {
	for (int i = 0; i < d->chunks; i++) {
		int images;
		depthwise_span(d, i, &images);
		counts[i] = (size_t)images * same_after(d->h, d->stride) * same_after(d->w, d->stride);
	}
}

// The three batch-norms of a block.
typedef struct { lazy l1, l2, l3; size_t in, out; } block_norms;

static block_norms block_norms_of(const sslpipe_block *b, memory *m) {
	block_norms n = {.in = (size_t)b->n * b->h * b->w,
		.out = (size_t)b->n * same_after(b->h, b->stride) * same_after(b->w, b->stride)};
	if (b->expand) n.l1 = lazy_of(m, b->wide, b->groups, n.in);
	n.l2 = lazy_of(m, b->wide, b->groups, n.out);
	n.l3 = lazy_of(m, b->cout, b->groups, n.out);
	return n;
}

static void block_forward(const void *layer, memory *m) {
	const sslpipe_block *b = layer;
	block_norms n = block_norms_of(b, m);
	if (b->expand) {
		product p = {.s = cut(n.in, b->groups, b->wide, CHUNKS), .in = {.x = b->x, .k = b->cin}, .n = b->wide,
			.weights = packed_weights(m, b->cin, b->wide, b->kernel1, b->wide, 1), .z = b->z1, .out = &n.l1};
		run_product(m, &p, &b->norm1, b->epsilon);
	}
	depthwise d = depthwise_of(b, m);
	d.in = b->expand ? &n.l1 : NULL;
	d.out = &n.l2;
	if (!counting(m)) {
		sslpipe_parallel(d.chunks, m->threads, depthwise_forward, &d);
		size_t counts[d.chunks];
		depthwise_counts(&d, counts);
		lazy_statistics(&n.l2, &b->norm2, d.chunks, counts, b->epsilon);
	}
	product p = {.s = cut(n.out, b->groups, b->wide, CHUNKS), .in = {.x = b->z2, .norm = &n.l2, .k = b->wide}, .n = b->cout,
		.weights = packed_weights(m, b->wide, b->cout, b->kernel3, b->cout, 1), .z = b->z3, .out = &n.l3};
	run_product(m, &p, &b->norm3, b->epsilon);
	finishing f = {.s = cut(n.out, b->groups, b->cout, CHUNKS), .z = b->z3, .add = b->residual ? b->x : NULL, .norm = &n.l3, .y = b->y};
	run_finishing(m, &f);
}

static void block_backward(const void *layer, memory *m) {
	const sslpipe_block *b = layer;
	block_norms n = block_norms_of(b, m);
	if (!counting(m)) {
		if (b->expand) lazy_scale(&n.l1, &b->norm1, b->epsilon);
		lazy_scale(&n.l2, &b->norm2, b->epsilon);
		lazy_scale(&n.l3, &b->norm3, b->epsilon);
	}
	summing s = {.s = cut(n.out, b->groups, b->cout, CHUNKS), .dy = b->dy, .z = b->z3, .norm = &n.l3};
	run_summing(m, &s, &b->norm3, b->epsilon);

	float *g2 = take(&m->all, n.out * b->wide), *g1 = b->expand ? take(&m->all, n.in * b->wide) : b->dx;
	reverse project = {.s = cut(n.out, b->groups, b->wide, CHUNKS), .in = {.x = b->z2, .norm = &n.l2, .k = b->wide}, .n = b->cout,
		.g = b->dy, .z = b->z3, .out = &n.l3, .weights = packed_weights(m, b->cout, b->wide, b->kernel3, 1, b->cout),
		.dx = g2, .sums = &n.l2};
	run_reverse(m, &project, &b->norm2, b->epsilon, b->dkernel3);

	depthwise d = depthwise_of(b, m);
	size_t before = m->all.used, ld = roundup(b->wide, LANES);
	d.in = b->expand ? &n.l1 : NULL;
	d.sums = b->expand ? &n.l1 : NULL;
	d.out = &n.l2;
	d.g = g2;
	d.dx = g1;
	d.add = !b->expand && b->residual ? b->dy : NULL;
	if (b->dkernel2 != NULL) d.dw = take(&m->all, (size_t)d.chunks * TAPS * ld);
	if (!counting(m)) {
		sslpipe_parallel(d.chunks, m->threads, depthwise_backward, &d);
		if (d.sums != NULL) lazy_gradients(d.sums, &b->norm1, d.chunks, b->epsilon);
		if (d.dw != NULL) run_adding(m, (adding){d.chunks, TAPS, b->wide, ld, d.dw, b->dkernel2});
	}
	m->all.used = before;
	if (!b->expand) return;
	reverse expand = {.s = cut(n.in, b->groups, b->wide, CHUNKS), .in = {.x = b->x, .k = b->cin}, .n = b->wide,
		.g = g1, .z = b->z1, .out = &n.l1, .weights = packed_weights(m, b->wide, b->cin, b->kernel1, 1, b->wide),
		.dx = b->dx, .add = b->residual ? b->dy : NULL};
	run_reverse(m, &expand, NULL, b->epsilon, b->dkernel1);
}

// ---- Convolution ----

static source conv_source(const sslpipe_conv *c) {
	int dense = c->k == 1 && c->stride == 1;
	return (source){.x = c->x, .patches = dense ? NULL : c, .k = c->k * c->k * c->cin};
}

INLINE size_t conv_rows(const sslpipe_conv *c) {
	return (size_t)c->n * same_after(c->h, c->stride) * same_after(c->w, c->stride);
}

static void conv_forward(const void *layer, memory *m) {
	const sslpipe_conv *c = layer;
	source in = conv_source(c);
	size_t rows = conv_rows(c);
	lazy l = lazy_of(m, c->cout, c->groups, rows);
	product p = {.s = cut(rows, c->groups, most(in.k, c->cout), CHUNKS), .in = in, .n = c->cout,
		.weights = packed_weights(m, in.k, c->cout, c->kernel, c->cout, 1), .z = c->z, .out = &l};
	run_product(m, &p, &c->norm, c->epsilon);
	finishing f = {.s = cut(rows, c->groups, c->cout, CHUNKS), .z = c->z, .norm = &l, .clipped = 1, .y = c->y};
	run_finishing(m, &f);
}

// The gradient of the input of a convolution of patches, image by image: every position is in several patches.
typedef struct {
	const sslpipe_conv *c;
	const lazy *norm;
	const float *weights; // packed and transposed
	float *scratch;
	size_t each;
} scattering;

static size_t scattering_scratch(const scattering *p, float *base, float **dz, float **patches) {
	arena m = {.base = base};
	*dz = take(&m, (size_t)ROWS * roundup(p->c->cout, LANES));
	*patches = take(&m, (size_t)ROWS * roundup(p->c->k * p->c->k * p->c->cin, LANES));
	return m.used;
}

// scatter adds a patch to the image that it is from.
static void scatter(const sslpipe_conv *c, int at, const float *from, float *image) {
	int w = same_after(c->w, c->stride);
	int y0 = at / w * c->stride - same_before(c->h, c->k, c->stride), x0 = at % w * c->stride - same_before(c->w, c->k, c->stride);
	for (int y = y0; y < y0 + c->k; y++) {
		for (int x = x0; x < x0 + c->k; x++, from += c->cin) {
			if (y < 0 || y >= c->h || x < 0 || x >= c->w) continue;
			for (int i = 0; i < c->cin; i++) image[((size_t)y * c->w + x) * c->cin + i] += from[i];
		}
	}
}

static void scattering_task(void *job, int n, int worker) {
	scattering *p = job;
	const sslpipe_conv *c = p->c;
	float *dz, *patches, *image = c->dx + (size_t)n * c->h * c->w * c->cin;
	scattering_scratch(p, p->scratch + worker * p->each, &dz, &patches);
	int k = c->k * c->k * c->cin, positions = same_after(c->h, c->stride) * same_after(c->w, c->stride);
	size_t ldn = roundup(c->cout, LANES), ldk = roundup(k, LANES);
	memset(image, 0, sizeof(float) * c->h * c->w * c->cin);
	for (int at = 0; at < positions; at += ROWS) {
		int rows = least(ROWS, positions - at);
		size_t from = ((size_t)n * positions + at) * c->cout;
		differentiate(rows, 1, c->cout, row_of(p->norm, n / (c->n / c->groups)), c->dy + from, c->z + from, c->cout, dz, ldn);
		multiply(rows, c->cout, k, dz, ldn, p->weights, patches, ldk, (ahead){0});
		for (int r = 0; r < rows; r++) scatter(c, at + r, patches + r * ldk, image);
	}
}

static void conv_backward(const void *layer, memory *m) {
	const sslpipe_conv *c = layer;
	source in = conv_source(c);
	size_t rows = conv_rows(c);
	lazy l = lazy_of(m, c->cout, c->groups, rows);
	if (!counting(m)) lazy_scale(&l, &c->norm, c->epsilon);
	summing s = {.s = cut(rows, c->groups, c->cout, CHUNKS), .dy = c->dy, .z = c->z, .norm = &l, .clipped = 1};
	run_summing(m, &s, &c->norm, c->epsilon);
	const float *transposed = packed_weights(m, c->cout, in.k, c->kernel, 1, c->cout);
	reverse p = {.s = cut(rows, c->groups, most(in.k, c->cout), CHUNKS), .in = in, .n = c->cout, .g = c->dy, .z = c->z,
		.out = &l, .clipped = 1, .weights = transposed, .dx = in.patches == NULL ? c->dx : NULL};
	run_reverse(m, &p, NULL, c->epsilon, c->dkernel);
	if (in.patches == NULL || c->dx == NULL) return;
	scattering q = {.c = c, .norm = &l, .weights = transposed};
	float *dz, *patches;
	q.scratch = workers(m, scattering_scratch(&q, NULL, &dz, &patches));
	q.each = m->each;
	if (!counting(m)) sslpipe_parallel(c->n, m->threads, scattering_task, &q);
}

// ---- What the others see ----

size_t NAME(conv_scratch)(const sslpipe_conv *c, int threads, int backward) {
	memory m;
	return floats_of(backward ? conv_backward : conv_forward, c, threads, &m);
}

size_t NAME(block_scratch)(const sslpipe_block *b, int threads, int backward) {
	memory m;
	return floats_of(backward ? block_backward : block_forward, b, threads, &m);
}

void NAME(conv_forward)(const sslpipe_conv *c, int threads, float *scratch) { walk_with(conv_forward, c, threads, scratch); }
void NAME(conv_backward)(const sslpipe_conv *c, int threads, float *scratch) { walk_with(conv_backward, c, threads, scratch); }
void NAME(block_forward)(const sslpipe_block *b, int threads, float *scratch) { walk_with(block_forward, b, threads, scratch); }
void NAME(block_backward)(const sslpipe_block *b, int threads, float *scratch) { walk_with(block_backward, b, threads, scratch); }
