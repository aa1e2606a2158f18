package dates_test

import (
	"testing"
	"time"

	"jisr/internal/format/dates"
)

func TestDatesKeepTheirOffsetAndSayWhenTheyHaveNone(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"2026-03-01T07:00:00+03:00", "2026-03-01T07:00:00+03:00"},
		{"2026-03-01T07:00:00.5Z", "2026-03-01T07:00:00.5Z"},
		{"2026-03-01T07:00:00+0300", "2026-03-01T07:00:00+03:00"},
		{"2026-03-01 07:00:00 +0300", "2026-03-01T07:00:00+03:00"},
		{"20260301T070000Z", "2026-03-01T07:00:00Z"},
		{"2026:03:01 07:00:00+03:00", "2026-03-01T07:00:00+03:00"},
		{"Sun, 01 Mar 2026 07:00:00 +0300", "2026-03-01T07:00:00+03:00"},
		{"Вс, 1 Mar 2026 07:00:00 +0300 (MSK)", "2026-03-01T07:00:00+03:00"},
		{"1 Mar 26 07:00 GMT", "2026-03-01T07:00:00Z"},
		{"Sun, 01 Mar 2026 07:00:00 MSK", "2026-03-01T07:00:00+03:00"},
		{"Sun, 01 Mar 2026 07:00:00 EST", "2026-03-01T07:00:00-05:00"},
		{"Sun, 01 Mar 2026 07:00:00 GMT+3", "2026-03-01T07:00:00+03:00"},
		{"Sun, 01 Mar 2026 07:00:00 UTC-03:30", "2026-03-01T07:00:00-03:30"},
		{"الأحد، ٠١ Mar ٢٠٢٦", ""},
		{"٢٠٢٦-٠٣-٠١T٠٧:٠٠:٠٠Z", "2026-03-01T07:00:00Z"},
		{"Sun, 01 Mar 2026 07:00:00 AST", "2026-03-01T07:00:00Z guess"},
		{"Sun, 01 Mar 2026 07:00:00", "2026-03-01T07:00:00Z guess"},
		{"Sun Mar 1 07:00:00 2026", "2026-03-01T07:00:00Z guess"},
		{"2026-03-01", "2026-03-01T00:00:00Z guess"},
		{"2026-03-01 07:00:00", "2026-03-01T07:00:00Z guess"},
		{"01.03.2026 07:00", "2026-03-01T07:00:00Z guess"},
		{"0000-00-00 00:00:00", ""},
		{"yesterday", ""},
		{"", ""},
		{"2026", ""},
		{"0 A0", ""},
		{"2026-02-30", ""},
		{"9999-12-31T23:59:59-99:00", ""},
	} {
		v, zoned, ok := dates.Parse(c.in)
		got := ""
		if ok {
			got = v.Format(time.RFC3339Nano)
			if !zoned {
				got += " guess"
			}
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Sun, 01 Mar 2026 07:00:00 GMT+3")
	f.Add("2026:03:01 07:00:00")
	f.Fuzz(func(t *testing.T, s string) {
		v, _, ok := dates.Parse(s)
		if _, err := v.MarshalJSON(); ok && err != nil {
			t.Errorf("%q became %v, which cannot be stored", s, v)
		}
	})
}
