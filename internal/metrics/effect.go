package metrics

import "math"

// standardisedEffect is Cohen's d_z, the mean of paired differences in units of
// their standard deviation (Cohen, Statistical Power Analysis, 1988), times
// Hedges' correction of its bias in small samples,
//
//	J(df) = gamma(df/2) / (sqrt(df/2) gamma((df-1)/2)),  df = n-1
//
// (Hedges, Journal of Educational Statistics 6, 1981). J is not defined for two
// differences; nil then, and where the differences have no spread.
func standardisedEffect(differences Summary) *float64 {
	if differences.N < 3 || differences.SD < negligible {
		return nil
	}
	half := float64(differences.N-1) / 2
	upper, _ := math.Lgamma(half)
	lower, _ := math.Lgamma(half - 0.5)
	effect := math.Exp(upper-lower) / math.Sqrt(half) * differences.Mean / differences.SD
	return &effect
}
