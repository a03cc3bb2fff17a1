// What a vocabulary needs: the cross-entropy over it and the gradient of a table of rows; part of body.h.

enum { SENTENCES = 8 }; // rows of a task

static void crossentropy_row(const sslpipe_crossentropy *l, size_t r) {
	const float *x = l->logits + r * l->classes;
	vec most = splat(-__builtin_inff()), sum = {};
	for (int i = 0; i + LANES <= l->classes; i += LANES) most = VMAX(most, LOAD(x + i));
	float peak = largest_of(most);
	for (int i = l->classes / LANES * LANES; i < l->classes; i++) peak = x[i] > peak ? x[i] : peak;
	ACROSS(l->classes) sum += first_of(exponential(part(x + i, l->classes - i) - splat(peak)), l->classes - i);
	l->sums[r] = peak + logarithm(splat(sum_of(sum)))[0];
	int label = l->labels[r];
	l->loss[r] = label >= 0 && label < l->classes ? l->sums[r] - x[label] : 0;
}

static void crossentropy_rows(void *job, int task, int worker) {
	(void)worker;
	const sslpipe_crossentropy *l = job;
	for (size_t r = (size_t)task * SENTENCES; r < l->rows && r < ((size_t)task + 1) * SENTENCES; r++) crossentropy_row(l, r);
}

void NAME(crossentropy_forward)(const sslpipe_crossentropy *l, int threads) {
	sslpipe_parallel(parts_of(l->rows, SENTENCES), threads, crossentropy_rows, (void *)l);
}

static void crossentropy_rows_back(void *job, int task, int worker) {
	(void)worker;
	const sslpipe_crossentropy *l = job;
	for (size_t r = (size_t)task * SENTENCES; r < l->rows && r < ((size_t)task + 1) * SENTENCES; r++) {
		const float *x = l->logits + r * l->classes;
		float *dx = l->dlogits + r * l->classes;
		int label = l->labels[r];
		if (label < 0 || label >= l->classes) {
			memset(dx, 0, sizeof(float) * l->classes);
			continue;
		}
		vec sum = splat(l->sums[r]), scale = splat(l->dloss[r]);
		ACROSS(l->classes) {
			int left = l->classes - i;
			put(dx + i, exponential(part(x + i, left) - sum) * scale, left);
		}
		dx[label] -= l->dloss[r];
	}
}

void NAME(crossentropy_backward)(const sslpipe_crossentropy *l, int threads) {
	sslpipe_parallel(parts_of(l->rows, SENTENCES), threads, crossentropy_rows_back, (void *)l);
}

// Each task walks all ids, and adds up those rows of the table that are its own.
enum { OWNERS = 16 };

static void embedding_task(void *job, int task, int worker) {
	(void)worker;
	const sslpipe_embedding *l = job;
	int each = parts_of(l->rows, OWNERS), from = least(l->rows, task * each), to = least(l->rows, from + each), c = l->c;
	memset(l->dtable + (size_t)from * c, 0, sizeof(float) * (to - from) * c);
	for (size_t n = 0; n < l->count; n++) {
		int id = l->ids[n];
		if (id < from || id >= to) continue;
		float *sum = l->dtable + (size_t)id * c;
		ACROSS(c) put(sum + i, part(sum + i, c - i) + part(l->dy + n * c + i, c - i), c - i);
	}
}

void NAME(embedding_backward)(const sslpipe_embedding *l, int threads) { sslpipe_parallel(OWNERS, threads, embedding_task, (void *)l); }
