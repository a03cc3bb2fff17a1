// Attention, one example and head after the other, some queries at a time; part of body.h.

enum { QUERIES = 48 }; // of a tile: a multiple of ROWS

typedef struct {
	const sslpipe_attention *l;
	float scale;
	float *scratch;
	size_t each;
} attending;

// What a worker needs: packed keys and values, and tiles [QUERIES, d] and [QUERIES, length].
typedef struct {
	size_t ldd, lds;
	float *hidden;                 // [length]: 0, or what hides a key
	int visible;                   // the first key that is not hidden
	float *keys, *values;          // packed, transposed to [d, length]
	float *across;                 // packed [length, d]: values in the forward pass, keys in the backward one
	float *q, *out, *s;            // scaled queries, results, weights
	float *dout, *ds, *dk, *dv;    // of the backward pass alone
} attention_buffers;

static size_t attention_take(const sslpipe_attention *l, int backward, float *base, attention_buffers *b) {
	arena m = {.base = base};
	// Padding keeps rows from competing for the same places of a cache.
	b->ldd = roundup(l->d, COLUMNS) + APART;
	b->lds = roundup(l->length, COLUMNS) + APART;
	b->hidden = take(&m, b->lds);
	b->keys = take(&m, packed(l->d, l->length));
	b->across = take(&m, packed(l->length, l->d));
	b->q = take(&m, QUERIES * b->ldd);
	b->out = take(&m, QUERIES * b->ldd);
	b->s = take(&m, QUERIES * b->lds);
	if (!backward) return m.used;
	b->values = take(&m, packed(l->d, l->length));
	b->dout = take(&m, QUERIES * b->ldd);
	b->ds = take(&m, QUERIES * b->lds);
	b->dk = take(&m, l->length * b->ldd);
	b->dv = take(&m, l->length * b->ldd);
	return m.used;
}

// Where the numbers of an example and head begin, those of a position being ld apart, and the sums of its rows.
typedef struct { size_t at, row, ld; } place;

INLINE place place_of(const sslpipe_attention *l, int task) {
	size_t example = task / l->heads, head = task % l->heads;
	return (place){(example * l->length * l->heads + head) * l->d, (size_t)task * l->length, (size_t)l->heads * l->d};
}

// load copies rows of d floats, ld apart, to a tile, times scale.
static void load(int rows, int d, const float *from, size_t ld, float scale, float *to, size_t ldd) {
	for (int r = 0; r < rows; r++) {
		for (size_t i = 0; i < ldd; i += LANES) {
			STORE(to + r * ldd + i, (int)i < d ? part(from + r * ld + i, d - (int)i) * splat(scale) : (vec){});
		}
	}
}

static void unload(int rows, int d, const float *from, size_t ldd, float scale, float *to, size_t ld) {
	for (int r = 0; r < rows; r++) {
		ACROSS(d) put(to + r * ld + i, LOAD(from + r * ldd + i) * splat(scale), d - i);
	}
}

// hide returns the first key that is not hidden.
static int hide(const sslpipe_attention *l, int example, float *hidden) {
	int first = l->length;
	for (int j = l->length - 1; j >= 0; j--) {
		int seen = l->present == NULL || l->present[(size_t)example * l->length + j] != 0;
		hidden[j] = seen ? 0 : -__builtin_inff();
		if (seen) first = j;
	}
	return first;
}

// The keys that rows of queries from first on see: all, or up to the last query, in whole panels.
INLINE int keys_of(const sslpipe_attention *l, int first, int rows) {
	return l->causal ? least(l->length, (int)roundup(first + rows, COLUMNS)) : l->length;
}

// mask hides keys from a query: those that are not there, unless the others come later, in which case the query sees
// all of them alike; later ones; and padding up to the end of a vector.
static void mask(const sslpipe_attention *l, int query, int keys, const attention_buffers *b, float *s) {
	int seen = l->causal ? query + 1 : l->length, end = (int)roundup(keys, LANES);
	if (b->visible >= seen) memset(s, 0, sizeof(float) * seen);
	else if (l->present != NULL) ACROSS(keys) STORE(s + i, LOAD(s + i) + LOAD(b->hidden + i));
	for (int j = seen; j < end; j++) s[j] = -__builtin_inff();
}

// soften turns a row into exp(s - its largest), and returns what that has to be multiplied by; log_sum is that of exp(s).
static float soften(int keys, float *s, float *log_sum) {
	vec high = splat(-__builtin_inff()), sum = {};
	ACROSS(keys) high = VMAX(high, LOAD(s + i));
	float peak = largest_of(high);
	ACROSS(keys) {
		vec e = exponential(LOAD(s + i) - splat(peak));
		STORE(s + i, e);
		sum += e;
	}
	float total = sum_of(sum);
	*log_sum = peak + logarithm(splat(total))[0];
	return 1 / total;
}

static void attention_ahead(void *job, int task, int worker) {
	attending *p = job;
	const sslpipe_attention *l = p->l;
	attention_buffers b;
	attention_take(l, 0, p->scratch + worker * p->each, &b);
	place o = place_of(l, task);
	b.visible = hide(l, task / l->heads, b.hidden);
	pack(l->d, l->length, l->k + o.at, 1, o.ld, b.keys);
	pack(l->length, l->d, l->v + o.at, o.ld, 1, b.across);
	for (int first = 0; first < l->length; first += QUERIES) {
		int rows = least(QUERIES, l->length - first), keys = keys_of(l, first, rows);
		load(rows, l->d, l->q + o.at + first * o.ld, o.ld, p->scale, b.q, b.ldd);
		accumulate(0, rows, l->d, keys, b.q, b.ldd, b.keys, l->d, b.s, b.lds);
		float share[QUERIES];
		for (int r = 0; r < rows; r++) {
			mask(l, first + r, keys, &b, b.s + r * b.lds);
			share[r] = soften(keys, b.s + r * b.lds, &l->sums[o.row + first + r]);
		}
		accumulate(0, rows, keys, l->d, b.s, b.lds, b.across, l->length, b.out, b.ldd);
		for (int r = 0; r < rows; r++) unload(1, l->d, b.out + r * b.ldd, b.ldd, share[r], l->y + o.at + (first + r) * o.ld, o.ld);
	}
}

static void run_attending(memory *m, const sslpipe_attention *l, int backward, void (*task)(void *, int, int)) {
	attention_buffers b;
	attending p = {.l = l, .scale = 1 / __builtin_sqrtf(l->d)};
	p.scratch = workers(m, attention_take(l, backward, NULL, &b));
	p.each = m->each;
	if (!counting(m)) sslpipe_parallel(l->n * l->heads, m->threads, task, &p);
}

static void attention_forward(const void *layer, memory *m) { run_attending(m, layer, 0, attention_ahead); }

// weigh turns a row of q*k' into weights w, and one of dy*v' into ds = w*(that - sum of w*that).
static void weigh(int keys, float log_sum, float *s, float *ds) {
	vec sum = {};
	ACROSS(keys) {
		vec w = first_of(exponential(LOAD(s + i) - splat(log_sum)), keys - i);
		STORE(s + i, w);
		sum += w * LOAD(ds + i);
	}
	vec level = splat(sum_of(sum));
	ACROSS(keys) STORE(ds + i, LOAD(s + i) * (LOAD(ds + i) - level));
}

// attention_tile adds to dk and dv what comes of some queries, and writes dq.
static void attention_tile(const attending *p, const attention_buffers *b, place o, int first, int rows) {
	const sslpipe_attention *l = p->l;
	int keys = keys_of(l, first, rows);
	load(rows, l->d, l->q + o.at + first * o.ld, o.ld, p->scale, b->q, b->ldd);
	load(rows, l->d, l->dy + o.at + first * o.ld, o.ld, 1, b->dout, b->ldd);
	accumulate(0, rows, l->d, keys, b->q, b->ldd, b->keys, l->d, b->s, b->lds);
	accumulate(0, rows, l->d, keys, b->dout, b->ldd, b->values, l->d, b->ds, b->lds);
	for (int r = 0; r < rows; r++) {
		float *s = b->s + r * b->lds;
		mask(l, first + r, keys, b, s);
		weigh(keys, l->sums[o.row + first + r], s, b->ds + r * b->lds);
	}
	accumulate(0, rows, keys, l->d, b->ds, b->lds, b->across, l->length, b->out, b->ldd);
	if (l->dq != NULL) unload(rows, l->d, b->out, b->ldd, p->scale, l->dq + o.at + first * o.ld, o.ld);
	outer(rows, keys, l->d, b->ds, b->lds, b->q, b->ldd, b->dk, b->ldd);
	outer(rows, keys, l->d, b->s, b->lds, b->dout, b->ldd, b->dv, b->ldd);
}

static void attention_back(void *job, int task, int worker) {
	attending *p = job;
	const sslpipe_attention *l = p->l;
	attention_buffers b;
	attention_take(l, 1, p->scratch + worker * p->each, &b);
	place o = place_of(l, task);
	b.visible = hide(l, task / l->heads, b.hidden);
	pack(l->d, l->length, l->k + o.at, 1, o.ld, b.keys);
	pack(l->d, l->length, l->v + o.at, 1, o.ld, b.values);
	pack(l->length, l->d, l->k + o.at, o.ld, 1, b.across);
	memset(b.dk, 0, sizeof(float) * l->length * b.ldd);
	memset(b.dv, 0, sizeof(float) * l->length * b.ldd);
	for (int first = 0; first < l->length; first += QUERIES) attention_tile(p, &b, o, first, least(QUERIES, l->length - first));
	unload(l->length, l->d, b.dk, b.ldd, 1, l->dk + o.at, o.ld);
	unload(l->length, l->d, b.dv, b.ldd, 1, l->dv + o.at, o.ld);
}

static void attention_backward(const void *layer, memory *m) { run_attending(m, layer, 1, attention_back); }

size_t NAME(attention_scratch)(const sslpipe_attention *l, int threads, int backward) {
	memory m;
	return floats_of(backward ? attention_backward : attention_forward, l, threads, &m);
}

void NAME(attention_forward)(const sslpipe_attention *l, int threads, float *scratch) { walk_with(attention_forward, l, threads, scratch); }
void NAME(attention_backward)(const sslpipe_attention *l, int threads, float *scratch) { walk_with(attention_backward, l, threads, scratch); }
