// Updates of many variables as one operation of TensorFlow; see updates.go.

#include <string.h>

#include "../kernels/kernels.h"
#include "call.h"
#include "operations.h"

typedef struct {
	int64_t n;
	float beta1, beta2, epsilon, keep;
	int threads; // 0 is not known yet
} node;

static void *create(TF_OpKernelConstruction *ctx, const char *const *names, float *const *values, int count, node *n) {
	TF_Status *status = TF_NewStatus();
	TF_OpKernelConstruction_GetAttrInt64(ctx, "n", &n->n, status);
	for (int i = 0; i < count && TF_GetCode(status) == TF_OK; i++) {
		TF_OpKernelConstruction_GetAttrFloat(ctx, names[i], values[i], status);
	}
	if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(ctx, status);
	TF_DeleteStatus(status);
	return n;
}

static void *create_adam(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, (const char *[]){"beta1", "beta2", "epsilon"}, (float *[]){&n->beta1, &n->beta2, &n->epsilon}, 3, n);
}

static void *create_averages(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, (const char *[]){"keep"}, (float *[]){&n->keep}, 1, n);
}

static void copy(TF_OpKernelContext *ctx, TF_Tensor *source, TF_Tensor *dest) {
	(void)ctx;
	memcpy(TF_TensorData(dest), TF_TensorData(source), TF_TensorByteSize(source));
	TF_DeleteTensor(source);
	TF_DeleteTensor(dest);
}

// variable returns the values of the variable that is input i, to be changed, and how many there are.
static float *variable(call *c, int i, int64_t *size) {
	TF_Tensor *t = NULL;
	if (!ok(c)) return NULL;
	TF_GetInputTensorFromVariable(c->ctx, i, false, false, false, copy, &t, c->status);
	if (!ok(c)) return NULL;
	hold(c, t);
	if (TF_TensorType(t) != TF_FLOAT) fail(c, "an update is for variables of float32");
	if (*size < 0) *size = TF_TensorElementCount(t);
	if (TF_TensorElementCount(t) != *size) fail(c, "an update meets variables of unequal sizes");
	return TF_TensorData(t);
}

static float scalar(call *c, int i) {
	const float *x = values(c, i, 1);
	return ok(c) ? *x : 0;
}

// Inputs: n variables, n first moments, n second moments, n gradients, n rates, n decays, and the powers of both betas.
static void adam(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	int count = (int)n->n, threads = threads_of(&c, &n->threads);
	sslpipe_adam *a = calloc((size_t)count, sizeof *a);
	float power1 = scalar(&c, 6 * count), power2 = scalar(&c, 6 * count + 1);
	float correction = __builtin_sqrtf(1 - power2) / (1 - power1);
	for (int i = 0; i < count && ok(&c); i++) {
		int64_t size = -1;
		a[i].w = variable(&c, i, &size);
		a[i].m = variable(&c, count + i, &size);
		a[i].v = variable(&c, 2 * count + i, &size);
		a[i].g = values(&c, 3 * count + i, size);
		a[i].rate = scalar(&c, 4 * count + i) * correction;
		a[i].decay = scalar(&c, 5 * count + i);
		a[i].size = (size_t)size;
		a[i].beta1 = n->beta1, a[i].beta2 = n->beta2, a[i].epsilon = n->epsilon;
	}
	if (ok(&c)) sslpipe_adam_apply(a, count, threads);
	free(a);
	end(&c);
}

// Inputs: n variables [c], n values [groups, c], whose means they move towards, one after the other.
static void averages(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	for (int i = 0; i < (int)n->n && ok(&c); i++) {
		TF_Tensor *batch = input(&c, (int)n->n + i, 2);
		if (!ok(&c)) break;
		int64_t groups = TF_Dim(batch, 0), size = TF_Dim(batch, 1);
		float *moving = variable(&c, i, &size);
		const float *values = TF_TensorData(batch);
		for (int64_t j = 0; j < size && ok(&c); j++) {
			float sum = 0;
			for (int64_t g = 0; g < groups; g++) sum += values[g * size + j];
			moving[j] -= (moving[j] - sum / (float)groups) * (1 - n->keep);
		}
	}
	end(&c);
}

const sslpipe_operation sslpipe_update_operations[] = {
	{"SslpipeAdam", {"n: int >= 1", "beta1: float", "beta2: float", "epsilon: float"},
		{"variables: n * resource", "m: n * resource", "v: n * resource", "gradients: n * float", "rates: n * float",
			"decays: n * float", "beta1_power: float", "beta2_power: float"},
		{NULL}, 1, create_adam, adam, free},
	{"SslpipeAverages", {"n: int >= 1", "keep: float"}, {"variables: n * resource", "values: n * float"}, {NULL},
		1, create_averages, averages, free},
	{NULL},
};
