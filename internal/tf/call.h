// A call of one of this program's operations: its inputs, outputs and errors.
#ifndef SSLPIPE_CALL_H
#define SSLPIPE_CALL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_api.h"

// intra_op_threads reads field 2 of a serialised ConfigProto; 1 where there is none.
static inline int intra_op_threads(const unsigned char *p, size_t length) {
	const unsigned char *end = p + length;
	while (p < end) {
		uint64_t value = 0, key = 0;
		int shift = 0;
		for (shift = 0; p < end && shift < 64; shift += 7) {
			key |= (uint64_t)(*p & 0x7f) << shift;
			if ((*p++ & 0x80) == 0) break;
		}
		int wire = (int)(key & 7);
		if (wire == 5 || wire == 1) {
			p += wire == 5 ? 4 : 8;
			continue;
		}
		for (shift = 0; p < end && shift < 64; shift += 7) {
			value |= (uint64_t)(*p & 0x7f) << shift;
			if ((*p++ & 0x80) == 0) break;
		}
		if (wire == 2) {
			if (value > (uint64_t)(end - p)) break;
			p += value;
		} else if (key >> 3 == 2) {
			return value >= 1 && value < 1024 ? (int)value : 1;
		}
	}
	return 1;
}

// A call of an operation: its tensors, to be freed at the end.
typedef struct {
	TF_OpKernelContext *ctx;
	TF_Status *status;
	TF_Tensor **held;
	int count, room;
} call;

static inline int ok(const call *c) { return TF_GetCode(c->status) == TF_OK; }

static inline void fail(call *c, const char *message) {
	if (ok(c)) TF_SetStatus(c->status, TF_INVALID_ARGUMENT, message);
}

static inline TF_Tensor *hold(call *c, TF_Tensor *t) {
	if (t == NULL) return NULL;
	if (c->count == c->room) {
		c->room = 2 * c->room + 32;
		c->held = realloc(c->held, sizeof *c->held * (size_t)c->room);
	}
	return c->held[c->count++] = t;
}

static inline call begin(TF_OpKernelContext *ctx) { return (call){.ctx = ctx, .status = TF_NewStatus()}; }

static inline void end(call *c) {
	if (!ok(c)) TF_OpKernelContext_Failure(c->ctx, c->status);
	for (int i = 0; i < c->count; i++) TF_DeleteTensor(c->held[i]);
	free(c->held);
	TF_DeleteStatus(c->status);
}

// threads_of are those of the session, which known keeps; 0 is not known yet.
static inline int threads_of(call *c, int *known) {
	int threads = __atomic_load_n(known, __ATOMIC_RELAXED);
	if (threads > 0 || !ok(c)) return threads;
	TF_Buffer *config = TF_NewBuffer();
	TF_GetSerializedConfigProto(c->ctx, config, c->status);
	threads = ok(c) ? intra_op_threads(config->data, config->length) : 1;
	TF_DeleteBuffer(config);
	__atomic_store_n(known, threads, __ATOMIC_RELAXED);
	return threads;
}

// input returns input i, which has to be of rank dims.
static inline TF_Tensor *input(call *c, int i, int rank) {
	TF_Tensor *t = NULL;
	if (!ok(c)) return NULL;
	TF_GetInput(c->ctx, i, &t, c->status);
	hold(c, t);
	if (ok(c) && rank >= 0 && TF_NumDims(t) != rank) fail(c, "an operation has an input of a wrong rank");
	return ok(c) ? t : NULL;
}

// values returns the floats of input i, of which there have to be count.
static inline float *values(call *c, int i, int64_t count) {
	TF_Tensor *t = input(c, i, -1);
	if (t == NULL) return NULL;
	if (TF_TensorElementCount(t) != count) fail(c, "an operation has an input of a wrong shape");
	return TF_TensorData(t);
}

static inline float *output(call *c, int i, int rank, const int64_t *dims) {
	if (!ok(c)) return NULL;
	size_t bytes = sizeof(float);
	for (int d = 0; d < rank; d++) bytes *= (size_t)dims[d];
	TF_Tensor *t = hold(c, TF_AllocateOutput(c->ctx, i, TF_FLOAT, dims, rank, bytes, c->status));
	return ok(c) ? TF_TensorData(t) : NULL;
}

static inline float *scratch(call *c, size_t floats) {
	if (!ok(c)) return NULL;
	int64_t dims = (int64_t)floats;
	TF_AllocatorAttributes attributes = {.struct_size = TF_ALLOCATOR_ATTRIBUTES_STRUCT_SIZE};
	TF_Tensor *t = hold(c, TF_AllocateTemp(c->ctx, TF_FLOAT, &dims, 1, &attributes, c->status));
	return ok(c) ? TF_TensorData(t) : NULL;
}

#endif
