// The steps of augment.h: what augment.c decides about an image, and pixels.h does
// to it.
#ifndef SSLPIPE_STEPS_H
#define SSLPIPE_STEPS_H

#include "augment.h"

typedef enum {
	BLUR,
	BRIGHTNESS,
	CONTRAST,
	CROP,
	CUTOUT,
	FLIP,
	GREY,
	HUE,
	QUARTER_TURN,
	RESIZED_CROP,
	SATURATION,
	SOLARIZE,
	ZOOM,
	STEP_KINDS,
} sslpipe_kind;

enum { STEP_NUMBERS = 6, WIDEST_KERNEL = 255, PADDING = 16 };

typedef struct {
	sslpipe_kind kind;
	int draws;
	double number[STEP_NUMBERS];
} sslpipe_step;

struct sslpipe_program {
	int count, draws;
	sslpipe_step steps[];
};

// Where a row or column of a resampled image comes from: lo + (hi-lo)*share. An index
// is that of a row or column of the source, or, one behind the last, black.
typedef struct {
	int *lo, *hi;
	float *share;
} sslpipe_taps;

// An image on its way through the steps, in memory that is its worker's.
typedef struct {
	int h, w, c;
	int planar;          // channels one after another, else pixels one after another
	float *at, *other;   // the image, and as much room; both with PADDING floats more
	float *line, *black; // two rows of interleaved pixels, and room for a kernel
	sslpipe_taps rows, columns;
	float *kernel;
} sslpipe_picture;

// What the draws of an image decide about a step.
typedef struct {
	int happens;      // else the image stays as it is
	float amount;     // the change of a factor; of hue in sixths of the circle; threshold; value of cutout
	int row, column;  // shift of crop, corner of cutout, directions of flip, number of turns in row
	int size;         // side of cutout, radius of blur
	int reflect;      // what crop shows beyond the border
	int h, w;         // size of a resampled image
} sslpipe_choice;

// Decides a step; the taps or the kernel are left in p.
sslpipe_choice sslpipe_step_choose(const sslpipe_step *s, const float *u, const sslpipe_picture *p);

// Runs a program on an image x, in the memory of p, with the instructions in use.
void sslpipe_augment_image(const sslpipe_program *program, const void *x, int bytes, const float *u, sslpipe_picture *p, float *y);

// Floats from one channel of a planar image to the next: a multiple of PADDING, with at
// least as many behind the last row.
static inline size_t sslpipe_plane(int h, int w) { return ((size_t)h * w + 2 * PADDING - 1) / PADDING * PADDING; }

// The pixel that is seen at i, which is less than size beyond an image of size pixels
// that is mirrored at its outermost ones.
static inline int sslpipe_mirrored(int i, int size) {
	if (i < 0) i = -i;
	if (i >= size) i = 2 * (size - 1) - i;
	return i < 0 ? 0 : i;
}

#endif
