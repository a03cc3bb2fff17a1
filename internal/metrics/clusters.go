package metrics

// cluster returns the indices of members, which each name the groups that they
// belong to, as lists of those that are linked by a group, directly or through
// others. An empty name links nothing. Lists and indices ascend.
func cluster(groups [][]string) [][]int {
	leader := make([]int, len(groups))
	find := func(i int) int {
		for leader[i] != i {
			i = leader[i]
		}
		return i
	}
	first := map[string]int{}
	for i, names := range groups {
		leader[i] = i
		for _, name := range names {
			if name == "" {
				continue
			}
			j, seen := first[name]
			if !seen {
				first[name] = i
				continue
			}
			a, b := find(i), find(j)
			leader[max(a, b)] = min(a, b)
		}
	}
	place := map[int]int{}
	var clusters [][]int
	for i := range groups {
		root := find(i)
		if root == i {
			place[i] = len(clusters)
			clusters = append(clusters, nil)
		}
		clusters[place[root]] = append(clusters[place[root]], i)
	}
	return clusters
}

// clusterMeans averages the values of each cluster.
func clusterMeans(values []float64, clusters [][]int) []float64 {
	means := make([]float64, len(clusters))
	for c, members := range clusters {
		sum := 0.0
		for _, i := range members {
			sum += values[i]
		}
		means[c] = sum / float64(len(members))
	}
	return means
}
