package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The environment may name the file, set a section's value and overrule the file; a slip of the pen is refused.
func TestConfigFromFileAndEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nhipcau.toml")
	if err := os.WriteFile(file, []byte("listen = \"127.0.0.1:9001\"\nbudget = 100\n[zalo]\napp_id = \"from the file\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadConfig(file, []string{"NHIPCAU_CONFIG=" + file, "NHIPCAU_ZALO__APP_ID=123", "NHIPCAU_LISTEN=127.0.0.1:9002", "NHIPCAU_TEST_POSTGRES=x", "PATH=/bin"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Zalo.AppID != "123" || c.Listen != "127.0.0.1:9002" || c.Budget != 100 || c.Province != "40" {
		t.Fatalf("%+v", c)
	}
	if _, err := LoadConfig("", []string{"NHIPCAU_LISEN=127.0.0.1:1"}); err == nil || !strings.Contains(err.Error(), `"lisen"`) {
		t.Fatalf("an unknown setting passed: %v", err)
	}
}

// The example that operate.md tells to start from is a configuration that the program takes.
func TestExampleConfigurationIsTaken(t *testing.T) {
	c, err := LoadConfig("../../docs/operate/nhipcau.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if c.Data != "/var/lib/nhipcau" || c.Log.Format != "json" {
		t.Fatalf("%+v", c)
	}
}
