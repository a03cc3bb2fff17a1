// The layers of transformers of internal/kernels as operations of TensorFlow; see transformer.go.

#include "../kernels/transformer.h"

#include <stdlib.h>

#include "call.h"
#include "operations.h"

enum { POSITIONS = 3, MOST_DIMS = 8 };

// What an operation's node says, and the threads of the session that it runs in.
typedef struct {
	int64_t heads, rows, masks, biases, residuals;
	float epsilon;
	unsigned char gelu, transposed, causal, back;
	unsigned char input_gradient, kernel_gradient, bias_gradient, weight_gradients;
	int threads; // 0 is not known yet
} node;

// An attribute and where a node has it: one of these is not NULL.
typedef struct {
	const char *name;
	int64_t *integer;
	unsigned char *truth;
	float *number;
} attribute;

static void *create(TF_OpKernelConstruction *ctx, node *n, const attribute *list) {
	TF_Status *status = TF_NewStatus();
	for (; list->name != NULL && TF_GetCode(status) == TF_OK; list++) {
		if (list->integer != NULL) TF_OpKernelConstruction_GetAttrInt64(ctx, list->name, list->integer, status);
		else if (list->truth != NULL) TF_OpKernelConstruction_GetAttrBool(ctx, list->name, list->truth, status);
		else TF_OpKernelConstruction_GetAttrFloat(ctx, list->name, list->number, status);
	}
	if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(ctx, status);
	TF_DeleteStatus(status);
	return n;
}

// wide returns input i of at least two elements a row, and how many rows there are before its last axis.
static float *wide(call *c, int i, int64_t *rows, int64_t *last) {
	TF_Tensor *t = input(c, i, -1);
	if (t == NULL) return NULL;
	int rank = TF_NumDims(t);
	if (rank < 1 || rank > MOST_DIMS || TF_TensorElementCount(t) < 1 || TF_TensorElementCount(t) > INT32_MAX * (int64_t)64) {
		fail(c, "a fused layer has an input that is empty, or of a wrong rank");
		return NULL;
	}
	*last = TF_Dim(t, rank - 1);
	*rows = TF_TensorElementCount(t) / *last;
	if (*last > INT32_MAX) fail(c, "a fused layer has an input of too many columns");
	return TF_TensorData(t);
}

// like returns output o, of the shape of input i but for its last axis.
static float *like(call *c, int o, int i, int64_t last) {
	int64_t dims[MOST_DIMS];
	TF_Tensor *t = input(c, i, -1);
	if (t == NULL) return NULL;
	int rank = TF_NumDims(t);
	for (int d = 0; d < rank; d++) dims[d] = d == rank - 1 ? last : TF_Dim(t, d);
	return output(c, o, rank, dims);
}

// made is an output that is empty and NULL where it is not wanted.
static float *made(call *c, int o, int wanted, int rank, const int64_t *dims) {
	const int64_t none = 0;
	if (wanted) return output(c, o, rank, dims);
	output(c, o, 1, &none);
	return NULL;
}

// ---- Layer-norm ----

static void *create_layernorm(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, n, (attribute[]){{"epsilon", .number = &n->epsilon}, {NULL}});
}

static void *create_layernorm_grad(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, n, (attribute[]){{"input_gradient", .truth = &n->input_gradient}, {"weight_gradients", .truth = &n->weight_gradients}, {NULL}});
}

static void layernorm_inputs(call *c, sslpipe_layernorm *l, int64_t *rows, int64_t *columns) {
	l->x = wide(c, 0, rows, columns);
	if (!ok(c)) return;
	l->rows = (size_t)*rows;
	l->c = (int)*columns;
	l->gamma = values(c, 1, *columns);
}

static void layernorm_forward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_layernorm l = {.epsilon = n->epsilon};
	int64_t rows = 0, columns = 0;
	layernorm_inputs(&c, &l, &rows, &columns);
	l.beta = values(&c, 2, columns);
	int threads = threads_of(&c, &n->threads);
	l.y = like(&c, 0, 0, columns);
	l.mean = output(&c, 1, 1, &rows);
	l.inverse = output(&c, 2, 1, &rows);
	if (ok(&c)) {
		float *memory = scratch(&c, sslpipe_layernorm_scratch(&l, threads, 0));
		if (ok(&c)) sslpipe_layernorm_forward(&l, threads, memory);
	}
	end(&c);
}

static void layernorm_backward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_layernorm l = {0};
	int64_t rows = 0, columns = 0, none = 0;
	layernorm_inputs(&c, &l, &rows, &columns);
	l.mean = values(&c, 2, rows);
	l.inverse = values(&c, 3, rows);
	l.dy = values(&c, 4, rows * columns);
	int threads = threads_of(&c, &n->threads);
	if (n->input_gradient) l.dx = like(&c, 0, 0, columns);
	else output(&c, 0, 1, &none);
	l.dgamma = made(&c, 1, n->weight_gradients, 1, &columns);
	l.dbeta = made(&c, 2, n->weight_gradients, 1, &columns);
	if (ok(&c)) {
		float *memory = scratch(&c, sslpipe_layernorm_scratch(&l, threads, 1));
		if (ok(&c)) sslpipe_layernorm_backward(&l, threads, memory);
	}
	end(&c);
}

// ---- Dense layer ----

static void *create_dense(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, n, (attribute[]){{"biases", &n->biases}, {"residuals", &n->residuals}, {"gelu", .truth = &n->gelu},
		{"transposed", .truth = &n->transposed}, {NULL}});
}

static void *create_dense_grad(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, n, (attribute[]){{"gelu", .truth = &n->gelu}, {"transposed", .truth = &n->transposed},
		{"input_gradient", .truth = &n->input_gradient}, {"kernel_gradient", .truth = &n->kernel_gradient},
		{"bias_gradient", .truth = &n->bias_gradient}, {NULL}});
}

static void dense_inputs(call *c, const node *n, sslpipe_dense *l) {
	int64_t rows = 0, columns = 0;
	l->x = wide(c, 0, &rows, &columns);
	TF_Tensor *w = input(c, 1, 2);
	if (!ok(c)) return;
	int64_t k = TF_Dim(w, n->transposed), units = TF_Dim(w, !n->transposed);
	if (k != columns || units < 1 || units > INT32_MAX) fail(c, "the kernel of a fused dense layer does not fit its input");
	*l = (sslpipe_dense){.rows = (size_t)rows, .k = (int)columns, .n = (int)units, .gelu = n->gelu, .transposed = n->transposed,
		.x = l->x, .w = TF_TensorData(w)};
}

static void dense_forward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_dense l = {0};
	const int64_t none = 0;
	dense_inputs(&c, n, &l);
	if (n->biases > 0) l.bias = values(&c, 2, l.n);
	if (n->residuals > 0) l.residual = values(&c, 2 + (int)n->biases, (int64_t)l.rows * l.n);
	int threads = threads_of(&c, &n->threads);
	l.y = like(&c, 0, 0, l.n);
	if (n->gelu) l.z = like(&c, 1, 0, l.n);
	else output(&c, 1, 1, &none);
	if (ok(&c)) {
		float *memory = scratch(&c, sslpipe_dense_scratch(&l, threads, 0));
		if (ok(&c)) sslpipe_dense_forward(&l, threads, memory);
	}
	end(&c);
}

static void dense_backward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_dense l = {0};
	const int64_t none = 0;
	dense_inputs(&c, n, &l);
	if (n->gelu) l.z = values(&c, 2, (int64_t)l.rows * l.n);
	l.dy = values(&c, 3, (int64_t)l.rows * l.n);
	int threads = threads_of(&c, &n->threads);
	int64_t units = l.n, weights[] = {n->transposed ? l.n : l.k, n->transposed ? l.k : l.n};
	if (n->input_gradient) l.dx = like(&c, 0, 0, l.k);
	else output(&c, 0, 1, &none);
	l.dw = made(&c, 1, n->kernel_gradient, 2, weights);
	l.dbias = made(&c, 2, n->bias_gradient, 1, &units);
	if (ok(&c)) {
		float *memory = scratch(&c, sslpipe_dense_scratch(&l, threads, 1));
		if (ok(&c)) sslpipe_dense_backward(&l, threads, memory);
	}
	end(&c);
}

// ---- Attention ----

static void *create_attention(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, n, (attribute[]){{"masks", &n->masks}, {"heads", &n->heads}, {"causal", .truth = &n->causal}, {NULL}});
}

static void attention_inputs(call *c, const node *n, sslpipe_attention *l) {
	TF_Tensor *q = input(c, 0, POSITIONS);
	if (!ok(c)) return;
	int64_t examples = TF_Dim(q, 0), length = TF_Dim(q, 1), width = TF_Dim(q, 2), size = TF_TensorElementCount(q);
	if (size < 1 || width % n->heads != 0 || width > INT32_MAX || length > INT32_MAX / 2 || examples > INT32_MAX / n->heads) {
		fail(c, "an attention has an input that is empty, or not made of equal heads");
		return;
	}
	*l = (sslpipe_attention){.n = (int)examples, .length = (int)length, .heads = (int)n->heads, .d = (int)(width / n->heads),
		.causal = n->causal, .q = TF_TensorData(q), .k = values(c, 1, size), .v = values(c, 2, size)};
	if (n->masks > 0) l->present = values(c, 3, examples * length);
}

static void attention_forward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_attention l = {0};
	attention_inputs(&c, n, &l);
	int threads = threads_of(&c, &n->threads);
	if (ok(&c)) {
		int64_t out[] = {l.n, l.length, (int64_t)l.heads * l.d}, kept[] = {l.n, l.heads, l.length};
		l.y = output(&c, 0, POSITIONS, out);
		l.sums = output(&c, 1, POSITIONS, kept);
		float *memory = scratch(&c, sslpipe_attention_scratch(&l, threads, 0));
		if (ok(&c)) sslpipe_attention_forward(&l, threads, memory);
	}
	end(&c);
}

static void attention_backward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_attention l = {0};
	attention_inputs(&c, n, &l);
	int threads = threads_of(&c, &n->threads), kept = 3 + (int)n->masks;
	if (ok(&c)) {
		int64_t in[] = {l.n, l.length, (int64_t)l.heads * l.d}, size = in[0] * in[1] * in[2];
		l.sums = values(&c, kept, (int64_t)l.n * l.heads * l.length);
		l.dy = values(&c, kept + 1, size);
		l.dq = output(&c, 0, POSITIONS, in);
		l.dk = output(&c, 1, POSITIONS, in);
		l.dv = output(&c, 2, POSITIONS, in);
		float *memory = scratch(&c, sslpipe_attention_scratch(&l, threads, 1));
		if (ok(&c)) sslpipe_attention_backward(&l, threads, memory);
	}
	end(&c);
}

// ---- Rotation ----

static void *create_rotation(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, n, (attribute[]){{"heads", &n->heads}, {"back", .truth = &n->back}, {NULL}});
}

static void rotate(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	int64_t rows = 0, columns = 0;
	const float *x = wide(&c, 0, &rows, &columns);
	TF_Tensor *t = input(&c, 0, POSITIONS);
	if (ok(&c) && columns % (2 * n->heads) != 0) fail(&c, "a rotation has an input that is not made of equal heads of an even width");
	if (ok(&c)) {
		int64_t examples = TF_Dim(t, 0), length = TF_Dim(t, 1), d = columns / n->heads;
		sslpipe_rotation l = {.n = (int)examples, .length = (int)length, .heads = (int)n->heads, .d = (int)d, .back = n->back, .x = x};
		l.codes = values(&c, 1, length * d);
		if (examples > INT32_MAX || length > INT32_MAX) fail(&c, "a rotation has too many examples or positions");
		int threads = threads_of(&c, &n->threads);
		l.y = like(&c, 0, 0, columns);
		if (ok(&c)) sslpipe_rotate(&l, threads);
	}
	end(&c);
}

// ---- Vocabulary ----

static void *create_plain(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, n, (attribute[]){{NULL}});
}

static void *create_embedding(TF_OpKernelConstruction *ctx) {
	node *n = calloc(1, sizeof *n);
	return create(ctx, n, (attribute[]){{"rows", &n->rows}, {NULL}});
}

// integers returns the numbers of input i, of which there have to be count.
static const int32_t *integers(call *c, int i, int64_t count) { return (const int32_t *)values(c, i, count); }

static void crossentropy_inputs(call *c, sslpipe_crossentropy *l, int64_t *rows, int64_t *classes) {
	l->logits = wide(c, 0, rows, classes);
	l->labels = integers(c, 1, *rows);
	l->rows = (size_t)*rows;
	l->classes = (int)*classes;
}

static void crossentropy_forward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_crossentropy l = {0};
	int64_t rows = 0, classes = 0;
	crossentropy_inputs(&c, &l, &rows, &classes);
	int threads = threads_of(&c, &n->threads);
	l.loss = output(&c, 0, 1, &rows);
	l.sums = output(&c, 1, 1, &rows);
	if (ok(&c)) sslpipe_crossentropy_forward(&l, threads);
	end(&c);
}

static void crossentropy_backward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_crossentropy l = {0};
	int64_t rows = 0, classes = 0;
	crossentropy_inputs(&c, &l, &rows, &classes);
	l.sums = values(&c, 2, rows);
	l.dloss = values(&c, 3, rows);
	int threads = threads_of(&c, &n->threads);
	l.dlogits = like(&c, 0, 0, classes);
	if (ok(&c)) sslpipe_crossentropy_backward(&l, threads);
	end(&c);
}

static void embedding_backward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	int64_t count = 0, columns = 0;
	const float *dy = wide(&c, 1, &count, &columns);
	const int32_t *ids = integers(&c, 0, count);
	int threads = threads_of(&c, &n->threads);
	int64_t table[] = {n->rows, columns};
	float *dtable = output(&c, 0, 2, table);
	if (ok(&c) && n->rows > INT32_MAX) fail(&c, "a table of embeddings has too many rows");
	if (ok(&c)) {
		sslpipe_embedding l = {.count = (size_t)count, .rows = (int)n->rows, .c = (int)columns, .ids = ids, .dy = dy, .dtable = dtable};
		sslpipe_embedding_backward(&l, threads);
	}
	end(&c);
}

#define ATTENTION "masks: int >= 0", "heads: int >= 1", "causal: bool"

const sslpipe_operation sslpipe_transformer_operations[] = {
	{"SslpipeLayerNorm", {"epsilon: float"}, {"x: float", "gamma: float", "beta: float"}, {"y: float", "mean: float", "inverse: float"},
		0, create_layernorm, layernorm_forward, free},
	{"SslpipeLayerNormGrad", {"input_gradient: bool", "weight_gradients: bool"},
		{"x: float", "gamma: float", "mean: float", "inverse: float", "dy: float"}, {"dx: float", "dgamma: float", "dbeta: float"},
		0, create_layernorm_grad, layernorm_backward, free},
	{"SslpipeDense", {"biases: int >= 0", "residuals: int >= 0", "gelu: bool", "transposed: bool"},
		{"x: float", "kernel: float", "bias: biases * float", "residual: residuals * float"}, {"y: float", "z: float"},
		0, create_dense, dense_forward, free},
	{"SslpipeDenseGrad", {"gelu: bool", "transposed: bool", "input_gradient: bool", "kernel_gradient: bool", "bias_gradient: bool"},
		{"x: float", "kernel: float", "z: float", "dy: float"}, {"dx: float", "dkernel: float", "dbias: float"},
		0, create_dense_grad, dense_backward, free},
	{"SslpipeAttention", {ATTENTION}, {"q: float", "k: float", "v: float", "present: masks * float"}, {"y: float", "sums: float"},
		0, create_attention, attention_forward, free},
	{"SslpipeAttentionGrad", {ATTENTION}, {"q: float", "k: float", "v: float", "present: masks * float", "sums: float", "dy: float"},
		{"dq: float", "dk: float", "dv: float"}, 0, create_attention, attention_backward, free},
	{"SslpipeRotate", {"heads: int >= 1", "back: bool"}, {"x: float", "codes: float"}, {"y: float"}, 0, create_rotation, rotate, free},
	{"SslpipeCrossEntropy", {NULL}, {"logits: float", "labels: int32"}, {"loss: float", "sums: float"},
		0, create_plain, crossentropy_forward, free},
	{"SslpipeCrossEntropyGrad", {NULL}, {"logits: float", "labels: int32", "sums: float", "dloss: float"}, {"dlogits: float"},
		0, create_plain, crossentropy_backward, free},
	{"SslpipeEmbeddingGrad", {"rows: int >= 1"}, {"ids: int32", "dy: float"}, {"dtable: float"},
		0, create_embedding, embedding_backward, free},
	{NULL},
};
