// Operations by which the chief of a cluster asks its workers who they are, and sends them home.

#include "cluster.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "operations.h"

static char *identity;
static int dismissed;

void sslpipe_set_identity(const char *text) {
	free(identity);
	identity = strdup(text);
}

int sslpipe_dismissed(void) { return __atomic_load_n(&dismissed, __ATOMIC_ACQUIRE); }

static void *create(TF_OpKernelConstruction *ctx) {
	(void)ctx;
	return NULL;
}

static void destroy(void *kernel) { (void)kernel; }

// Output: the text, uint8 [bytes].
static void tell(void *kernel, TF_OpKernelContext *ctx) {
	(void)kernel;
	call c = begin(ctx);
	const char *text = identity == NULL ? "" : identity;
	int64_t size = (int64_t)strlen(text);
	TF_Tensor *t = hold(&c, TF_AllocateOutput(ctx, 0, TF_UINT8, &size, 1, (size_t)size, c.status));
	if (ok(&c) && size > 0) memcpy(TF_TensorData(t), text, (size_t)size);
	end(&c);
}

static void dismiss(void *kernel, TF_OpKernelContext *ctx) {
	(void)kernel;
	(void)ctx;
	__atomic_store_n(&dismissed, 1, __ATOMIC_RELEASE);
}

const sslpipe_operation sslpipe_cluster_operations[] = {
	{"SslpipeIdentity", {NULL}, {NULL}, {"identity: uint8"}, 1, create, tell, destroy},
	{"SslpipeDismiss", {NULL}, {NULL}, {NULL}, 1, create, dismiss, destroy},
	{NULL},
};
