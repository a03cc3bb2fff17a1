// Layer-norm; part of body.h.

typedef struct {
	spans s;
	const sslpipe_layernorm *l;
	float *dgamma, *dbeta; // [chunks, 1, roundup(c)], or NULL
} normalising;

static spans layernorm_spans(const sslpipe_layernorm *l) { return cut(l->rows, 1, l->c, parts_of(l->rows, 2 * LONGEST)); }

// The mean of a row, and 1/sqrt(var + epsilon).
INLINE void row_statistics(const sslpipe_layernorm *l, const float *x, float *mean, float *inverse) {
	vec sum = {}, squares = {};
	ACROSS(l->c) sum += part(x + i, l->c - i);
	*mean = sum_of(sum) / l->c;
	ACROSS(l->c) {
		vec d = first_of(part(x + i, l->c - i) - splat(*mean), l->c - i);
		squares += d * d;
	}
	*inverse = 1 / __builtin_sqrtf(sum_of(squares) / l->c + l->epsilon);
}

static void layernorm_rows(void *job, int chunk, int worker) {
	(void)worker;
	normalising *p = job;
	const sslpipe_layernorm *l = p->l;
	size_t count, at = span_at(&p->s, chunk, &count);
	for (size_t r = at; r < at + count; r++) {
		const float *x = l->x + r * l->c;
		row_statistics(l, x, &l->mean[r], &l->inverse[r]);
		vec mean = splat(l->mean[r]), inverse = splat(l->inverse[r]);
		ACROSS(l->c) {
			int left = l->c - i;
			put(l->y + r * l->c + i, (part(x + i, left) - mean) * inverse * part(l->gamma + i, left) + part(l->beta + i, left), left);
		}
	}
}

static void layernorm_forward(const void *layer, memory *m) {
	normalising p = {.l = layer};
	if (counting(m)) return;
	p.s = layernorm_spans(p.l);
	sslpipe_parallel(p.s.chunks, m->threads, layernorm_rows, &p);
}

// With g = gamma*dy and x' = (x - mean)*inverse, dx = inverse*(g - mean(g) - x'*mean(g*x')).
INLINE void layernorm_row_back(const sslpipe_layernorm *l, size_t r, float *dgamma, float *dbeta) {
	const float *x = l->x + r * l->c, *dy = l->dy + r * l->c;
	vec mean = splat(l->mean[r]), inverse = splat(l->inverse[r]), sum = {}, cross = {};
	ACROSS(l->c) {
		int left = l->c - i;
		vec d = part(dy + i, left), g = d * part(l->gamma + i, left), centred = (part(x + i, left) - mean) * inverse;
		sum += g;
		cross += g * centred;
		if (dgamma != NULL) STORE(dgamma + i, LOAD(dgamma + i) + d * centred);
		if (dbeta != NULL) STORE(dbeta + i, LOAD(dbeta + i) + d);
	}
	if (l->dx == NULL) return;
	vec level = splat(sum_of(sum) / l->c), slope = splat(sum_of(cross) / l->c);
	ACROSS(l->c) {
		int left = l->c - i;
		vec g = part(dy + i, left) * part(l->gamma + i, left), centred = (part(x + i, left) - mean) * inverse;
		put(l->dx + r * l->c + i, (g - level - centred * slope) * inverse, left);
	}
}

static void layernorm_rows_back(void *job, int chunk, int worker) {
	(void)worker;
	normalising *p = job;
	size_t count, at = span_at(&p->s, chunk, &count), ld = roundup(p->l->c, LANES);
	float *dgamma = p->dgamma == NULL ? NULL : p->dgamma + chunk * ld, *dbeta = p->dbeta == NULL ? NULL : p->dbeta + chunk * ld;
	if (dgamma != NULL) memset(dgamma, 0, sizeof(float) * ld);
	if (dbeta != NULL) memset(dbeta, 0, sizeof(float) * ld);
	for (size_t r = at; r < at + count; r++) layernorm_row_back(p->l, r, dgamma, dbeta);
}

static void layernorm_backward(const void *layer, memory *m) {
	normalising p = {.l = layer};
	const sslpipe_layernorm *l = layer;
	size_t ld = roundup(l->c, LANES);
	p.s = layernorm_spans(l);
	if (l->dgamma != NULL) p.dgamma = take(&m->all, p.s.chunks * ld);
	if (l->dbeta != NULL) p.dbeta = take(&m->all, p.s.chunks * ld);
	if (counting(m)) return;
	sslpipe_parallel(p.s.chunks, m->threads, layernorm_rows_back, &p);
	if (l->dgamma != NULL) run_adding(m, (adding){p.s.chunks, 1, l->c, ld, p.dgamma, l->dgamma});
	if (l->dbeta != NULL) run_adding(m, (adding){p.s.chunks, 1, l->c, ld, p.dbeta, l->dbeta});
}

size_t NAME(layernorm_scratch)(const sslpipe_layernorm *l, int threads, int backward) {
	memory m;
	return floats_of(backward ? layernorm_backward : layernorm_forward, l, threads, &m);
}

void NAME(layernorm_forward)(const sslpipe_layernorm *l, int threads, float *scratch) { walk_with(layernorm_forward, l, threads, scratch); }
void NAME(layernorm_backward)(const sslpipe_layernorm *l, int threads, float *scratch) { walk_with(layernorm_backward, l, threads, scratch); }
