package remote

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/textproto"
	"strconv"

	"github.com/pkg/sftp"

	"jisr/internal/fetch"
	"jisr/internal/news"
)

// said is an answer of an FTP server as it may be shown.
func said(answer *textproto.Error) string {
	return strconv.Itoa(answer.Code) + " " + fetch.Said(answer.Msg)
}

// failure puts what went wrong in words that an operator can act on. What a
// server calls final (FTP 5xx, an SFTP status) is NotFound or Forbidden; the
// rest is Unavailable.
func failure(doing string, err error) error {
	var known *news.Error
	var answer *textproto.Error
	var status *sftp.StatusError
	var cert *tls.CertificateVerificationError
	fail := func(kind news.Kind, field, why string) error {
		return news.Errorf(kind, field, "cannot %s: %s", doing, why).Because(err)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &known):
		return news.Errorf(known.Kind, known.Field, "cannot %s: %s", doing, known.Message).Because(known.Err)
	case errors.As(err, &cert):
		sum := sha256.Sum256(cert.UnverifiedCertificates[0].Raw)
		return fail(news.Forbidden, "hostKey", "its certificate proves nothing ("+fetch.Said(cert.Err.Error())+
			"); if its operator confirms this fingerprint, enter it: sha256:"+hex.EncodeToString(sum[:]))
	case errors.As(err, &answer):
		said := said(answer)
		switch {
		case answer.Code == 530 || answer.Code == 430:
			return fail(news.Forbidden, "user", "user name or password is refused: "+said)
		case answer.Code == 550 || answer.Code == 551:
			return fail(news.NotFound, "name", "it is not there, or not for this account: "+said)
		case answer.Code == 552: // over quota: room can be made
			return fail(news.Unavailable, "", said)
		case answer.Code >= 500:
			return fail(news.Forbidden, "", said)
		}
		return fail(news.Unavailable, "", said)
	case errors.Is(err, fs.ErrNotExist):
		return fail(news.NotFound, "name", "it is not there")
	case errors.Is(err, fs.ErrPermission):
		return fail(news.Forbidden, "name", "the account may not do this there")
	case errors.As(err, &status):
		return fail(news.Unavailable, "", fetch.Said(status.Error()))
	}
	return fail(news.Unavailable, "", fetch.Said(fetch.Reason(err)))
}
