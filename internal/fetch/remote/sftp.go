package remote

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"jisr/internal/fetch"
	"jisr/internal/news"
)

// inFlight is how many packets of a file are under way at a time: enough for a
// distant server, little memory.
const inFlight = 16

// sftpDrive is a folder over SFTP.
type sftpDrive struct {
	ssh    *ssh.Client
	client *sftp.Client
	root   string
}

func openSFTP(g *guard, a address, s Server) (drive, error) {
	methods, err := sshAuth(s.Secret)
	if err != nil {
		return nil, err
	}
	tcp, err := g.connect(a.hostPort())
	if err != nil {
		return nil, err
	}
	conn, channels, requests, err := ssh.NewClientConn(tcp, a.hostPort(), &ssh.ClientConfig{
		User:              s.User,
		Auth:              methods,
		HostKeyCallback:   a.key.checkSSH,
		HostKeyAlgorithms: a.key.algorithms(),
		ClientVersion:     "SSH-2.0-Jisr",
	})
	if err != nil {
		return nil, sshFailure(err)
	}
	client := ssh.NewClient(conn, channels, requests)
	files, err := sftp.NewClient(client, sftp.UseConcurrentWrites(true), sftp.MaxConcurrentRequestsPerFile(inFlight))
	if err != nil {
		return nil, err
	}
	d := &sftpDrive{ssh: client, client: files, root: a.folder}
	switch info, err := files.Stat(d.path(".")); {
	case errors.Is(err, fs.ErrNotExist), err == nil && !info.IsDir():
		return nil, news.Errorf(news.NotFound, "address", "there is no folder %s", a.folder)
	case err != nil:
		return nil, err
	}
	return d, nil
}

func sshAuth(secret string) ([]ssh.AuthMethod, error) {
	if strings.Contains(secret, "-----BEGIN ") {
		signer, err := ssh.ParsePrivateKey([]byte(secret))
		var locked *ssh.PassphraseMissingError
		switch {
		case errors.As(err, &locked):
			return nil, news.Errorf(news.Invalid, "secret", "the private key is locked by a passphrase: enter one without")
		case err != nil:
			return nil, news.Errorf(news.Invalid, "secret", "the private key cannot be read: it must be PEM, as ssh-keygen writes it")
		}
		return []ssh.AuthMethod{ssh.PublicKeys(signer)}, nil
	}
	answer := func(_, _ string, questions []string, echos []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range questions {
			if echos[i] || len(questions) > 1 {
				return nil, errors.New("the server asks for more than a password")
			}
			answers[i] = secret
		}
		return answers, nil
	}
	return []ssh.AuthMethod{ssh.Password(secret), ssh.KeyboardInteractive(answer)}, nil
}

// sshFailure names the reasons that an operator can do something about. The
// library has no type for them.
func sshFailure(err error) error {
	var known *news.Error
	var algorithms *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &known):
		return err
	case strings.Contains(err.Error(), "unable to authenticate"):
		return news.Errorf(news.Forbidden, "user", "the server refuses user name and password or key").Because(err)
	case errors.As(err, &algorithms):
		return news.Errorf(news.Forbidden, "hostKey", "the server does not show a key of the kind on record, or knows only old ways of keeping secrets: %s",
			fetch.Said(algorithms.Error())).Because(err)
	}
	return err
}

func (d *sftpDrive) path(name string) string {
	if d.root == "" {
		return name
	}
	return path.Join(d.root, name)
}

func (d *sftpDrive) list(dir string) ([]item, error) {
	infos, err := d.client.ReadDir(d.path(dir))
	if err != nil {
		return nil, err
	}
	items := make([]item, 0, len(infos))
	for _, info := range infos {
		if info.Mode().IsRegular() || info.IsDir() {
			items = append(items, item{info.Name(), info.Size(), info.ModTime(), info.IsDir()})
		}
	}
	return items, nil
}

func (d *sftpDrive) stat(name string) (item, error) {
	info, err := d.client.Lstat(d.path(name))
	switch {
	case err != nil:
		return item{}, err
	case !info.Mode().IsRegular():
		return item{}, notPlain(name)
	}
	return item{path.Base(name), info.Size(), info.ModTime(), false}, nil
}

func (d *sftpDrive) read(name string, to io.Writer) error {
	f, err := d.client.Open(d.path(name))
	if err != nil {
		return err
	}
	_, err = f.WriteTo(to)
	return errors.Join(err, f.Close())
}

func (d *sftpDrive) write(name string, from io.Reader) error {
	f, err := d.client.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.ReadFromWithConcurrency(from, inFlight)
	if _, ok := d.client.HasExtension("fsync@openssh.com"); ok && err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// replace renames over a file at once where the server can. SFTP's own rename
// refuses to.
func (d *sftpDrive) replace(from, to string) error {
	if _, ok := d.client.HasExtension("posix-rename@openssh.com"); ok {
		return d.client.PosixRename(d.path(from), d.path(to))
	}
	err := d.client.Rename(d.path(from), d.path(to))
	if err == nil || d.client.Remove(d.path(to)) != nil {
		return err
	}
	return d.client.Rename(d.path(from), d.path(to))
}

func (d *sftpDrive) remove(name string) error { return d.client.Remove(d.path(name)) }

func (d *sftpDrive) makeDir(dir string) error { return d.client.MkdirAll(d.path(dir)) }

func (d *sftpDrive) close() error { return errors.Join(d.client.Close(), d.ssh.Close()) }
