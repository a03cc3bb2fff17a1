// Fused layers of MobileNetV2, forward and backward, on maps of float32 in NHWC.
//
// A training step of small networks is bound by memory: TensorFlow writes and
// reads every map some twenty times on its way through convolution, batch-norm
// and ReLU6. Here a convolution writes what it sums up, and the statistics of
// that; whoever reads it normalises and clips on the way. So each map is written
// once and read once, and four times in the backward pass.
//
// Sums have one order, which the shapes decide and the number of threads does
// not. All pointers are to dense arrays; gradients may be NULL where they are not
// wanted.
#ifndef SSLPIPE_KERNELS_H
#define SSLPIPE_KERNELS_H

#include <stddef.h>

// A batch-norm with the statistics of the batch, one set for each group of
// images: mean and var are [groups, c].
typedef struct {
	const float *gamma, *beta;
	float *mean, *var;    // results of the forward pass, var divided by the number of values
	float *dgamma, *dbeta; // results of the backward pass
} sslpipe_norm;

// Convolution k by k with SAME padding, batch-norm, ReLU6.
typedef struct {
	int n, h, w, cin, cout, k, stride, groups;
	float epsilon;
	const float *x;      // [n, h, w, cin]
	const float *kernel; // [k, k, cin, cout]
	sslpipe_norm norm;
	float *z, *y;     // [n, h', w', cout], before batch-norm and at the end
	const float *dy;  // [n, h', w', cout]
	float *dx, *dkernel;
} sslpipe_conv;

// Inverted residual: 1x1 convolution to wide channels, depthwise 3x3, 1x1 to cout,
// batch-norm after each, ReLU6 after the first two, plus x. Without expand, wide is
// cin and the first convolution is left out.
typedef struct {
	int n, h, w, cin, wide, cout, stride, groups, expand, residual;
	float epsilon;
	const float *x; // [n, h, w, cin]
	const float *kernel1, *kernel2, *kernel3; // [cin, wide], [3, 3, wide], [wide, cout]
	sslpipe_norm norm1, norm2, norm3;
	float *z1, *z2, *z3, *y; // [n, h, w, wide], [n, h', w', wide], twice [n, h', w', cout]
	const float *dy;
	float *dx, *dkernel1, *dkernel2, *dkernel3;
} sslpipe_block;

// How many floats of scratch a pass needs with so many threads.
size_t sslpipe_conv_scratch(const sslpipe_conv *c, int threads, int backward);
size_t sslpipe_block_scratch(const sslpipe_block *b, int threads, int backward);

// Scratch is aligned to 64 bytes.
void sslpipe_conv_forward(const sslpipe_conv *c, int threads, float *scratch);
void sslpipe_conv_backward(const sslpipe_conv *c, int threads, float *scratch);
void sslpipe_block_forward(const sslpipe_block *b, int threads, float *scratch);
void sslpipe_block_backward(const sslpipe_block *b, int threads, float *scratch);

// Adam with decoupled weight decay on size values (Loshchilov and Hutter, ICLR 2019, arXiv:1711.05101):
//   w -= decay*w; m += (g-m)*(1-beta1); v += (g*g-v)*(1-beta2); w -= rate*m/(sqrt(v)+epsilon)
typedef struct {
	size_t size;
	float *w, *m, *v;
	const float *g;
	float rate, decay, beta1, beta2, epsilon; // rate: corrected for the bias of the moments
} sslpipe_adam;

void sslpipe_adam_apply(const sslpipe_adam *variables, int count, int threads);

// The instructions in use: "avx512", "avx2" or "generic".
const char *sslpipe_kernels_instructions(void);

// Uses other instructions from now on; 0 if the processor does not have them.
int sslpipe_kernels_use(const char *name);

#endif
