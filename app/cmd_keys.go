package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"agentid/app/badge"
	"agentid/app/config"
	"agentid/app/store"
)

func keysCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Show and rotate the keys of this kiosk"}
	cmd.AddCommand(keysShowCommand(c), keysRotateCommand(c))
	return cmd
}

func keysShowCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Print the public keys of this kiosk's badges, as badge.trusted_keys_file of another kiosk takes them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return c.withStore(ctx, func(st *store.Store) error {
				file, err := c.badgeKeyFile(ctx, st)
				if err != nil {
					return err
				}
				keys, err := file.Open()
				if err != nil {
					return err
				}
				for _, pub := range keys.Public() {
					fmt.Fprintln(c.out, trustedLine(pub))
				}
				return nil
			})
		},
	}
}

// rotation is what `keys rotate --json` prints.
type rotation struct {
	Master bool   `json:"master_key_rotated"`
	Badge  string `json:"badge_key,omitempty"` // id of the new one
}

// Errors of a rotation.
var (
	errKioskRuns  = errors.New("the kiosk runs: stop it, rotate, start it again")
	errNotTheFile = errors.New("the master key does not come from master_key_file")
	errSharedKey  = errors.New("the master key is that of another database, too")
)

func keysRotateCommand(c *cli) *cobra.Command {
	var asJSON, onlyBadge, onlyMaster bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the master key and the key that signs badges",
		Long: "Replace the master key, under which everybody's key lies, and the key that signs badges.\n" +
			"Badges that were issued hold on. The kiosk must be stopped, and be started again afterwards: one that\n" +
			"runs could not read its data any more. Backups made before need the old master key: keep it with them.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if onlyBadge && onlyMaster {
				return usageError{errors.New("--only-badge and --only-master exclude each other")}
			}
			if _, runs := c.runningKiosk(ctx); runs {
				return errKioskRuns
			}
			var r rotation
			err := c.withStore(ctx, func(st *store.Store) (err error) {
				if !onlyBadge {
					if err := c.rotateMaster(ctx, st); err != nil {
						return err
					}
					r.Master = true
				}
				if !onlyMaster {
					r.Badge, err = c.rotateBadge(ctx, st)
				}
				return err
			})
			if err != nil {
				if r.Master {
					err = fmt.Errorf("the master key is rotated; the badge key is not: %w", err)
				}
				return err
			}
			if asJSON {
				return writeJSON(c.out, r)
			}
			if r.Master {
				fmt.Fprintf(c.out, "master key rotated: back up %s, and keep the old one with older backups\n", c.cfg.MasterKeyFile)
			}
			if r.Badge != "" {
				fmt.Fprintf(c.out, "badge key rotated: badges are signed by %s; back up %s, and give other kiosks `agentid keys show`\n", r.Badge, c.cfg.Badge.KeyFile)
			}
			fmt.Fprintln(c.out, "start the kiosk again")
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&onlyBadge, "only-badge", false, "not the master key")
	cmd.Flags().BoolVar(&onlyMaster, "only-master", false, "not the key that signs badges")
	return cmd
}

// rotateMaster replaces the master key. The demo's database and the kiosk's own
// share its file: with both there, rotating one would close the other.
func (c *cli) rotateMaster(ctx context.Context, st *store.Store) error {
	key, err := store.LoadMasterKey(store.KeyOptions{File: c.cfg.MasterKeyFile, DataDir: c.cfg.StateDir()})
	if err != nil {
		return err
	}
	if !strings.HasPrefix(key.Source(), "file ") {
		return fmt.Errorf("%w, but from the %s: rotate it there", errNotTheFile, key.Source())
	}
	other := c.cfg
	other.Demo = !c.cfg.Demo
	if file := databaseOf(other); exists(file) {
		return fmt.Errorf("%w: %s; move it away, or give it a master_key_file of its own", errSharedKey, file)
	}
	return st.RotateKeyFile(ctx, c.cfg.MasterKeyFile)
}

func databaseOf(c config.Config) string { return filepath.Join(c.StateDir(), databaseFile) }

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func (c *cli) rotateBadge(ctx context.Context, st *store.Store) (string, error) {
	file, err := c.badgeKeyFile(ctx, st)
	if err != nil {
		return "", err
	}
	if _, err := file.Open(); err != nil { // the first one is made here, if need be
		return "", err
	}
	keys, err := file.Rotate(c.clock)
	if err != nil {
		return "", err
	}
	return keys.Issuer.ID().String(), nil
}

// checkBadges tells whether badges can be issued and read.
func (c *cli) checkBadges(ctx context.Context) []finding {
	f := finding{Check: "badges", Verdict: good}
	if !exists(databaseOf(c.cfg)) {
		f.Detail = "no badge yet; the key is made at the first start: " + c.cfg.Badge.KeyFile
		return []finding{f}
	}
	err := c.withStore(ctx, func(st *store.Store) error {
		file, err := c.badgeKeyFile(ctx, st)
		if err != nil {
			return err
		}
		may := file.Create
		file.Create = false // the doctor makes nothing
		keys, err := file.Open()
		switch {
		case errors.Is(err, badge.ErrNoKey) && may:
			f.Detail = "no badge yet; the key is made at the first start: " + file.File
		case err != nil:
			return err
		default:
			f.Detail = fmt.Sprintf("signed by %v, %d older keys hold", keys.Issuer.ID(), len(keys.Retired))
		}
		return nil
	})
	if err != nil {
		f.Verdict, f.Detail = fail, "nobody can be registered, and no badge of this kiosk holds: "+err.Error()
		f.Mend = "restore " + c.cfg.Badge.KeyFile + " from its backup"
		return []finding{f}
	}
	fs := []finding{f}
	if c.cfg.Centre.URL != "" {
		fs = append(fs, c.checkSiteKeys(ctx))
	}
	if path := c.cfg.Badge.TrustedKeysFile; path != "" {
		t := finding{Check: "badges", Verdict: good}
		keys, err := readTrustedKeys(path)
		t.Detail = fmt.Sprintf("%d keys of other kiosks", len(keys))
		if err != nil {
			t.Verdict, t.Detail, t.Mend = warn, err.Error(), "badges of other kiosks do not hold here: mend the file"
		}
		fs = append(fs, t)
	}
	return fs
}

// checkSiteKeys tells whose badges hold here by the centre's word.
func (c *cli) checkSiteKeys(ctx context.Context) finding {
	f := finding{Check: "badges", Verdict: good}
	err := c.withStore(ctx, func(st *store.Store) error {
		site, err := st.BadgeKeys(ctx)
		revoked, own := 0, false
		for _, k := range site {
			if !k.RevokedAt.IsZero() {
				revoked++
				own = own || k.DeviceID == st.DeviceID() && k.RetiredAt.IsZero()
			}
		}
		f.Detail = fmt.Sprintf("%d keys of the site's kiosks, %d of them of kiosks that were revoked: what those signed since does not hold", len(site), revoked)
		if own {
			f.Verdict, f.Mend = warn, "badges issued here hold at no other kiosk: `agentid keys rotate --only-badge`"
		}
		return err
	})
	if err != nil {
		f.Verdict, f.Detail, f.Mend = warn, err.Error(), "badges signed by the other keys hold; the database was changed by something else than the kiosk"
	}
	return f
}
