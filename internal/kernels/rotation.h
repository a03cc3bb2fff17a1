// Turns queries and keys by the angles of their positions; part of body.h.

static void rotation_task(void *job, int task, int worker) {
	(void)worker;
	const sslpipe_rotation *l = job;
	int half = l->d / 2;
	vec sign = splat(l->back ? -1 : 1);
	for (int p = 0; p < l->length; p++) {
		const float *sines = l->codes + (size_t)p * l->d, *cosines = sines + half;
		size_t at = ((size_t)task * l->length + p) * l->heads * l->d;
		for (int h = 0; h < l->heads; h++, at += l->d) {
			const float *x = l->x + at;
			float *y = l->y + at;
			ACROSS(half) {
				int left = half - i;
				vec u = part(x + i, left), v = part(x + half + i, left);
				vec sine = part(sines + i, left) * sign, cosine = part(cosines + i, left);
				put(y + i, u * cosine - v * sine, left);
				put(y + half + i, v * cosine + u * sine, left);
			}
		}
	}
}

void NAME(rotate)(const sslpipe_rotation *l, int threads) { sslpipe_parallel(l->n, threads, rotation_task, (void *)l); }
