#include "augment.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parallel.h"
#include "steps.h"

// A multiplication and an addition are rounded one after the other, as in the graph.
#if defined(__clang__)
#pragma clang fp contract(off)
#else
#pragma GCC optimize("fp-contract=off")
#endif

// ---- Programs ----

enum { MOST_PIXELS = 1 << 14, MOST_FLOATS = 1 << 28, LONGEST_NUMBER = 32 };

// A number of a step.
typedef struct {
	const char *name;
	double least, most;
	int whole;
} range;

#define SHARE(name) {name, 0, 1, 0}

// The steps by their kinds, with their draws and numbers.
static const struct {
	const char *name;
	int draws;
	range numbers[STEP_NUMBERS];
} words[STEP_KINDS] = {
	[BLUR] = {"blur", 2, {{"sigma", 1e-6, 1e6, 0}, {"sigma", 1e-6, 1e6, 0}, {"radius", 1, WIDEST_KERNEL / 2, 1}, SHARE("probability")}},
	[BRIGHTNESS] = {"brightness", 2, {SHARE("amount"), SHARE("probability")}},
	[CONTRAST] = {"contrast", 2, {SHARE("amount"), SHARE("probability")}},
	[CROP] = {"crop", 2, {{"padding", 0, MOST_PIXELS, 1}, {"reflect", 0, 1, 1}}},
	[CUTOUT] = {"cutout", 3, {{"side", 0, MOST_PIXELS, 1}, SHARE("value"), SHARE("probability")}},
	[FLIP] = {"flip", 2, {SHARE("horizontal probability"), SHARE("vertical probability")}},
	[GREY] = {"grey", 1, {SHARE("probability")}},
	[HUE] = {"hue", 2, {{"amount", 0, 0.5, 0}, SHARE("probability")}},
	[QUARTER_TURN] = {"quarter_turn", 1},
	[RESIZED_CROP] = {"resized_crop", 4, {{"area", 1e-4, 1, 0}, {"area", 1e-4, 1, 0}, {"aspect", 1e-3, 1e3, 0}, {"aspect", 1e-3, 1e3, 0},
		{"height", 1, MOST_PIXELS, 1}, {"width", 1, MOST_PIXELS, 1}}},
	[SATURATION] = {"saturation", 2, {SHARE("amount"), SHARE("probability")}},
	[SOLARIZE] = {"solarize", 1, {SHARE("threshold"), SHARE("probability")}},
	[ZOOM] = {"zoom", 1, {SHARE("amount"), {"reflect", 0, 1, 1}}},
};

// A part of the text that is not read yet, without a zero behind it.
typedef struct {
	const char *at, *end;
} rest;

// word cuts the next word off a line.
static rest word(rest *line) {
	while (line->at < line->end && *line->at == ' ') line->at++;
	rest w = {line->at, line->at};
	while (w.end < line->end && *w.end != ' ') w.end++;
	line->at = w.end;
	return w;
}

static int number(rest w, double *value) {
	char text[LONGEST_NUMBER], *end;
	size_t length = (size_t)(w.end - w.at);
	if (length == 0 || length >= sizeof text || isspace((unsigned char)*w.at)) return 0;
	memcpy(text, w.at, length);
	text[length] = 0;
	*value = strtod(text, &end);
	return end == text + length && isfinite(*value);
}

// kind is STEP_KINDS for what is no step.
static sslpipe_kind kind(rest w) {
	int k = 0;
	while (k < STEP_KINDS && (strlen(words[k].name) != (size_t)(w.end - w.at) || memcmp(words[k].name, w.at, strlen(words[k].name)) != 0)) k++;
	return (sslpipe_kind)k;
}

// parse_step reads a line, or says what is wrong with it.
static int parse_step(rest line, sslpipe_step *s, char why[SSLPIPE_WHY]) {
	rest name = word(&line);
	s->kind = kind(name);
	if (s->kind == STEP_KINDS) {
		snprintf(why, SSLPIPE_WHY, "there is no step \"%.*s\"", (int)(name.end - name.at < 40 ? name.end - name.at : 40), name.at);
		return 0;
	}
	s->draws = words[s->kind].draws;
	for (int i = 0; i < STEP_NUMBERS && words[s->kind].numbers[i].name != NULL; i++) {
		range r = words[s->kind].numbers[i];
		double *v = &s->number[i];
		if (!number(word(&line), v) || *v < r.least || *v > r.most || (r.whole && *v != floor(*v))) {
			snprintf(why, SSLPIPE_WHY, "number %d of %s, %s, is not a%s number from %g to %g", i + 1, words[s->kind].name, r.name, r.whole ? " whole" : "", r.least, r.most);
			return 0;
		}
	}
	if (word(&line).at != line.end) {
		snprintf(why, SSLPIPE_WHY, "the step %s has too many numbers", words[s->kind].name);
		return 0;
	}
	return 1;
}

sslpipe_program *sslpipe_program_parse(const char *text, size_t length, char why[SSLPIPE_WHY]) {
	size_t lines = 1;
	for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
	sslpipe_program *p = calloc(1, sizeof *p + lines * sizeof *p->steps);
	if (p == NULL) {
		snprintf(why, SSLPIPE_WHY, "there is no memory for %zu steps", lines);
		return NULL;
	}
	for (rest all = {text, text + length}; all.at < all.end;) {
		const char *newline = memchr(all.at, '\n', (size_t)(all.end - all.at));
		rest line = {all.at, newline == NULL ? all.end : newline};
		if (!parse_step(line, &p->steps[p->count], why)) {
			free(p);
			return NULL;
		}
		p->draws += p->steps[p->count++].draws;
		all.at = newline == NULL ? all.end : newline + 1;
	}
	return p;
}

int sslpipe_program_draws(const sslpipe_program *p) { return p->draws; }

// zoom_margin is how far a zoom reaches beyond the image, and one more to interpolate with.
static int zoom_margin(double amount, int h, int w) { return (int)ceil(amount * (h > w ? h : w) / 2) + 1; }

// unsuited tells why a step is not for images of a shape, or returns NULL.
static const char *unsuited(const sslpipe_step *s, int h, int w, int c) {
	int shorter = h < w ? h : w;
	switch (s->kind) {
	case BLUR: return s->number[2] < shorter ? NULL : "blur reaches too far beyond the border of the images";
	case CROP: return s->number[0] < shorter ? NULL : "crop is padded by more than the sides of the images";
	case GREY: return c == 1 || c == 3 ? NULL : "grey wants images of 1 or 3 channels";
	case HUE:
	case SATURATION: return c == 3 ? NULL : "hue and saturation want images of 3 channels";
	case QUARTER_TURN: return h == w ? NULL : "quarter_turn wants square images";
	case ZOOM: return s->number[1] == 0 || zoom_margin(s->number[0], h, w) < shorter ? NULL : "zoom reaches too far beyond the border to mirror the images";
	default: return NULL;
	}
}

const char *sslpipe_program_fit(const sslpipe_program *p, int h, int w, int c, int *to_h, int *to_w) {
	*to_h = h;
	*to_w = w;
	for (int i = 0; i <= p->count; i++) {
		if (*to_h < 1 || *to_w < 1 || c < 1 || *to_h > MOST_PIXELS || *to_w > MOST_PIXELS || c > MOST_FLOATS / *to_h / *to_w) {
			return "images must have pixels, and not too many";
		}
		if (i == p->count) return NULL;
		const char *why = unsuited(&p->steps[i], *to_h, *to_w, c);
		if (why != NULL) return why;
		if (p->steps[i].kind != RESIZED_CROP) continue;
		*to_h = (int)p->steps[i].number[4];
		*to_w = (int)p->steps[i].number[5];
	}
	return NULL;
}

// ---- Choices ----

// drawn keeps what may be no draw in [0, 1).
static float drawn(float u) { return !(u >= 0) ? 0 : u < 1 ? u : 0x1.fffffep-1f; }

static int happens(float u, double p) { return drawn(u) < (float)p; }

static float between(float u, double lo, double hi) { return drawn(u) * (float)(hi - lo) + (float)lo; }

// whole maps a draw to 0 .. count-1.
static int whole(float u, int count) {
	int i = (int)(drawn(u) * (float)count);
	return i < count ? i : count - 1;
}

typedef enum { ZERO, REFLECT, EDGE } fill;

static int seen(int i, int size, fill f) {
	if (f == ZERO) return i < 0 || i >= size ? size : i;
	if (f == REFLECT) return sslpipe_mirrored(i, size);
	return i < 0 ? 0 : i >= size ? size - 1 : i;
}

// stretch says where the middles of parts equal parts of a region lie among the size pixels
// of an axis. In float64: a rounding of places in float32 would be seen in the pixels.
static void stretch(sslpipe_taps t, double start, double extent, int size, fill f, int parts) {
	for (int i = 0; i < parts; i++) {
		double place = start + (i + 0.5) * extent / parts - 0.5, below = floor(place);
		t.lo[i] = seen((int)below, size, f);
		t.hi[i] = seen((int)below + 1, size, f);
		t.share[i] = (float)(place - below);
	}
}

static double limited(double v, double least, double most) { return v < least ? least : v > most ? most : v; }

// resized_crop chooses an area, an aspect with which it fits, and a place.
static void resized_crop(const double *number, const float *u, const sslpipe_picture *p, sslpipe_choice *c) {
	double h = p->h, w = p->w;
	c->h = (int)number[4];
	c->w = (int)number[5];
	double area = number[0] + (number[1] - number[0]) * drawn(u[0]);
	double room = -log(area), wide = log(w / h);
	double lo = limited(log(number[2]), wide - room, wide + room), hi = limited(log(number[3]), wide - room, wide + room);
	double aspect = exp(lo + (hi - lo) * drawn(u[1]));
	double height = fmin(sqrt(area * h * w / aspect), h), width = fmin(sqrt(area * h * w * aspect), w);
	stretch(p->rows, drawn(u[2]) * (h - height), height, p->h, EDGE, c->h);
	stretch(p->columns, drawn(u[3]) * (w - width), width, p->w, EDGE, c->w);
}

static void zoom(const double *number, const float *u, const sslpipe_picture *p, sslpipe_choice *c) {
	double factor = 1 - number[0] + 2 * number[0] * drawn(u[0]), border = (1 - factor) / 2;
	fill f = number[1] != 0 ? REFLECT : ZERO;
	c->h = p->h;
	c->w = p->w;
	stretch(p->rows, border * p->h, factor * p->h, p->h, f, p->h);
	stretch(p->columns, border * p->w, factor * p->w, p->w, f, p->w);
}

// gaussian leaves the weights at the distances -radius .. radius, which sum to 1.
static void gaussian(float *kernel, int radius, double sigma) {
	double sum = 0;
	for (int d = -radius; d <= radius; d++) sum += exp(-d * d / (2 * sigma * sigma));
	for (int d = -radius; d <= radius; d++) kernel[d + radius] = (float)(exp(-d * d / (2 * sigma * sigma)) / sum);
}

sslpipe_choice sslpipe_step_choose(const sslpipe_step *s, const float *u, const sslpipe_picture *p) {
	const double *number = s->number;
	sslpipe_choice c = {.happens = 1};
	switch (s->kind) {
	case BLUR:
		c.happens = happens(u[0], number[3]);
		c.size = (int)number[2];
		if (c.happens) gaussian(p->kernel, c.size, number[0] + (number[1] - number[0]) * drawn(u[1]));
		break;
	case BRIGHTNESS:
	case CONTRAST:
	case SATURATION:
		c.happens = happens(u[0], number[1]);
		c.amount = between(u[1], -number[0], number[0]);
		break;
	case CROP:
		c.row = whole(u[0], 2 * (int)number[0] + 1) - (int)number[0];
		c.column = whole(u[1], 2 * (int)number[0] + 1) - (int)number[0];
		c.happens = c.row != 0 || c.column != 0;
		c.reflect = number[1] != 0;
		break;
	case CUTOUT:
		c.happens = happens(u[0], number[2]);
		c.size = (int)number[0];
		c.amount = (float)number[1];
		c.row = whole(u[1], p->h) - c.size / 2;
		c.column = whole(u[2], p->w) - c.size / 2;
		break;
	case FLIP:
		c.row = happens(u[1], number[1]);
		c.column = happens(u[0], number[0]);
		c.happens = c.row || c.column;
		break;
	case GREY:
		c.happens = p->c == 3 && happens(u[0], number[0]);
		break;
	case HUE:
		c.happens = happens(u[0], number[1]);
		c.amount = 6 * between(u[1], -number[0], number[0]);
		break;
	case QUARTER_TURN:
		c.row = whole(u[0], 4);
		c.happens = c.row != 0;
		break;
	case RESIZED_CROP: resized_crop(number, u, p, &c); break;
	case SOLARIZE:
		c.happens = happens(u[0], number[1]);
		c.amount = (float)number[0];
		break;
	case ZOOM: zoom(number, u, p, &c); break;
	case STEP_KINDS: c.happens = 0; break;
	}
	return c;
}

// ---- Batches ----

// bounds are the largest sizes on an image's way.
typedef struct {
	int h, w;
	size_t plane;
} bounds;

static bounds bounds_of(const sslpipe_augment *a) {
	bounds b = {a->h, a->w, sslpipe_plane(a->h, a->w)};
	for (int i = 0; i < a->program->count; i++) {
		const sslpipe_step *s = &a->program->steps[i];
		if (s->kind != RESIZED_CROP) continue;
		int h = (int)s->number[4], w = (int)s->number[5];
		size_t plane = sslpipe_plane(h, w);
		b = (bounds){h > b.h ? h : b.h, w > b.w ? w : b.w, plane > b.plane ? plane : b.plane};
	}
	return b;
}

// A worker's memory. With a NULL base it only counts.
typedef struct {
	float *base;
	size_t used;
} room;

static void *cut(room *r, size_t floats) {
	void *p = r->base == NULL ? NULL : r->base + r->used;
	r->used += (floats + PADDING - 1) / PADDING * PADDING;
	return p;
}

// picture lays out the memory of a worker, and returns how much it takes.
static size_t picture(sslpipe_picture *p, const sslpipe_augment *a, float *base) {
	room memory = {.base = base};
	bounds b = bounds_of(a);
	size_t buffer = b.plane * (size_t)a->c + PADDING, line = sslpipe_plane(1, b.w * a->c) + WIDEST_KERNEL + PADDING;
	*p = (sslpipe_picture){.h = a->h, .w = a->w, .c = a->c, .planar = a->c == 1};
	p->at = cut(&memory, buffer);
	p->other = cut(&memory, buffer);
	p->line = cut(&memory, line);
	p->black = cut(&memory, line);
	p->kernel = cut(&memory, WIDEST_KERNEL);
	sslpipe_taps *taps[] = {&p->rows, &p->columns};
	for (int i = 0; i < 2; i++) {
		size_t places = (size_t)(i == 0 ? b.h : b.w) + PADDING;
		*taps[i] = (sslpipe_taps){cut(&memory, places), cut(&memory, places), cut(&memory, places)};
	}
	return memory.used;
}

size_t sslpipe_augment_scratch(const sslpipe_augment *a, int threads) {
	sslpipe_picture p;
	return picture(&p, a, NULL) * (size_t)threads;
}

typedef struct {
	const sslpipe_augment *a;
	float *scratch;
} batch;

static void image(void *job, int i, int worker) {
	const batch *b = job;
	const sslpipe_augment *a = b->a;
	sslpipe_picture p;
	int h, w;
	picture(&p, a, b->scratch + sslpipe_augment_scratch(a, worker));
	sslpipe_program_fit(a->program, a->h, a->w, a->c, &h, &w);
	size_t pixels = (size_t)a->h * a->w * a->c, results = (size_t)h * w * a->c;
	const void *x = a->bytes ? (const void *)((const unsigned char *)a->x + i * pixels) : (const float *)a->x + i * pixels;
	sslpipe_augment_image(a->program, x, a->bytes, a->draws + (size_t)i * a->program->draws, &p, a->y + i * results);
}

void sslpipe_augment_run(const sslpipe_augment *a, int threads, float *scratch) {
	batch b = {a, scratch};
	sslpipe_parallel(a->n, threads, image, &b);
}
