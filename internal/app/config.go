package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// Config is everything an installation can set. It is read from a TOML file, then from NHIPCAU_* in the environment (a double
// underscore steps into a section: NHIPCAU_ZALO__APP_ID), then from the command line; what comes later wins.
type Config struct {
	Data      string `koanf:"data"`       // folder of everything the house keeps
	Listen    string `koanf:"listen"`     // address to serve on, "127.0.0.1:8080"
	Database  string `koanf:"database"`   // postgres://… ; "" means SQLite in the data folder
	Blobs     string `koanf:"blobs"`      // s3://… or a folder; "" means the data folder
	PublicURL string `koanf:"public_url"` // how the public reaches the house; "" means http://LISTEN
	Province  string `koanf:"province"`   // official code of the province this house serves, "40" is Nghệ An
	Hotline   string `koanf:"hotline"`    // shown where a unit has none of its own
	Voice     string `koanf:"voice"`      // command line that reads text aloud; "" means espeak-ng

	Log struct {
		Format string `koanf:"format"` // text or json
		Level  string `koanf:"level"`  // debug, info, warn, error
	} `koanf:"log"`
	Trace string `koanf:"trace"` // OTLP/HTTP address of a trace collector; "" means none

	Zalo struct {
		AppID       string `koanf:"app_id"`
		AppSecret   string `koanf:"app_secret"`
		OASecretKey string `koanf:"oa_secret_key"` // key of the webhook signature
		OAuthURL    string `koanf:"oauth_url"`
		OpenAPIURL  string `koanf:"openapi_url"`
	} `koanf:"zalo"`
	Facebook struct {
		AppID       string `koanf:"app_id"`
		AppSecret   string `koanf:"app_secret"`
		VerifyToken string `koanf:"verify_token"`
		GraphURL    string `koanf:"graph_url"`
		DialogURL   string `koanf:"dialog_url"`
	} `koanf:"facebook"`
	YouTube struct {
		ClientID     string `koanf:"client_id"`
		ClientSecret string `koanf:"client_secret"`
		APIURL       string `koanf:"api_url"`
		TokenURL     string `koanf:"token_url"`
		ConsentURL   string `koanf:"consent_url"`
		HubURL       string `koanf:"hub_url"`
		FeedURL      string `koanf:"feed_url"`
		WatchURL     string `koanf:"watch_url"` // address of a film without its id
		Uploads      int    `koanf:"uploads"`   // films a day that Google allows the project
		Units        int    `koanf:"units"`     // quota units a day that Google allows the project
	} `koanf:"youtube"`
	FFmpeg string `koanf:"ffmpeg"` // program that takes stills out of films; "" means ffmpeg of the machine, when there is one
	Mail   struct {
		SMTP     string `koanf:"smtp"`     // mail server for letters to bodies outside, "mail.example.vn:587"; "" sends none
		From     string `koanf:"from"`     // address of the house; answers come back to it
		User     string `koanf:"user"`     // "" signs in nowhere
		Password string `koanf:"password"` // goes encrypted only
		Returns  string `koanf:"returns"`  // address to which letters to readers come back, "tra-lai@example.vn"; a part behind "+" names the letter; "" is From without it
	} `koanf:"mail"`
	Push struct {
		Services string `koanf:"services"` // further push services, "host:port" separated by blanks; those of the known browsers need none
	} `koanf:"push"`
	// Budget is how many requests a minute go to Zalo, over all accounts and processes; 0 lifts the limit.
	Budget int `koanf:"budget"`

	OIDC struct {
		Issuer       string `koanf:"issuer"`
		ClientID     string `koanf:"client_id"`
		ClientSecret string `koanf:"client_secret"`
		Name         string `koanf:"name"` // what the sign-in button says
	} `koanf:"oidc"`

	Rehearsal struct {
		SignIn bool   `koanf:"sign_in"` // sign in as an invented person with one click; loopback only
		Now    string `koanf:"now"`     // start of the house's clock, "2024-11-15T08:00:00+07:00"
	} `koanf:"rehearsal"`
}

// Defaults is the configuration of an installation that sets nothing.
func Defaults() Config {
	var c Config
	c.Data, c.Listen, c.Province = "var", "127.0.0.1:8080", "40"
	c.Log.Format, c.Log.Level = "text", "info"
	c.Zalo.OAuthURL, c.Zalo.OpenAPIURL = "https://oauth.zaloapp.com", "https://openapi.zalo.me"
	c.Facebook.GraphURL, c.Facebook.DialogURL = "https://graph.facebook.com", "https://www.facebook.com"
	c.YouTube.APIURL, c.YouTube.TokenURL, c.YouTube.ConsentURL = "https://www.googleapis.com", "https://oauth2.googleapis.com", "https://accounts.google.com"
	c.YouTube.HubURL, c.YouTube.FeedURL = "https://pubsubhubbub.appspot.com/subscribe", "https://www.youtube.com/xml/feeds/videos.xml"
	c.YouTube.WatchURL, c.YouTube.Uploads, c.YouTube.Units = "https://www.youtube.com/watch?v=", 100, 10_000
	c.Budget = 4000
	return c
}

// LoadConfig reads the file (when named) and the environment over the defaults. An unknown setting is an error, so that a
// slip of the pen does not pass for a default.
func LoadConfig(path string, environ []string) (Config, error) {
	c := Defaults()
	k := koanf.New(".")
	if path != "" {
		if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
			return c, fmt.Errorf("the configuration file cannot be read: %w", err)
		}
	}
	err := k.Load(env.Provider(".", env.Opt{
		Prefix:      "NHIPCAU_",
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(key, value string) (string, any) {
			if ofTheTests(key) {
				return "", nil // settings of the tests
			}
			if key == "NHIPCAU_CONFIG" {
				return "", nil // names the file itself; the command line reads it
			}
			return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, "NHIPCAU_")), "__", "."), value
		},
	}), nil)
	if err != nil {
		return c, fmt.Errorf("the environment cannot be read: %w", err)
	}
	known := knownKeys()
	for _, key := range k.Keys() {
		if !known[key] {
			return c, fmt.Errorf("there is no setting %q", key)
		}
	}
	if err := k.Unmarshal("", &c); err != nil {
		return c, fmt.Errorf("a setting has the wrong form: %w", err)
	}
	return c, nil
}

// Check finds settings that cannot work together.
func (c *Config) Check() error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil || port == "" {
		return fmt.Errorf("listen: %q is not HOST:PORT", c.Listen)
	}
	if c.PublicURL == "" {
		shown := host
		if host == "" || host == "0.0.0.0" || host == "::" {
			shown = "localhost"
		}
		c.PublicURL = "http://" + net.JoinHostPort(shown, port)
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" {
		return fmt.Errorf("public_url: %q is not an address", c.PublicURL)
	}
	if c.Rehearsal.SignIn {
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return errors.New("rehearsal.sign_in lets anybody in: it is refused unless the house listens on this machine alone (127.0.0.1)")
		}
	}
	if c.Rehearsal.Now != "" {
		if _, err := time.Parse(time.RFC3339, c.Rehearsal.Now); err != nil {
			return fmt.Errorf("rehearsal.now: %q is not a time like 2024-11-15T08:00:00+07:00", c.Rehearsal.Now)
		}
	}
	return nil
}

// databaseDSN is what db.Open takes.
func (c *Config) databaseDSN() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "nhipcau.db")
}

func (c *Config) blobsDSN() string {
	if c.Blobs != "" {
		return c.Blobs
	}
	return filepath.Join(c.Data, "blobs")
}

func (c *Config) keyFile() string      { return filepath.Join(c.Data, "keys", "house.key") }
func (c *Config) logKeyFile() string   { return filepath.Join(c.Data, "keys", "log.key") }
func (c *Config) calendarFile() string { return filepath.Join(c.Data, "calendar.csv") }
func (c *Config) logFolder() string    { return filepath.Join(c.Data, "log") }

func environ() []string { return os.Environ() }

// ofTheTests tells whether a name in the environment is a setting of our tests and not of the house.
func ofTheTests(name string) bool {
	for _, p := range []string{"NHIPCAU_TEST", "NHIPCAU_REQUIRE", "NHIPCAU_SOAK", "NHIPCAU_SHOTS"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
