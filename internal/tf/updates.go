package tf

// AdamState is a variable with what one step of Adam needs of it: its moments, its
// gradient, and its learning rate and decay, float32 scalars.
type AdamState struct {
	Variable, M, V    *Variable
	Grad, Rate, Decay Output
}

// FusedAdam is one step of Adam with decoupled weight decay (Loshchilov and Hutter,
// ICLR 2019, arXiv:1711.05101) for many variables, as one operation on the CPU
// (package kernels): v -= Decay*v, then what ApplyAdam does at Rate. beta1Power and
// beta2Power are as there.
func (g *Graph) FusedAdam(states []AdamState, beta1Power, beta2Power Output, beta1, beta2, epsilon float64) Op {
	lists := make([]argument, 6)
	for i := range lists {
		lists[i].isList = true
	}
	for _, s := range states {
		for i, o := range []Output{s.Variable.handle, s.M.handle, s.V.handle, s.Grad, s.Rate, s.Decay} {
			lists[i].list = append(lists[i].list, o)
		}
	}
	return g.effect("SslpipeAdam", Attrs{"n": len(states), "beta1": beta1, "beta2": beta2, "epsilon": epsilon},
		append(lists, argument{one: beta1Power}, argument{one: beta2Power}))
}

// Average is a variable [C] that moves towards the mean of the rows of Towards, float32
// [groups, C].
type Average struct {
	Variable *Variable
	Towards  Output
}

// FusedAverages moves many averages, one after the other, as one operation on the
// CPU: variable = keep*variable + (1-keep)*mean.
func (g *Graph) FusedAverages(moves []Average, keep float64) Op {
	variables, values := argument{isList: true}, argument{isList: true}
	for _, m := range moves {
		variables.list, values.list = append(variables.list, m.Variable.handle), append(values.list, m.Towards)
	}
	return g.effect("SslpipeAverages", Attrs{"n": len(moves), "keep": keep}, []argument{variables, values})
}
