#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

// The trampolines jump through this table. It is filled once, under a lock that
// the Go side holds, before the Go side lets any call through.
__attribute__((visibility("hidden"))) void *sslpipe_tf_table[SSLPIPE_TF_SYMBOLS];

static char *message(const char *what, const char *detail) {
	if (detail == NULL) detail = "unknown error";
	size_t size = strlen(what) + strlen(detail) + 3;
	char *text = malloc(size);
	if (text != NULL) snprintf(text, size, "%s: %s", what, detail);
	return text;
}

char *sslpipe_tf_open(const char *path) {
	// RTLD_LOCAL keeps the library's copies of common code (protobuf, LLVM) away
	// from everything else in the process.
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) return message("open", dlerror());
	void *found[SSLPIPE_TF_SYMBOLS];
	for (int i = 0; i < SSLPIPE_TF_SYMBOLS; i++) {
		found[i] = dlsym(library, sslpipe_tf_names[i]);
		// The library stays open: TensorFlow does not survive being unloaded.
		if (found[i] == NULL) return message("it lacks a function", sslpipe_tf_names[i]);
	}
	memcpy(sslpipe_tf_table, found, sizeof found);
	return NULL;
}

void sslpipe_open_early(const char *path) {
	dlopen(path, RTLD_LAZY | RTLD_LOCAL);
}
