// Adam; part of body.h.

// Values of several variables, cut into pieces of PIECE.
typedef struct {
	const sslpipe_adam *variables;
	int count;
} adam;

enum { PIECE = 1 << 14 };

static int pieces(const sslpipe_adam *a) { return (int)((a->size + PIECE - 1) / PIECE); }

static void adam_values(const sslpipe_adam *a, size_t from, size_t to) {
	vec beta1 = splat(1 - a->beta1), beta2 = splat(1 - a->beta2);
	vec rate = splat(a->rate), decay = splat(a->decay), epsilon = splat(a->epsilon);
	for (size_t i = from; i < to; i += LANES) {
		int left = (int)(to - i);
		vec g = part(a->g + i, left), m = part(a->m + i, left), v = part(a->v + i, left), w = part(a->w + i, left);
		m += (g - m) * beta1;
		v += (g * g - v) * beta2;
		w -= w * decay;
		w -= m * rate / (VSQRT(v) + epsilon);
		put(a->m + i, m, left);
		put(a->v + i, v, left);
		put(a->w + i, w, left);
	}
}

static void adam_task(void *job, int task, int worker) {
	(void)worker;
	adam *p = job;
	const sslpipe_adam *a = p->variables;
	for (; task >= pieces(a); a++) task -= pieces(a);
	size_t from = (size_t)task * PIECE;
	adam_values(a, from, from + PIECE < a->size ? from + PIECE : a->size);
}

void NAME(adam_apply)(const sslpipe_adam *variables, int count, int threads) {
	adam a = {variables, count};
	int tasks = 0;
	for (int i = 0; i < count; i++) tasks += pieces(&variables[i]);
	sslpipe_parallel(tasks, threads, adam_task, &a);
}
