// The layers of internal/kernels as operations of TensorFlow; see fused.go.

#include <stdlib.h>

#include "../kernels/kernels.h"
#include "call.h"
#include "operations.h"

enum { MAPS = 4 };

// What an operation's node says, and the threads of the session that it runs in.
typedef struct {
	int64_t stride, groups;
	float epsilon;
	unsigned char residual, input_gradient;
	int threads; // 0 is not known yet
} node;

static void attributes(TF_OpKernelConstruction *ctx, node *n, int block, int gradient, TF_Status *status) {
	TF_OpKernelConstruction_GetAttrInt64(ctx, "stride", &n->stride, status);
	if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrInt64(ctx, "groups", &n->groups, status);
	if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrFloat(ctx, "epsilon", &n->epsilon, status);
	if (TF_GetCode(status) == TF_OK && block) TF_OpKernelConstruction_GetAttrBool(ctx, "residual", &n->residual, status);
	if (TF_GetCode(status) == TF_OK && gradient) {
		TF_OpKernelConstruction_GetAttrBool(ctx, "input_gradient", &n->input_gradient, status);
	}
}

static void *create(TF_OpKernelConstruction *ctx, int block, int gradient) {
	node *n = calloc(1, sizeof *n);
	TF_Status *status = TF_NewStatus();
	attributes(ctx, n, block, gradient, status);
	if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(ctx, status);
	TF_DeleteStatus(status);
	return n;
}

static void *create_conv(TF_OpKernelConstruction *ctx) { return create(ctx, 0, 0); }
static void *create_conv_gradient(TF_OpKernelConstruction *ctx) { return create(ctx, 0, 1); }
static void *create_block(TF_OpKernelConstruction *ctx) { return create(ctx, 1, 0); }
static void *create_block_gradient(TF_OpKernelConstruction *ctx) { return create(ctx, 1, 1); }

static int after(int size, int stride) { return (size + stride - 1) / stride; }

// Inputs and outputs come in this order, n being the number of weights:
//   forward    x, weights            -> y, saved
//   backward   x, weights, saved, dy -> dx, gradients of the weights
// Weights are kernel, gamma, beta of each batch-norm; what is saved is the maps before it, mean, variance.

static int groups_fit(call *c, const node *n, int64_t images) {
	if (ok(c) && (n->groups < 1 || images % n->groups != 0 || images == 0)) fail(c, "a batch of a fused layer does not consist of equal groups");
	return ok(c);
}

// Each layer has three of the weights, of what is saved and of the gradients, from at on.

static void norm_weights(call *c, int at, int64_t channels, sslpipe_norm *norm) {
	norm->gamma = values(c, at + 1, channels);
	norm->beta = values(c, at + 2, channels);
}

// save returns the maps of a layer, an output as its statistics are.
static float *save(call *c, int at, const int64_t maps[MAPS], int64_t groups, sslpipe_norm *norm) {
	int64_t statistics[] = {groups, maps[MAPS - 1]};
	float *z = output(c, at, MAPS, maps);
	norm->mean = output(c, at + 1, 2, statistics);
	norm->var = output(c, at + 2, 2, statistics);
	return z;
}

// saved returns the maps of a layer that were saved.
static float *saved(call *c, int at, int64_t positions, int64_t groups, int64_t channels, sslpipe_norm *norm) {
	norm->mean = values(c, at + 1, groups * channels);
	norm->var = values(c, at + 2, groups * channels);
	return values(c, at, positions * channels);
}

// gradients returns that of a layer's kernel.
static float *gradients(call *c, int at, const int64_t kernel[MAPS], int64_t channels, sslpipe_norm *norm) {
	norm->dgamma = output(c, at + 1, 1, &channels);
	norm->dbeta = output(c, at + 2, 1, &channels);
	return output(c, at, MAPS, kernel);
}

// input_gradient returns the first output, which is empty and NULL where nobody wants it.
static float *input_gradient(call *c, const node *n, const int64_t maps[MAPS]) {
	const int64_t none = 0;
	if (n->input_gradient) return output(c, 0, MAPS, maps);
	output(c, 0, 1, &none);
	return NULL;
}

// ---- Convolution ----

static void conv_inputs(call *c, const node *n, sslpipe_conv *l) {
	TF_Tensor *x = input(c, 0, MAPS), *kernel = input(c, 1, MAPS);
	if (!ok(c) || !groups_fit(c, n, TF_Dim(x, 0))) return;
	*l = (sslpipe_conv){.n = (int)TF_Dim(x, 0), .h = (int)TF_Dim(x, 1), .w = (int)TF_Dim(x, 2), .cin = (int)TF_Dim(x, 3),
		.k = (int)TF_Dim(kernel, 0), .cout = (int)TF_Dim(kernel, 3), .stride = (int)n->stride, .groups = (int)n->groups,
		.epsilon = n->epsilon, .x = TF_TensorData(x), .kernel = TF_TensorData(kernel)};
	if (TF_Dim(kernel, 1) != l->k || TF_Dim(kernel, 2) != l->cin) fail(c, "a kernel of a fused convolution does not fit its input");
	norm_weights(c, 1, l->cout, &l->norm);
}

static void conv_forward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_conv l = {0};
	conv_inputs(&c, n, &l);
	int threads = threads_of(&c, &n->threads);
	if (ok(&c)) {
		int64_t maps[] = {l.n, after(l.h, l.stride), after(l.w, l.stride), l.cout};
		l.y = output(&c, 0, MAPS, maps);
		l.z = save(&c, 1, maps, l.groups, &l.norm);
		float *memory = scratch(&c, sslpipe_conv_scratch(&l, threads, 0));
		if (ok(&c)) sslpipe_conv_forward(&l, threads, memory);
	}
	end(&c);
}

static void conv_backward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_conv l = {0};
	conv_inputs(&c, n, &l);
	int threads = threads_of(&c, &n->threads);
	if (ok(&c)) {
		int64_t positions = (int64_t)l.n * after(l.h, l.stride) * after(l.w, l.stride);
		int64_t in[] = {l.n, l.h, l.w, l.cin}, weights[] = {l.k, l.k, l.cin, l.cout};
		l.z = saved(&c, 4, positions, l.groups, l.cout, &l.norm);
		l.dy = values(&c, 7, positions * l.cout);
		l.dx = input_gradient(&c, n, in);
		l.dkernel = gradients(&c, 1, weights, l.cout, &l.norm);
		float *memory = scratch(&c, sslpipe_conv_scratch(&l, threads, 1));
		if (ok(&c)) sslpipe_conv_backward(&l, threads, memory);
	}
	end(&c);
}

// ---- Inverted residual ----

// The weights of a block in their order: those of the depthwise and the last convolution, then those of the first,
// which may be missing.
enum { DEPTHWISE = 0, PROJECT = 3, EXPAND = 6 };

static void block_inputs(call *c, const node *n, sslpipe_block *l, int weights) {
	TF_Tensor *x = input(c, 0, MAPS), *depthwise = input(c, 1 + DEPTHWISE, MAPS), *project = input(c, 1 + PROJECT, MAPS);
	if (!ok(c) || !groups_fit(c, n, TF_Dim(x, 0))) return;
	*l = (sslpipe_block){.n = (int)TF_Dim(x, 0), .h = (int)TF_Dim(x, 1), .w = (int)TF_Dim(x, 2), .cin = (int)TF_Dim(x, 3),
		.wide = (int)TF_Dim(depthwise, 2), .cout = (int)TF_Dim(project, 3), .stride = (int)n->stride, .groups = (int)n->groups,
		.residual = n->residual, .expand = weights > EXPAND, .epsilon = n->epsilon, .x = TF_TensorData(x)};
	if (!l->expand && l->cin != l->wide) fail(c, "a fused block without a first convolution has another width than its input");
	if (l->residual && (l->cin != l->cout || l->stride != 1)) fail(c, "a fused block cannot add its input to its output");
	l->kernel2 = values(c, 1 + DEPTHWISE, (int64_t)9 * l->wide);
	norm_weights(c, 1 + DEPTHWISE, l->wide, &l->norm2);
	l->kernel3 = values(c, 1 + PROJECT, (int64_t)l->wide * l->cout);
	norm_weights(c, 1 + PROJECT, l->cout, &l->norm3);
	if (!l->expand) return;
	l->kernel1 = values(c, 1 + EXPAND, (int64_t)l->cin * l->wide);
	norm_weights(c, 1 + EXPAND, l->wide, &l->norm1);
}

static void block_forward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_block l = {0};
	block_inputs(&c, n, &l, TF_NumInputs(ctx) - 1);
	int threads = threads_of(&c, &n->threads);
	if (ok(&c)) {
		int h = after(l.h, l.stride), w = after(l.w, l.stride);
		int64_t before[] = {l.n, l.h, l.w, l.wide}, wide[] = {l.n, h, w, l.wide}, out[] = {l.n, h, w, l.cout};
		l.y = output(&c, 0, MAPS, out);
		l.z2 = save(&c, 1 + DEPTHWISE, wide, l.groups, &l.norm2);
		l.z3 = save(&c, 1 + PROJECT, out, l.groups, &l.norm3);
		if (l.expand) l.z1 = save(&c, 1 + EXPAND, before, l.groups, &l.norm1);
		float *memory = scratch(&c, sslpipe_block_scratch(&l, threads, 0));
		if (ok(&c)) sslpipe_block_forward(&l, threads, memory);
	}
	end(&c);
}

static void block_backward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_block l = {0};
	int weights = (TF_NumInputs(ctx) - 2) / 2;
	block_inputs(&c, n, &l, weights);
	int threads = threads_of(&c, &n->threads);
	if (ok(&c)) {
		int64_t before = (int64_t)l.n * l.h * l.w, positions = (int64_t)l.n * after(l.h, l.stride) * after(l.w, l.stride);
		int64_t in[] = {l.n, l.h, l.w, l.cin}, k1[] = {1, 1, l.cin, l.wide}, k2[] = {3, 3, l.wide, 1}, k3[] = {1, 1, l.wide, l.cout};
		int kept = 1 + weights;
		l.z2 = saved(&c, kept + DEPTHWISE, positions, l.groups, l.wide, &l.norm2);
		l.z3 = saved(&c, kept + PROJECT, positions, l.groups, l.cout, &l.norm3);
		if (l.expand) l.z1 = saved(&c, kept + EXPAND, before, l.groups, l.wide, &l.norm1);
		l.dy = values(&c, kept + weights, positions * l.cout);
		l.dx = input_gradient(&c, n, in);
		l.dkernel2 = gradients(&c, 1 + DEPTHWISE, k2, l.wide, &l.norm2);
		l.dkernel3 = gradients(&c, 1 + PROJECT, k3, l.cout, &l.norm3);
		if (l.expand) l.dkernel1 = gradients(&c, 1 + EXPAND, k1, l.wide, &l.norm1);
		float *memory = scratch(&c, sslpipe_block_scratch(&l, threads, 1));
		if (ok(&c)) sslpipe_block_backward(&l, threads, memory);
	}
	end(&c);
}

#define FORWARD "n: int >= 3", "stride: int", "groups: int", "epsilon: float"

const sslpipe_operation sslpipe_fused_operations[] = {
	{"SslpipeConvNorm", {FORWARD}, {"x: float", "weights: n * float"}, {"y: float", "saved: n * float"},
		0, create_conv, conv_forward, free},
	{"SslpipeConvNormGrad", {FORWARD, "input_gradient: bool"}, {"x: float", "weights: n * float", "saved: n * float", "dy: float"},
		{"dx: float", "gradients: n * float"}, 0, create_conv_gradient, conv_backward, free},
	{"SslpipeInvertedResidual", {FORWARD, "residual: bool"}, {"x: float", "weights: n * float"}, {"y: float", "saved: n * float"},
		0, create_block, block_forward, free},
	{"SslpipeInvertedResidualGrad", {FORWARD, "residual: bool", "input_gradient: bool"},
		{"x: float", "weights: n * float", "saved: n * float", "dy: float"}, {"dx: float", "gradients: n * float"},
		0, create_block_gradient, block_backward, free},
	{NULL},
};
