package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"jisr/internal/people"
)

func TestPasskeyMadeInTheBrowserSignsIn(t *testing.T) {
	ctx := browser(t)
	h := open(t, organisation)
	h.url = strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	h.hire("lina", "لينا", "ar", people.Editor)
	check(t, chromedp.Do(ctx))
	_, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{})
	check(t, err)
	_, err = chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	check(t, err)
	h.enter(ctx, "lina")
	// Clicks go through the page itself: an element's handle would not outlive a
	// page that is being left.
	shown := func(expression string) func() bool {
		return func() bool { return eval[bool](t, ctx, `document.readyState === "complete" && (`+expression+`)`) }
	}
	click := func(selector string) {
		eval[bool](t, ctx, `document.querySelector('`+selector+`').click() === undefined`)
	}
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/me/security"), chromedp.SendKeys("#passkey_name", "الهاتف")))
	click("form[data-passkey=create] button")
	eventually(t, "the passkey is listed", shown(`document.querySelector("#passkeys + p + .scroll")?.textContent.includes("الهاتف") || false`))
	click(`form[action="/sign-out"] button`)
	eventually(t, "the sign-in page offers passkeys", shown(`document.querySelector("form[data-passkey=get]")?.hidden === false`))
	click("form[data-passkey=get] button")
	eventually(t, "the passkey signs in", shown(`location.pathname === "/wire"`))
}

func TestSecondStepIsSetUpAndAskedForWithoutScripts(t *testing.T) {
	h := open(t, organisation)
	h.hire("lina", "Lina", "en", people.Editor)
	v := h.visit(t, "lina").get("/me/security").send("/me/factor")
	secret, err := url.QueryUnescape(regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(v.text)[1])
	check(t, err)
	if !strings.Contains(v.text, `<svg class="qr"`) {
		t.Error("there is nothing to scan")
	}
	v.send("/me/factor/confirm", "code", "000000")
	if !strings.Contains(v.text, "This code is wrong") || !strings.Contains(v.text, `<svg class="qr"`) {
		t.Error("a mistyped first code does not bring the same secret back")
	}
	v.send("/me/factor/confirm", "code", must(totp.GenerateCode(secret, time.Now()))(t))
	recovery := regexp.MustCompile(`[A-Z2-7]{5}-[A-Z2-7]{5}`).FindAllString(v.text, -1)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes are shown", len(recovery))
	}
	out := h.visit(t, "").get("/sign-in").send("/sign-in", "login", "lina", "password", password)
	if out.form("/sign-in/code") == nil {
		t.Fatalf("the password alone led to %s", out.at)
	}
	out.send("/sign-in/code", "code", "ABCDE-ABCDE")
	if !strings.Contains(out.text, "This code is wrong") {
		t.Error("a wrong recovery code gets no reason")
	}
	if out.send("/sign-in/code", "code", recovery[4]); out.at != "/wire" {
		t.Errorf("a recovery code led to %s", out.at)
	}
	h.hire("chief", "Chief", "en", people.Admin)
	account := must(h.people.AccountByLogin(t.Context(), "lina"))(t)
	h.visit(t, "chief").get("/accounts/"+account.ID).send("/accounts/"+account.ID, "do", "factor")
	if f := must(h.people.Factor(t.Context(), account.ID))(t); !f.Since.IsZero() {
		t.Error("the administrator's reset left the second step on")
	}
}
