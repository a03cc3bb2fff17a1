// The operations that this program adds to TensorFlow's; see operations.c.
#ifndef SSLPIPE_OPERATIONS_H
#define SSLPIPE_OPERATIONS_H

#include "kernel_api.h"

enum { SSLPIPE_MOST_SPECS = 9 };

// An operation on the CPU, by TensorFlow's words for attributes, inputs and outputs; lists end with NULL.
typedef struct {
	const char *name, *attributes[SSLPIPE_MOST_SPECS], *inputs[SSLPIPE_MOST_SPECS], *outputs[SSLPIPE_MOST_SPECS];
	int stateful; // it changes variables
	void *(*create)(TF_OpKernelConstruction *);
	void (*compute)(void *, TF_OpKernelContext *);
	void (*destroy)(void *);
} sslpipe_operation;

// Each list ends with an operation without a name.
extern const sslpipe_operation sslpipe_fused_operations[], sslpipe_transformer_operations[], sslpipe_update_operations[],
	sslpipe_augment_operations[], sslpipe_cluster_operations[];

// sslpipe_register_operations makes them all known to the library, which must be open. It returns NULL, or a message
// that the caller frees.
char *sslpipe_register_operations(void);

#endif
