#include "kernels.h"
#include "steps.h"
#include "transformer.h"

#include <string.h>

typedef void augment_image(const sslpipe_program *, const void *, int, const float *, sslpipe_picture *, float *);

#define DECLARE(isa)                                                                                \
	size_t sslpipe_##isa##_conv_scratch(const sslpipe_conv *, int, int);                            \
	size_t sslpipe_##isa##_block_scratch(const sslpipe_block *, int, int);                          \
	void sslpipe_##isa##_conv_forward(const sslpipe_conv *, int, float *);                          \
	void sslpipe_##isa##_conv_backward(const sslpipe_conv *, int, float *);                         \
	void sslpipe_##isa##_block_forward(const sslpipe_block *, int, float *);                        \
	void sslpipe_##isa##_block_backward(const sslpipe_block *, int, float *);                       \
	void sslpipe_##isa##_adam_apply(const sslpipe_adam *, int, int);                                \
	augment_image sslpipe_##isa##_augment_image;                                                    \
	size_t sslpipe_##isa##_dense_scratch(const sslpipe_dense *, int, int);                          \
	void sslpipe_##isa##_dense_forward(const sslpipe_dense *, int, float *);                        \
	void sslpipe_##isa##_dense_backward(const sslpipe_dense *, int, float *);                       \
	size_t sslpipe_##isa##_layernorm_scratch(const sslpipe_layernorm *, int, int);                  \
	void sslpipe_##isa##_layernorm_forward(const sslpipe_layernorm *, int, float *);                \
	void sslpipe_##isa##_layernorm_backward(const sslpipe_layernorm *, int, float *);               \
	size_t sslpipe_##isa##_attention_scratch(const sslpipe_attention *, int, int);                  \
	void sslpipe_##isa##_attention_forward(const sslpipe_attention *, int, float *);                \
	void sslpipe_##isa##_attention_backward(const sslpipe_attention *, int, float *);               \
	void sslpipe_##isa##_rotate(const sslpipe_rotation *, int);                                     \
	void sslpipe_##isa##_crossentropy_forward(const sslpipe_crossentropy *, int);                   \
	void sslpipe_##isa##_crossentropy_backward(const sslpipe_crossentropy *, int);                  \
	void sslpipe_##isa##_embedding_backward(const sslpipe_embedding *, int);                        \
	static const table isa = {                                                                      \
		#isa, sslpipe_##isa##_conv_scratch, sslpipe_##isa##_block_scratch,                          \
		sslpipe_##isa##_conv_forward, sslpipe_##isa##_conv_backward,                                \
		sslpipe_##isa##_block_forward, sslpipe_##isa##_block_backward,                              \
		sslpipe_##isa##_adam_apply,                                                                 \
		sslpipe_##isa##_dense_scratch, sslpipe_##isa##_dense_forward, sslpipe_##isa##_dense_backward, \
		sslpipe_##isa##_layernorm_scratch, sslpipe_##isa##_layernorm_forward, sslpipe_##isa##_layernorm_backward, \
		sslpipe_##isa##_attention_scratch, sslpipe_##isa##_attention_forward, sslpipe_##isa##_attention_backward, \
		sslpipe_##isa##_rotate,                                                                     \
		sslpipe_##isa##_crossentropy_forward,                                                       \
		sslpipe_##isa##_crossentropy_backward,                                                      \
		sslpipe_##isa##_embedding_backward,                                                         \
		sslpipe_##isa##_augment_image,                                                              \
	};

typedef struct {
	const char *name;
	size_t (*conv_scratch)(const sslpipe_conv *, int, int);
	size_t (*block_scratch)(const sslpipe_block *, int, int);
	void (*conv_forward)(const sslpipe_conv *, int, float *);
	void (*conv_backward)(const sslpipe_conv *, int, float *);
	void (*block_forward)(const sslpipe_block *, int, float *);
	void (*block_backward)(const sslpipe_block *, int, float *);
	void (*adam_apply)(const sslpipe_adam *, int, int);
	size_t (*dense_scratch)(const sslpipe_dense *, int, int);
	void (*dense_forward)(const sslpipe_dense *, int, float *);
	void (*dense_backward)(const sslpipe_dense *, int, float *);
	size_t (*layernorm_scratch)(const sslpipe_layernorm *, int, int);
	void (*layernorm_forward)(const sslpipe_layernorm *, int, float *);
	void (*layernorm_backward)(const sslpipe_layernorm *, int, float *);
	size_t (*attention_scratch)(const sslpipe_attention *, int, int);
	void (*attention_forward)(const sslpipe_attention *, int, float *);
	void (*attention_backward)(const sslpipe_attention *, int, float *);
	void (*rotate)(const sslpipe_rotation *, int);
	void (*crossentropy_forward)(const sslpipe_crossentropy *, int);
	void (*crossentropy_backward)(const sslpipe_crossentropy *, int);
	void (*embedding_backward)(const sslpipe_embedding *, int);
	augment_image *augment_image;
} table;

DECLARE(generic)
#if defined(__x86_64__)
DECLARE(avx2)
DECLARE(avx512)
#endif

static const table *supported(const char *name) {
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (strcmp(name, "avx512") == 0 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) return &avx512;
	if (strcmp(name, "avx2") == 0 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &avx2;
#endif
	return strcmp(name, "generic") == 0 ? &generic : NULL;
}

static const table *_Atomic chosen;

static const table *best(void) {
	const table *t = chosen;
	if (t == NULL) t = supported("avx512");
	if (t == NULL) t = supported("avx2");
	if (t == NULL) t = &generic;
	chosen = t;
	return t;
}

int sslpipe_kernels_use(const char *name) {
	const table *t = supported(name);
	if (t != NULL) chosen = t;
	return t != NULL;
}

size_t sslpipe_conv_scratch(const sslpipe_conv *c, int threads, int backward) { return best()->conv_scratch(c, threads, backward); }
size_t sslpipe_block_scratch(const sslpipe_block *b, int threads, int backward) { return best()->block_scratch(b, threads, backward); }
void sslpipe_conv_forward(const sslpipe_conv *c, int threads, float *scratch) { best()->conv_forward(c, threads, scratch); }
void sslpipe_conv_backward(const sslpipe_conv *c, int threads, float *scratch) { best()->conv_backward(c, threads, scratch); }
void sslpipe_block_forward(const sslpipe_block *b, int threads, float *scratch) { best()->block_forward(b, threads, scratch); }
void sslpipe_block_backward(const sslpipe_block *b, int threads, float *scratch) { best()->block_backward(b, threads, scratch); }
void sslpipe_adam_apply(const sslpipe_adam *variables, int count, int threads) { best()->adam_apply(variables, count, threads); }
void sslpipe_augment_image(const sslpipe_program *program, const void *x, int bytes, const float *u, sslpipe_picture *p, float *y) {
	best()->augment_image(program, x, bytes, u, p, y);
}
size_t sslpipe_dense_scratch(const sslpipe_dense *l, int threads, int backward) { return best()->dense_scratch(l, threads, backward); }
void sslpipe_dense_forward(const sslpipe_dense *l, int threads, float *scratch) { best()->dense_forward(l, threads, scratch); }
void sslpipe_dense_backward(const sslpipe_dense *l, int threads, float *scratch) { best()->dense_backward(l, threads, scratch); }
size_t sslpipe_layernorm_scratch(const sslpipe_layernorm *l, int threads, int backward) { return best()->layernorm_scratch(l, threads, backward); }
void sslpipe_layernorm_forward(const sslpipe_layernorm *l, int threads, float *scratch) { best()->layernorm_forward(l, threads, scratch); }
void sslpipe_layernorm_backward(const sslpipe_layernorm *l, int threads, float *scratch) { best()->layernorm_backward(l, threads, scratch); }
size_t sslpipe_attention_scratch(const sslpipe_attention *l, int threads, int backward) { return best()->attention_scratch(l, threads, backward); }
void sslpipe_attention_forward(const sslpipe_attention *l, int threads, float *scratch) { best()->attention_forward(l, threads, scratch); }
void sslpipe_attention_backward(const sslpipe_attention *l, int threads, float *scratch) { best()->attention_backward(l, threads, scratch); }
void sslpipe_rotate(const sslpipe_rotation *l, int threads) { best()->rotate(l, threads); }
void sslpipe_crossentropy_forward(const sslpipe_crossentropy *l, int threads) { best()->crossentropy_forward(l, threads); }
void sslpipe_crossentropy_backward(const sslpipe_crossentropy *l, int threads) { best()->crossentropy_backward(l, threads); }
void sslpipe_embedding_backward(const sslpipe_embedding *l, int threads) { best()->embedding_backward(l, threads); }
const char *sslpipe_kernels_instructions(void) { return best()->name; }
