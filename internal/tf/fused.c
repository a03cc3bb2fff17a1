// The layers of internal/kernels as operations of TensorFlow; see fused.go.

#include "fused.h"

#include <stdlib.h>
#include <string.h>

#include "../kernels/kernels.h"
#include "call.h"

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

// ---- Convolution ----

static void conv_inputs(call *c, const node *n, sslpipe_conv *l) {
	TF_Tensor *x = input(c, 0, MAPS), *kernel = input(c, 1, MAPS);
	if (!ok(c) || !groups_fit(c, n, TF_Dim(x, 0))) return;
	*l = (sslpipe_conv){.n = (int)TF_Dim(x, 0), .h = (int)TF_Dim(x, 1), .w = (int)TF_Dim(x, 2), .cin = (int)TF_Dim(x, 3),
		.k = (int)TF_Dim(kernel, 0), .cout = (int)TF_Dim(kernel, 3), .stride = (int)n->stride, .groups = (int)n->groups,
		.epsilon = n->epsilon, .x = TF_TensorData(x), .kernel = TF_TensorData(kernel)};
	if (TF_Dim(kernel, 1) != l->k || TF_Dim(kernel, 2) != l->cin) fail(c, "a kernel of a fused convolution does not fit its input");
	l->norm.gamma = values(c, 2, l->cout);
	l->norm.beta = values(c, 3, l->cout);
}

static void conv_forward(void *kernel, TF_OpKernelContext *ctx) {
	node *n = kernel;
	call c = begin(ctx);
	sslpipe_conv l = {0};
	conv_inputs(&c, n, &l);
	int threads = threads_of(&c, &n->threads);
	if (ok(&c)) {
		int64_t maps[] = {l.n, after(l.h, l.stride), after(l.w, l.stride), l.cout}, norm[] = {l.groups, l.cout};
		l.y = output(&c, 0, MAPS, maps);
		l.z = output(&c, 1, MAPS, maps);
		l.norm.mean = output(&c, 2, 2, norm);
		l.norm.var = output(&c, 3, 2, norm);
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
		int64_t count = (int64_t)l.n * after(l.h, l.stride) * after(l.w, l.stride) * l.cout, none = 0;
		l.z = values(&c, 4, count);
		l.norm.mean = values(&c, 5, n->groups * l.cout);
		l.norm.var = values(&c, 6, n->groups * l.cout);
		l.dy = values(&c, 7, count);
		int64_t in[] = {l.n, l.h, l.w, l.cin}, weights[] = {l.k, l.k, l.cin, l.cout}, channels = l.cout;
		float *dx = n->input_gradient ? output(&c, 0, MAPS, in) : output(&c, 0, 1, &none);
		l.dx = n->input_gradient ? dx : NULL;
		l.dkernel = output(&c, 1, MAPS, weights);
		l.norm.dgamma = output(&c, 2, 1, &channels);
		l.norm.dbeta = output(&c, 3, 1, &channels);
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
	l->norm2.gamma = values(c, 2 + DEPTHWISE, l->wide);
	l->norm2.beta = values(c, 3 + DEPTHWISE, l->wide);
	l->kernel3 = values(c, 1 + PROJECT, (int64_t)l->wide * l->cout);
	l->norm3.gamma = values(c, 2 + PROJECT, l->cout);
	l->norm3.beta = values(c, 3 + PROJECT, l->cout);
	if (!l->expand) return;
	l->kernel1 = values(c, 1 + EXPAND, (int64_t)l->cin * l->wide);
	l->norm1.gamma = values(c, 2 + EXPAND, l->wide);
	l->norm1.beta = values(c, 3 + EXPAND, l->wide);
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
		int64_t norm[] = {l.groups, l.wide}, last[] = {l.groups, l.cout};
		l.y = output(&c, 0, MAPS, out);
		l.z2 = output(&c, 1 + DEPTHWISE, MAPS, wide);
		l.norm2.mean = output(&c, 2 + DEPTHWISE, 2, norm);
		l.norm2.var = output(&c, 3 + DEPTHWISE, 2, norm);
		l.z3 = output(&c, 1 + PROJECT, MAPS, out);
		l.norm3.mean = output(&c, 2 + PROJECT, 2, last);
		l.norm3.var = output(&c, 3 + PROJECT, 2, last);
		if (l.expand) {
			l.z1 = output(&c, 1 + EXPAND, MAPS, before);
			l.norm1.mean = output(&c, 2 + EXPAND, 2, norm);
			l.norm1.var = output(&c, 3 + EXPAND, 2, norm);
		}
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
		int h = after(l.h, l.stride), w = after(l.w, l.stride), saved = 1 + weights;
		int64_t out = (int64_t)l.n * h * w, wide = n->groups * l.wide, last = n->groups * l.cout, none = 0;
		l.z2 = values(&c, saved + DEPTHWISE, out * l.wide);
		l.norm2.mean = values(&c, saved + DEPTHWISE + 1, wide);
		l.norm2.var = values(&c, saved + DEPTHWISE + 2, wide);
		l.z3 = values(&c, saved + PROJECT, out * l.cout);
		l.norm3.mean = values(&c, saved + PROJECT + 1, last);
		l.norm3.var = values(&c, saved + PROJECT + 2, last);
		if (l.expand) {
			l.z1 = values(&c, saved + EXPAND, (int64_t)l.n * l.h * l.w * l.wide);
			l.norm1.mean = values(&c, saved + EXPAND + 1, wide);
			l.norm1.var = values(&c, saved + EXPAND + 2, wide);
		}
		l.dy = values(&c, saved + weights, out * l.cout);
		int64_t in[] = {l.n, l.h, l.w, l.cin}, k1[] = {1, 1, l.cin, l.wide}, k2[] = {3, 3, l.wide, 1}, k3[] = {1, 1, l.wide, l.cout};
		int64_t channels = l.wide, outs = l.cout;
		float *dx = n->input_gradient ? output(&c, 0, MAPS, in) : output(&c, 0, 1, &none);
		l.dx = n->input_gradient ? dx : NULL;
		l.dkernel2 = output(&c, 1 + DEPTHWISE, MAPS, k2);
		l.norm2.dgamma = output(&c, 2 + DEPTHWISE, 1, &channels);
		l.norm2.dbeta = output(&c, 3 + DEPTHWISE, 1, &channels);
		l.dkernel3 = output(&c, 1 + PROJECT, MAPS, k3);
		l.norm3.dgamma = output(&c, 2 + PROJECT, 1, &outs);
		l.norm3.dbeta = output(&c, 3 + PROJECT, 1, &outs);
		if (l.expand) {
			l.dkernel1 = output(&c, 1 + EXPAND, MAPS, k1);
			l.norm1.dgamma = output(&c, 2 + EXPAND, 1, &channels);
			l.norm1.dbeta = output(&c, 3 + EXPAND, 1, &channels);
		}
		float *memory = scratch(&c, sslpipe_block_scratch(&l, threads, 1));
		if (ok(&c)) sslpipe_block_backward(&l, threads, memory);
	}
	end(&c);
}

// ---- Registration ----

typedef struct {
	const char *name;
	int block, gradient;
	void *(*create)(TF_OpKernelConstruction *);
	void (*compute)(void *, TF_OpKernelContext *);
} operation;

static const operation operations[] = {
	{"SslpipeConvNorm", 0, 0, create_conv, conv_forward},
	{"SslpipeConvNormGrad", 0, 1, create_conv_gradient, conv_backward},
	{"SslpipeInvertedResidual", 1, 0, create_block, block_forward},
	{"SslpipeInvertedResidualGrad", 1, 1, create_block_gradient, block_backward},
};

static void define(const operation *o, TF_Status *status) {
	TF_OpDefinitionBuilder *b = TF_NewOpDefinitionBuilder(o->name);
	TF_OpDefinitionBuilderAddAttr(b, "n: int >= 3");
	TF_OpDefinitionBuilderAddAttr(b, "stride: int");
	TF_OpDefinitionBuilderAddAttr(b, "groups: int");
	TF_OpDefinitionBuilderAddAttr(b, "epsilon: float");
	if (o->block) TF_OpDefinitionBuilderAddAttr(b, "residual: bool");
	TF_OpDefinitionBuilderAddInput(b, "x: float");
	TF_OpDefinitionBuilderAddInput(b, "weights: n * float");
	if (o->gradient) {
		TF_OpDefinitionBuilderAddAttr(b, "input_gradient: bool");
		TF_OpDefinitionBuilderAddInput(b, "saved: n * float");
		TF_OpDefinitionBuilderAddInput(b, "dy: float");
	}
	TF_OpDefinitionBuilderAddOutput(b, o->gradient ? "dx: float" : "y: float");
	TF_OpDefinitionBuilderAddOutput(b, o->gradient ? "gradients: n * float" : "saved: n * float");
	// The builder of the graph says what the shapes are: this interface has no way to read integers here.
	TF_OpDefinitionBuilderSetShapeInferenceFunction(b, TF_ShapeInferenceContextSetUnknownShape);
	TF_RegisterOpDefinition(b, status);
}

char *sslpipe_register_fused(void) {
	TF_Status *status = TF_NewStatus();
	for (size_t i = 0; i < sizeof operations / sizeof *operations && TF_GetCode(status) == TF_OK; i++) {
		const operation *o = &operations[i];
		define(o, status);
		if (TF_GetCode(status) != TF_OK) break;
		TF_RegisterKernelBuilder(o->name, TF_NewKernelBuilder(o->name, "CPU", o->create, o->compute, free), status);
	}
	if (TF_GetCode(status) == TF_OK) sslpipe_register_updates(status);
	if (TF_GetCode(status) == TF_OK) sslpipe_register_augment(status);
	char *message = TF_GetCode(status) == TF_OK ? NULL : strdup(TF_Message(status));
	TF_DeleteStatus(status);
	return message;
}
