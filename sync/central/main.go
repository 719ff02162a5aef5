// Command central is the backend of Agent ID: kiosks tell it what happened and
// hear from it what changed. This package reads flags, wires, runs and closes;
// what it does lies in the packages below it. docs/CENTRAL.md is for who runs it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// version is set when a release is built.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "central:", err)
		os.Exit(1)
	}
}

// run is the program, with what it takes from its surroundings.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	var s settings
	root := &cobra.Command{
		Use: "central", Short: "The backend of Agent ID", Version: version,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	s.flags(root.PersistentFlags())
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return fromEnv(cmd.Flags(), env) }
	root.AddCommand(serveCommand(&s), migrateCommand(&s), doctorCommand(&s), adminCommand(&s), siteCommand(&s), kioskCommand(&s), staffCommand(),
		keysCommand(&s), restoredCommand(&s))
	return root.ExecuteContext(ctx)
}

// envPrefix begins the variable of each flag: --s3-endpoint is
// AGENTID_CENTRAL_S3_ENDPOINT. A flag wins.
const envPrefix = "AGENTID_CENTRAL_"

func fromEnv(flags *pflag.FlagSet, env func(string) string) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := env(name); v != "" && !f.Changed && err == nil && f.Name != "help" && f.Name != "version" {
			if e := flags.Set(f.Name, v); e != nil {
				// Of a secret, not even what is wrong with it.
				err = fmt.Errorf("%s: not a value of --%s", name, f.Name)
			}
		}
	})
	return err
}
