package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"sslpipe/internal/cluster"
)

func clusterCommand(*settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Run one pipeline on several machines",
		Long: `A run on several machines is the same command on each, with TF_CONFIG in the
environment, which says who takes part and who the process is, as TensorFlow's
MultiWorkerMirroredStrategy and Kubernetes' training operator set it:

  {"cluster": {"worker": ["host1:2222", "host2:2222"]},
   "task": {"type": "worker", "index": 0}}

The chief, or worker 0 where there is none, plans, reads the data, writes
checkpoints and keeps the results; all of them compute. What TensorFlow says over
the network is neither encrypted nor authenticated: use a private network.

Where the pipeline says cluster { parallel = "units" }, each of them runs whole
units instead, takes from a shared store what the others have made, and neither
listens nor calls: sslpipe describe cluster.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(clusterEnvCommand())
	return cmd
}

func clusterEnvCommand() *cobra.Command {
	port := 0
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print TF_CONFIG for this task of a Slurm job",
		Long: `Prints the value of TF_CONFIG for the task that runs it, from the variables that
Slurm's srun sets. The first task is the chief. Tasks of one node listen on ports
one after the other.`,
		Example: `  srun sh -c 'TF_CONFIG=$(sslpipe cluster env) exec sslpipe run pipeline.hcl'`,
		Args:    takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if port < 1 || port > 65535 {
				return fmt.Errorf("--port must be from 1 to 65535, not %d", port)
			}
			c, err := cluster.FromSlurm(os.LookupEnv, port)
			if err != nil {
				return exitError{code: exitMistake, err: err}
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.Config(c.Self))
			return failed(err)
		},
	}
	cmd.Flags().IntVar(&port, "port", 2222, "port of the first task of each node")
	return cmd
}
