package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"jisr/internal/deliver/send"
	"jisr/internal/news"
)

// Config is what an operator decides about a node. It is kept as jisr.json in
// the data folder; docs/operations.md describes each setting.
type Config struct {
	Data string `json:"-"` // the data folder

	DB         string      `json:"db,omitempty"`          // postgres:// URL; empty for jisr.db in the data folder
	Keys       string      `json:"keys,omitempty"`        // folder of private keys; empty for keys in the data folder
	Media      string      `json:"media,omitempty"`       // s3:// URL of a bucket for media; empty for media in the data folder
	Listen     string      `json:"listen"`                // address to listen at, host:port
	URL        string      `json:"url"`                   // the node's address for partners and people
	AllowHosts []string    `json:"allow_hosts,omitempty"` // may be called although inside a private network
	SignIn     *SignIn     `json:"sign_in,omitempty"`     // the organisation's own sign-in service; nil for none
	Folders    []string    `json:"folders,omitempty"`     // that sources may watch, with what is below them
	Mail       *send.Relay `json:"mail,omitempty"`        // the SMTP server for subscribers by mail; nil for none
	OpenHealth bool        `json:"open_health,omitempty"` // /metrics and details of /readyz for everyone
}

// SignIn is an OpenID Connect provider at which people may sign in.
type SignIn struct {
	Name     string `json:"name"` // as people call it
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	Secret   string `json:"client_secret,omitempty"`
}

const configFile = "jisr.json"

// LoadConfig reads the settings of the node in the data folder.
func LoadConfig(data string) (*Config, error) {
	b, err := os.ReadFile(filepath.Join(data, configFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, news.Errorf(news.NotFound, "data", "there is no node in %s: make one with jisr init --data %s --origin your.domain", data, data)
	}
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	c := &Config{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, news.Errorf(news.Invalid, configFile, "the settings in %s are not valid JSON: %v", data, err)
	}
	c.Data = data
	return c, nil
}

// save writes the settings. It refuses to replace a node's.
func (c *Config) save() error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(c.Data, configFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return news.Errorf(news.Conflict, "data", "there is a node in %s already", c.Data)
	}
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

func (c *Config) dsn() string {
	if c.DB != "" {
		return c.DB
	}
	return filepath.Join(c.Data, "jisr.db")
}

func (c *Config) keys() string {
	if c.Keys != "" {
		return c.Keys
	}
	return filepath.Join(c.Data, "keys")
}
