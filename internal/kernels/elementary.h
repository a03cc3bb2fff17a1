// Functions of vectors; part of body.h. What is not a number stays so.

INLINE vec where(ivec which, vec a, vec b) { return (vec)((which & (ivec)a) | (~which & (ivec)b)); }

INLINE vec magnitude(vec x) { return (vec)((ivec)x & 0x7fffffff); }

// e^x to 2e-7 of itself; 0 below -87.3, as e^88 above 88. (Cephes, Moshier.)
INLINE vec exponential(vec x) {
	const float whole = 0x1.8p23f; // adding it leaves the nearest integer in the lowest bits
	vec low = splat(-87.3f), t = VMIN(splat(88), VMAX(low, x));
	vec shifted = t * splat(1.44269504f) + splat(whole), n = shifted - splat(whole);
	vec r = t - n * splat(0.693359375f) + n * splat(2.12194440e-4f);
	vec p = splat(1.9875691500e-4f);
	p = p * r + splat(1.3981999507e-3f);
	p = p * r + splat(8.3334519073e-3f);
	p = p * r + splat(4.1665795894e-2f);
	p = p * r + splat(1.6666665459e-1f);
	p = p * r + splat(5.0000001201e-1f);
	p = p * r * r + r + splat(1);
	vec power = (vec)(((ivec)shifted + 127) << 23);
	return where((ivec)(x < low), splat(0), p * power);
}

// The natural logarithm of normal x > 0, to 2e-7. (Cephes, Moshier.)
INLINE vec logarithm(vec x) {
	ivec bits = (ivec)x;
	vec m = (vec)((bits & 0x007fffff) | 0x3f000000);
	ivec small = (ivec)(m < splat(0.70710678f));
	vec e = __builtin_convertvector((bits >> 23) - 126 + small, vec);
	m = m + where(small, m, splat(0)) - splat(1);
	vec p = splat(7.0376836292e-2f);
	p = p * m - splat(1.1514610310e-1f);
	p = p * m + splat(1.1676998740e-1f);
	p = p * m - splat(1.2420140846e-1f);
	p = p * m + splat(1.4249322787e-1f);
	p = p * m - splat(1.6668057665e-1f);
	p = p * m + splat(2.0000714765e-1f);
	p = p * m - splat(2.4999993993e-1f);
	p = p * m + splat(3.3333331174e-1f);
	p = p * m * m * m - e * splat(2.12194440e-4f) - m * m * splat(0.5f);
	return m + p + e * splat(0.693359375f) + (x - x);
}

// The normal distribution at x: its share below x, to 3e-7, and bell = exp(-x*x/2). The share of the tail is
// that times a polynomial of 1/(1 + 0.3|x|), which was fitted to 1.5e-7 of itself.
INLINE vec normal_share(vec x, vec *bell) {
	vec t = splat(1) / (splat(1) + splat(0.3f) * magnitude(x));
	vec p = splat(0.03567542880773544f);
	p = p * t - splat(0.15720565617084503f);
	p = p * t + splat(0.2063576579093933f);
	p = p * t - splat(0.05368718504905701f);
	p = p * t + splat(0.12856334447860718f);
	p = p * t + splat(0.09991301596164703f);
	p = p * t + splat(0.12075402587652206f);
	p = p * t + splat(0.11962929368019104f);
	*bell = exponential(x * x * splat(-0.5f));
	vec tail = p * t * *bell;
	return where((ivec)(x > splat(0)), splat(1) - tail, tail);
}

INLINE vec gelu(vec x) {
	vec bell;
	return x * normal_share(x, &bell);
}

INLINE vec gelu_slope(vec x) {
	vec bell, share = normal_share(x, &bell);
	return share + x * bell * splat(0.39894228f);
}

// The sum and the largest element of a vector, in the order of its lanes.
INLINE float sum_of(vec v) {
	float lanes[LANES], sum = 0;
	STORE(lanes, v);
	for (int i = 0; i < LANES; i++) sum += lanes[i];
	return sum;
}

INLINE float largest_of(vec v) {
	float lanes[LANES];
	STORE(lanes, v);
	float largest = lanes[0];
	for (int i = 1; i < LANES; i++) largest = lanes[i] > largest ? lanes[i] : largest;
	return largest;
}

// The first left lanes of v; zeros behind them.
INLINE vec first_of(vec v, int left) {
	float lanes[LANES] = {0};
	if (__builtin_expect(left >= LANES, 1)) return v;
	STORE(lanes, v);
	for (int i = left; i < LANES; i++) lanes[i] = 0;
	return LOAD(lanes);
}
