package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
	"sslpipe/internal/view"
)

// explain shows where the values of some stages come from.
func explain(cmd *cobra.Command, p *plan.Plan, addresses []string) error {
	out := cmd.OutOrStdout()
	style := view.Detect(out, os.Getenv)
	for _, address := range addresses {
		found := p.Family(address)
		if len(found) == 0 {
			var known []string
			for _, s := range p.Stages {
				known = append(known, s.Address)
			}
			return fmt.Errorf("there is no stage %q.%s", address, schema.DidYouMean(address, known))
		}
		for _, s := range found {
			if err := view.Explain(out, s, style); err != nil {
				return failed(err)
			}
		}
	}
	return nil
}
