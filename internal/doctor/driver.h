// What doctor asks of NVIDIA's driver; see driver.go.

#include <stddef.h>

#define SSLPIPE_GPUS 64

struct sslpipe_gpu {
	char name[256];
	size_t memory;
	int major, minor;
};

struct sslpipe_driver {
	int version, count;
	struct sslpipe_gpu gpus[SSLPIPE_GPUS];
};

// sslpipe_ask_driver opens libcuda.so.1 and fills found. It returns NULL, or a message
// that the caller frees.
char *sslpipe_ask_driver(struct sslpipe_driver *found);

// sslpipe_open_library opens the library at path. It returns NULL, or a message that the
// caller frees.
char *sslpipe_open_library(const char *path);
