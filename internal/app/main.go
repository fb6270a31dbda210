package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Version of the program, set at build time by -ldflags "-X …/internal/app.Version=…".
var Version = "dev"

// Exit codes of the program.
const (
	exitOK     = 0
	exitFailed = 1 // the thing asked for did not succeed; one sentence on standard error says why
	exitUsage  = 2 // the command line or the configuration is wrong
)

type cli struct {
	Config   string `help:"Configuration file (TOML)." placeholder:"FILE" env:"NHIPCAU_CONFIG"`
	Data     string `help:"Folder of everything the house keeps (default: var)." placeholder:"DIR"`
	Listen   string `help:"Address to serve on (default: 127.0.0.1:8080)." placeholder:"HOST:PORT"`
	Database string `help:"PostgreSQL address; without it SQLite in the data folder." placeholder:"postgres://…"`
	Blobs    string `help:"S3 bucket or folder for files; without it the data folder." placeholder:"s3://…"`

	Serve   serveCmd   `cmd:"" help:"Run the house."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's tables up to date."`
	Units   struct {
		Import unitsImportCmd `cmd:"" help:"Import administrative units: the four official lists shipped with the program, or a CSV file."`
	} `cmd:"" help:"Units of the province and the country."`
	User struct {
		Invite userInviteCmd `cmd:"" help:"Invite an official; prints the link to give them."`
	} `cmd:"" help:"Officials."`
	Audit struct {
		Verify auditVerifyCmd `cmd:"" help:"Check the audit log's chain and its checkpoints in the public log."`
	} `cmd:"" help:"The audit log."`
	Verify verifyCmd `cmd:"" help:"Check a receipt without network, or every case against the public log. Exit code 0: valid, 1: not valid, 2: wrong use."`
	Fund   fundCmd   `cmd:"" help:"Appeals, bank statements and the books."`
	Apikey struct {
		Create apikeyCreateCmd `cmd:"" help:"Give a program a key to send requests by Open311."`
		List   apikeyListCmd   `cmd:"" help:"List the keys."`
		Revoke apikeyRevokeCmd `cmd:"" help:"End a key at once."`
	} `cmd:"" help:"Keys of other programs (Open311)."`
	Keys struct {
		Rotate keysRotateCmd `cmd:"" help:"Add a fresh sealing key; old ones keep opening what they sealed."`
		Reseal keysResealCmd `cmd:"" help:"Seal everything anew with the newest key; the house may run meanwhile."`
	} `cmd:"" help:"Sealing keys."`
	MailIn  mailInCmd  `cmd:"" help:"Take one letter from standard input, as a mail server pipes it, into the case it answers."`
	Backup  backupCmd  `cmd:"" help:"Write one consistent archive while the house runs."`
	Restore restoreCmd `cmd:"" help:"Unpack an archive into an empty installation."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// Main runs the command line in args (without the program's name) and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	var c cli
	code := -1
	parser, err := kong.New(&c, kong.Name("nhipcau"), kong.Description("Nhịp Cầu: the house of a province's Fatherland Front."),
		kong.Writers(stdout, stderr), kong.Exit(func(n int) { code = n }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(stderr, "nhipcau:", err)
		return exitUsage
	}
	k, err := parser.Parse(args)
	if code >= 0 {
		return code // --help
	}
	if err != nil {
		fmt.Fprintln(stderr, "nhipcau:", err)
		return exitUsage
	}
	cfg, err := c.config()
	if err != nil {
		fmt.Fprintln(stderr, "nhipcau:", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := k.Run(&session{ctx: ctx, cfg: cfg, out: stdout, err: stderr}); err != nil {
		var quiet exitCode
		if errors.As(err, &quiet) {
			return int(quiet)
		}
		fmt.Fprintln(stderr, "nhipcau:", strings.Join(strings.Fields(err.Error()), " "))
		return exitFailed
	}
	return exitOK
}

// config puts the command line over the file and the environment.
func (c *cli) config() (Config, error) {
	cfg, err := LoadConfig(c.Config, environ())
	if err != nil {
		return cfg, err
	}
	for _, o := range []struct {
		from string
		to   *string
	}{{c.Data, &cfg.Data}, {c.Listen, &cfg.Listen}, {c.Database, &cfg.Database}, {c.Blobs, &cfg.Blobs}} {
		if o.from != "" {
			*o.to = o.from
		}
	}
	return cfg, cfg.Check()
}

// session is what every command gets.
type session struct {
	ctx      context.Context
	cfg      Config
	out, err io.Writer
}

var errNotEmptyOutput = errors.New("the file exists already: give the backup a new name")
