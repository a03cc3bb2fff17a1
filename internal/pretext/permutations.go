package pretext

// Sets of permutations for jigsaw puzzles. They come from groups that act sharply
// on the points, so they need no search, are the same everywhere, and any two of
// their members differ in many places: sharply k-transitive on n points means
// that two members agree in at most k-1 of them.

// affine9 is AGL(1, 9), the maps x -> a*x + b over the field of 9 elements: 72
// permutations of 9 points, any two of which differ in at least 8.
func affine9() [][]int {
	var set [][]int
	for a := 1; a < 9; a++ {
		for b := range 9 {
			p := make([]int, 9)
			for x := range p {
				p[x] = add9(mul9(a, x), b)
			}
			set = append(set, p)
		}
	}
	return set
}

// Elements of the field of 9 are u + v*i with i*i = -1 over the integers modulo
// 3, numbered u + 3*v.

func add9(a, b int) int { return (a%3+b%3)%3 + 3*((a/3+b/3)%3) }

func mul9(a, b int) int {
	re := a%3*(b%3) + 2*(a/3)*(b/3)
	im := a%3*(b/3) + a/3*(b%3)
	return re%3 + 3*(im%3)
}

// projective8 is PGL(2, 8), the maps x -> (a*x+b)/(c*x+d) of the projective line
// over the field of 8 elements: 504 permutations of 9 points, any two of which
// differ in at least 7.
func projective8() [][]int {
	const infinity = 8
	var set [][]int
	add := func(a, b, c, d int) {
		if mul8(a, d) == mul8(b, c) {
			return
		}
		p := make([]int, 9)
		for x := range p {
			top, bottom := mul8(a, x)^b, mul8(c, x)^d
			if x == infinity {
				top, bottom = a, c
			}
			if p[x] = infinity; bottom != 0 {
				p[x] = mul8(top, inverse8(bottom))
			}
		}
		set = append(set, p)
	}
	// One matrix for each class of multiples: d = 1, or d = 0 and c = 1.
	for a := range 8 {
		for b := range 8 {
			for c := range 8 {
				add(a, b, c, 1)
			}
			add(a, b, 1, 0)
		}
	}
	return set
}

// Elements of the field of 8 are polynomials over two elements modulo x^3+x+1,
// as bits; their sum is the exclusive or.

func mul8(a, b int) int {
	product := 0
	for bit := range 3 {
		if b>>bit&1 == 1 {
			product ^= a << bit
		}
	}
	for bit := 4; bit >= 3; bit-- {
		if product>>bit&1 == 1 {
			product ^= 0b1011 << (bit - 3)
		}
	}
	return product
}

func inverse8(a int) int {
	for b := 1; b < 8; b++ {
		if mul8(a, b) == 1 {
			return b
		}
	}
	return 0
}

// symmetric4 lists all 24 permutations of 4 points, in lexical order.
func symmetric4() [][]int {
	var set [][]int
	for code := range 4 * 4 * 4 * 4 {
		p := []int{code >> 6 & 3, code >> 4 & 3, code >> 2 & 3, code & 3}
		seen := 0
		for _, x := range p {
			seen |= 1 << x
		}
		if seen == 0b1111 {
			set = append(set, p)
		}
	}
	return set
}
