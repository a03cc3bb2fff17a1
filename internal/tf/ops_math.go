package tf

// one adds an operation with one output and no attributes.
func (g *Graph) one(typ string, inputs ...Output) Output { return g.Op(typ, nil, inputs...)[0] }

// The element-wise operations of two tensors broadcast as NumPy does; both sides
// have one type.

// Add returns a + b.
func (g *Graph) Add(a, b Output) Output { return g.one("AddV2", a, b) }

// Sub returns a - b.
func (g *Graph) Sub(a, b Output) Output { return g.one("Sub", a, b) }

// Mul returns a * b.
func (g *Graph) Mul(a, b Output) Output { return g.one("Mul", a, b) }

// Div returns a / b of floating-point tensors.
func (g *Graph) Div(a, b Output) Output { return g.one("RealDiv", a, b) }

// DivNoNan returns a / b, and 0 where b is 0.
func (g *Graph) DivNoNan(a, b Output) Output { return g.one("DivNoNan", a, b) }

// Maximum returns the larger of a and b. At ties the gradient goes to a.
func (g *Graph) Maximum(a, b Output) Output { return g.one("Maximum", a, b) }

// Minimum returns the smaller of a and b. At ties the gradient goes to a.
func (g *Graph) Minimum(a, b Output) Output { return g.one("Minimum", a, b) }

// Pow returns a to the power of b.
func (g *Graph) Pow(a, b Output) Output { return g.one("Pow", a, b) }

// Mod returns a - floor(a/b)*b, which has b's sign. It has no gradient.
func (g *Graph) Mod(a, b Output) Output { return g.one("FloorMod", a, b) }

// SquaredDifference returns (a - b)^2.
func (g *Graph) SquaredDifference(a, b Output) Output { return g.one("SquaredDifference", a, b) }

// AddN returns the sum of tensors of one shape.
func (g *Graph) AddN(xs []Output) Output {
	if len(xs) == 0 {
		return g.Failf("AddN: there is nothing to add")
	}
	return nested(xs, func(few []Output) Output { return g.OpList("AddN", nil, few)[0] })
}

// Neg returns -x.
func (g *Graph) Neg(x Output) Output { return g.one("Neg", x) }

// Square returns x^2.
func (g *Graph) Square(x Output) Output { return g.one("Square", x) }

// Sqrt returns the square root.
func (g *Graph) Sqrt(x Output) Output { return g.one("Sqrt", x) }

// Rsqrt returns 1 / sqrt(x).
func (g *Graph) Rsqrt(x Output) Output { return g.one("Rsqrt", x) }

// Exp returns e^x.
func (g *Graph) Exp(x Output) Output { return g.one("Exp", x) }

// Log returns the natural logarithm.
func (g *Graph) Log(x Output) Output { return g.one("Log", x) }

// Abs returns |x|.
func (g *Graph) Abs(x Output) Output { return g.one("Abs", x) }

// Sign returns -1, 0 or 1.
func (g *Graph) Sign(x Output) Output { return g.one("Sign", x) }

// Sin returns the sine of x in radians.
func (g *Graph) Sin(x Output) Output { return g.one("Sin", x) }

// Cos returns the cosine of x in radians.
func (g *Graph) Cos(x Output) Output { return g.one("Cos", x) }

// Sigmoid returns 1 / (1 + e^-x).
func (g *Graph) Sigmoid(x Output) Output { return g.one("Sigmoid", x) }

// Tanh returns the hyperbolic tangent.
func (g *Graph) Tanh(x Output) Output { return g.one("Tanh", x) }

// Softplus returns log(1 + e^x).
func (g *Graph) Softplus(x Output) Output { return g.one("Softplus", x) }

// Relu returns max(x, 0).
func (g *Graph) Relu(x Output) Output { return g.one("Relu", x) }

// Relu6 returns min(max(x, 0), 6).
func (g *Graph) Relu6(x Output) Output { return g.one("Relu6", x) }

// Erf returns the error function.
func (g *Graph) Erf(x Output) Output { return g.one("Erf", x) }

// Floor rounds down. Its gradient stops.
func (g *Graph) Floor(x Output) Output { return g.one("Floor", x) }

// Round rounds half to even. It has no gradient: keep it off the path to a loss.
func (g *Graph) Round(x Output) Output { return g.one("Round", x) }

// Equal compares element-wise, to bool.
func (g *Graph) Equal(a, b Output) Output { return g.one("Equal", a, b) }

// NotEqual compares element-wise, to bool.
func (g *Graph) NotEqual(a, b Output) Output { return g.one("NotEqual", a, b) }

// Less compares element-wise, to bool.
func (g *Graph) Less(a, b Output) Output { return g.one("Less", a, b) }

// LessEqual compares element-wise, to bool.
func (g *Graph) LessEqual(a, b Output) Output { return g.one("LessEqual", a, b) }

// Greater compares element-wise, to bool.
func (g *Graph) Greater(a, b Output) Output { return g.one("Greater", a, b) }

// GreaterEqual compares element-wise, to bool.
func (g *Graph) GreaterEqual(a, b Output) Output { return g.one("GreaterEqual", a, b) }

// And is the logical and of bools.
func (g *Graph) And(a, b Output) Output { return g.one("LogicalAnd", a, b) }

// Or is the logical or of bools.
func (g *Graph) Or(a, b Output) Output { return g.one("LogicalOr", a, b) }

// Not is the logical negation of bools.
func (g *Graph) Not(x Output) Output { return g.one("LogicalNot", x) }

// Select returns a where cond is true and b elsewhere; all three broadcast.
func (g *Graph) Select(cond, a, b Output) Output { return g.one("SelectV2", cond, a, b) }
