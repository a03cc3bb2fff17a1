// Layers of transformers, forward and backward, of float32.
//
// Products of matrices are done in tiles that stay in a cache, where what comes next
// (bias, GELU, what a layer adds to its input) is done too. Attention computes the
// weights of a few queries at a time and forgets them: all it keeps is a number for
// each query and head, from which the backward pass makes them again (Dao et al.,
// NeurIPS 2022, arXiv:2205.14135). So its memory grows with the length and not with
// the square of it.
//
// Sums have one order, which the shapes decide and the number of threads does not.
// All pointers are to dense arrays; gradients may be NULL where they are not wanted.
#ifndef SSLPIPE_TRANSFORMER_H
#define SSLPIPE_TRANSFORMER_H

#include <stddef.h>
#include <stdint.h>

// y = f(x*w + bias) + residual, f being the identity or GELU with the error function
// (Hendrycks and Gimpel, arXiv:1606.08415). The gradient of the residual is dy.
typedef struct {
	size_t rows;
	int k, n, gelu;
	int transposed;  // w is [n, k] and not [k, n]
	const float *x;  // [rows, k]
	const float *w;
	const float *bias;     // [n], or NULL
	const float *residual; // [rows, n], or NULL
	float *z, *y;          // [rows, n]; z, before GELU, is kept with that alone
	const float *dy;
	float *dx, *dw, *dbias;
} sslpipe_dense;

// y = gamma*(x - mean)/sqrt(var + epsilon) + beta over each row of c (Ba et al., arXiv:1607.06450).
typedef struct {
	size_t rows;
	int c;
	float epsilon;
	const float *x, *gamma, *beta;
	float *mean, *inverse; // [rows], kept: inverse is 1/sqrt(var + epsilon)
	float *y;
	const float *dy;
	float *dx, *dgamma, *dbeta;
} sslpipe_layernorm;

// softmax(q*k'/sqrt(d) + masks)*v for each of n examples and heads. Queries, keys and
// values of a position are d numbers of each head, one head after the other. A query
// that would see no key sees all hidden ones alike.
typedef struct {
	int n, length, heads, d, causal; // causal: no query sees a later position
	const float *q, *k, *v; // [n, length, heads*d]
	const float *present;   // [n, length], zero where a key is hidden; or NULL
	float *y;               // [n, length, heads*d]
	float *sums;            // [n, heads, length], kept: log of the sum of exp
	const float *dy;
	float *dq, *dk, *dv;
} sslpipe_attention;

// y is x with numbers i and i + d/2 of each head turned, as a point of a plane, by the angle i of the position, or turned
// back (Su et al., arXiv:2104.09864).
typedef struct {
	int n, length, heads, d, back;
	const float *x;     // [n, length, heads*d]
	const float *codes; // [length, d]: the sines of d/2 angles, then their cosines
	float *y;
} sslpipe_rotation;

// The cross-entropy of softmax(logits) with a label, for each row. A label that is
// none of the classes has the loss zero, and no gradient.
typedef struct {
	size_t rows;
	int classes;
	const float *logits;   // [rows, classes]
	const int32_t *labels; // [rows]
	float *loss, *sums;    // [rows]; sums, the log of the sum of exp, is kept
	const float *dloss;
	float *dlogits;
} sslpipe_crossentropy;

// dtable[id] = the sum of the rows of dy with that id, in their order. Ids out of range are left out.
typedef struct {
	size_t count;
	int rows, c;
	const int32_t *ids; // [count]
	const float *dy;    // [count, c]
	float *dtable;      // [rows, c]
} sslpipe_embedding;

// How many floats of scratch a pass needs with so many threads. Scratch is aligned to 64 bytes.
size_t sslpipe_dense_scratch(const sslpipe_dense *l, int threads, int backward);
size_t sslpipe_layernorm_scratch(const sslpipe_layernorm *l, int threads, int backward);
size_t sslpipe_attention_scratch(const sslpipe_attention *l, int threads, int backward);

void sslpipe_dense_forward(const sslpipe_dense *l, int threads, float *scratch);
void sslpipe_dense_backward(const sslpipe_dense *l, int threads, float *scratch);
void sslpipe_layernorm_forward(const sslpipe_layernorm *l, int threads, float *scratch);
void sslpipe_layernorm_backward(const sslpipe_layernorm *l, int threads, float *scratch);
void sslpipe_attention_forward(const sslpipe_attention *l, int threads, float *scratch);
void sslpipe_attention_backward(const sslpipe_attention *l, int threads, float *scratch);
void sslpipe_rotate(const sslpipe_rotation *l, int threads);
void sslpipe_crossentropy_forward(const sslpipe_crossentropy *l, int threads);
void sslpipe_crossentropy_backward(const sslpipe_crossentropy *l, int threads);
void sslpipe_embedding_backward(const sslpipe_embedding *l, int threads);

#endif
