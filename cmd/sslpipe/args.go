package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/schema"
)

// many is the most arguments of a command that takes any number of them.
const many = math.MaxInt

// takes checks how many arguments a command has. Its mistake shows how the command is
// called, which the number alone does not tell.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if least <= len(args) && len(args) <= most {
			return nil
		}
		return fmt.Errorf("%s takes %s, not %d: %s", cmd.CommandPath(), amount(least, most), len(args), strings.TrimSuffix(cmd.UseLine(), " [flags]"))
	}
}

func amount(least, most int) string {
	switch {
	case most == 0:
		return "no arguments"
	case least == most && most == 1:
		return "1 argument"
	case least == most:
		return fmt.Sprintf("%d arguments", most)
	case most == many:
		return fmt.Sprintf("%d or more arguments", least)
	default:
		return fmt.Sprintf("%d to %d arguments", least, most)
	}
}

// onlyCommands is for a command whose arguments are the commands under it.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, c := range cmd.Commands() {
		known = append(known, c.Name())
	}
	return fmt.Errorf("there is no %s %s; the commands are: %s.%s", cmd.CommandPath(), args[0], strings.Join(known, ", "), schema.DidYouMean(args[0], known))
}
