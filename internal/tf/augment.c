// The augmentation of internal/kernels as an operation of TensorFlow; see augment.go.

#include "../kernels/augment.h"

#include <stdlib.h>

#include "call.h"
#include "operations.h"

enum { BATCH = 4, ROWS = 2, LONGEST_PROGRAM = 1 << 20 };

// What an operation's node says, and the threads of the session that it runs in.
typedef struct {
	sslpipe_program *program;
	int64_t h, w; // of the results
	int threads;
} node;

static void destroy(void *kernel) {
	node *n = kernel;
	if (n == NULL) return;
	free(n->program);
	free(n);
}

// parse reads the attribute program.
static sslpipe_program *parse(TF_OpKernelConstruction *ctx, TF_Status *status) {
	int32_t list = 0, length = 0;
	TF_OpKernelConstruction_GetAttrSize(ctx, "program", &list, &length, status);
	if (TF_GetCode(status) != TF_OK) return NULL;
	if (length < 0 || length > LONGEST_PROGRAM) {
		TF_SetStatus(status, TF_INVALID_ARGUMENT, "the program of an augmentation is too long");
		return NULL;
	}
	char why[SSLPIPE_WHY], *text = malloc((size_t)length + 1);
	sslpipe_program *p = NULL;
	TF_OpKernelConstruction_GetAttrString(ctx, "program", text, (size_t)length, status);
	if (TF_GetCode(status) == TF_OK) {
		p = sslpipe_program_parse(text, (size_t)length, why);
		if (p == NULL) TF_SetStatus(status, TF_INVALID_ARGUMENT, why);
	}
	free(text);
	return p;
}

static void *create(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	TF_Status *status = TF_NewStatus();
	n->program = parse(ctx, status);
	if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrInt64(ctx, "h", &n->h, status);
	if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrInt64(ctx, "w", &n->w, status);
	if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(ctx, status);
	TF_DeleteStatus(status);
	return n;
}

// fit checks that images are what the program is for and that it makes what the node says.
static void fit(call *c, const node *n, const TF_Tensor *x, const TF_Tensor *u) {
	int h, w;
	for (int d = 0; d < BATCH; d++) {
		if (TF_Dim(x, d) > INT32_MAX) fail(c, "an augmentation has too large a batch");
	}
	if (!ok(c)) return;
	const char *why = sslpipe_program_fit(n->program, (int)TF_Dim(x, 1), (int)TF_Dim(x, 2), (int)TF_Dim(x, 3), &h, &w);
	if (why != NULL) {
		fail(c, why);
	} else if (h != n->h || w != n->w) {
		fail(c, "an augmentation makes views of another size than its node says");
	} else if (TF_Dim(u, 0) != TF_Dim(x, 0) || TF_Dim(u, 1) != sslpipe_program_draws(n->program)) {
		fail(c, "an augmentation has another number of draws than its program");
	}
}

static void compute(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	TF_Tensor *x = input(&c, 0, BATCH), *u = input(&c, 1, ROWS);
	int threads = threads_of(&c, &n->threads);
	if (ok(&c)) fit(&c, n, x, u);
	if (ok(&c)) {
		int64_t dims[] = {TF_Dim(x, 0), n->h, n->w, TF_Dim(x, 3)};
		sslpipe_augment a = {.program = n->program, .n = (int)dims[0], .h = (int)TF_Dim(x, 1), .w = (int)TF_Dim(x, 2), .c = (int)dims[3],
			.bytes = TF_TensorType(x) == TF_UINT8, .x = TF_TensorData(x), .draws = TF_TensorData(u)};
		a.y = output(&c, 0, BATCH, dims);
		float *memory = scratch(&c, sslpipe_augment_scratch(&a, threads));
		if (ok(&c)) sslpipe_augment_run(&a, threads, memory);
	}
	end(&c);
}

const sslpipe_operation sslpipe_augment_operations[] = {
	{"SslpipeAugment", {"T: {uint8, float}", "program: string", "h: int >= 1", "w: int >= 1"}, {"images: T", "draws: float"}, {"views: float"},
		0, create, compute, destroy},
	{NULL},
};
