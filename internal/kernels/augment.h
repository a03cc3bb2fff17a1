// Random changes of images on the CPU: a program of steps, run on each image by
// itself. An image is read once, stays in a buffer of its worker's cache while the
// steps change it, and is written once.
//
// What a step does is decided by its draws, uniform numbers in [0, 1). Results
// depend neither on the number of threads, nor on the other images, nor on the
// instructions.
#ifndef SSLPIPE_AUGMENT_H
#define SSLPIPE_AUGMENT_H

#include <stddef.h>

typedef struct sslpipe_program sslpipe_program;

enum { SSLPIPE_WHY = 256 };

// Parses a program: a line for each step, with its name and its numbers, as the
// table of augment.c lists them. On an error it returns NULL and says why. The
// caller frees the program.
sslpipe_program *sslpipe_program_parse(const char *text, size_t length, char why[SSLPIPE_WHY]);

// How many draws an image needs.
int sslpipe_program_draws(const sslpipe_program *p);

// The size of what becomes of images of h rows, w columns and c channels. Returns
// NULL, or why they do not suit.
const char *sslpipe_program_fit(const sslpipe_program *p, int h, int w, int c, int *to_h, int *to_w);

// A batch of images that fit the program.
typedef struct {
	const sslpipe_program *program;
	int n, h, w, c;
	int bytes;          // x holds bytes, 255 being 1, and not floats in [0, 1]
	const void *x;      // [n, h, w, c]
	const float *draws; // [n, draws]
	float *y;           // [n, to_h, to_w, c], in [0, 1]
} sslpipe_augment;

// How many floats of scratch a run needs with so many threads.
size_t sslpipe_augment_scratch(const sslpipe_augment *a, int threads);

// Scratch is aligned to 64 bytes.
void sslpipe_augment_run(const sslpipe_augment *a, int threads, float *scratch);

#endif
