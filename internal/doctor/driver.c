#include "driver.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of CUDA's driver interface (cuda.h), which has kept these since 2013.
typedef int result; // 0 is success
enum { no_device = 100, major_attribute = 75, minor_attribute = 76 };

static char *message(const char *what, int code) {
	char text[256];
	snprintf(text, sizeof text, "%s fails with CUDA error %d", what, code);
	return strdup(text);
}

// The functions by the names that the library exports.
struct calls {
	result (*init)(unsigned);
	result (*version)(int *);
	result (*count)(int *);
	result (*device)(int *, int);
	result (*name)(char *, int, int);
	result (*memory)(size_t *, int);
	result (*attribute)(int *, int, int);
};

static char *find(void *library, struct calls *c) {
	struct {
		const char *name;
		void *at;
	} all[] = {
		{"cuInit", &c->init}, {"cuDriverGetVersion", &c->version}, {"cuDeviceGetCount", &c->count}, {"cuDeviceGet", &c->device},
		{"cuDeviceGetName", &c->name}, {"cuDeviceTotalMem_v2", &c->memory}, {"cuDeviceGetAttribute", &c->attribute},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		void *found = dlsym(library, all[i].name);
		if (found == NULL) return strdup("libcuda.so.1 lacks functions of a driver");
		memcpy(all[i].at, &found, sizeof found);
	}
	return NULL;
}

static char *ask_gpu(const struct calls *c, int i, struct sslpipe_gpu *g) {
	int device = 0;
	result code = c->device(&device, i);
	if (code == 0) code = c->name(g->name, sizeof g->name, device);
	if (code == 0) code = c->memory(&g->memory, device);
	if (code == 0) code = c->attribute(&g->major, major_attribute, device);
	if (code == 0) code = c->attribute(&g->minor, minor_attribute, device);
	return code == 0 ? NULL : message("asking a GPU", code);
}

char *sslpipe_ask_driver(struct sslpipe_driver *found) {
	memset(found, 0, sizeof *found);
	void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) return strdup("its library libcuda.so.1 is not found");
	struct calls c;
	char *wrong = find(library, &c);
	if (wrong != NULL) return wrong;
	result code = c.version(&found->version);
	if (code != 0) return message("cuDriverGetVersion", code);
	code = c.init(0);
	if (code == no_device) return NULL;
	if (code != 0) return message("cuInit", code);
	code = c.count(&found->count);
	if (code != 0) return message("cuDeviceGetCount", code);
	if (found->count > SSLPIPE_GPUS) found->count = SSLPIPE_GPUS;
	for (int i = 0; i < found->count && wrong == NULL; i++) wrong = ask_gpu(&c, i, &found->gpus[i]);
	return wrong;
}

char *sslpipe_open_library(const char *path) {
	if (dlopen(path, RTLD_LAZY | RTLD_LOCAL) != NULL) return NULL;
	const char *text = dlerror();
	return strdup(text == NULL ? "unknown error" : text);
}
