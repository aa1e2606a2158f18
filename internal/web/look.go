package web

import (
	"slices"
	"strings"

	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// look reads how the pages look from the browser's cookie: a sheet and a
// density suit a screen, not an account.
func (q *request) look() view.Look {
	l := view.Look{Theme: view.Themes[0], Density: view.Densities[0]}
	c, err := q.Cookie(q.site.cookie.look)
	if err != nil {
		return l
	}
	theme, density, _ := strings.Cut(c.Value, "-")
	if slices.Contains(view.Themes, theme) {
		l.Theme = theme
	}
	if slices.Contains(view.Densities, density) {
		l.Density = density
	}
	return l
}

// setLook changes the theme or the density, whichever the form names.
func (s *Site) setLook(q *request) error {
	l := q.look()
	for _, choice := range []struct {
		name  string
		among []string
		to    *string
	}{{"theme", view.Themes, &l.Theme}, {"density", view.Densities, &l.Density}} {
		chosen := q.PostFormValue(choice.name)
		if chosen == "" {
			continue
		}
		if !slices.Contains(choice.among, chosen) {
			return news.Errorf(news.Invalid, choice.name, "%q is not one of %v", chosen, choice.among)
		}
		*choice.to = chosen
	}
	s.cookie.set(q.w, s.cookie.look, l.Theme+"-"+l.Density, people.SessionLife*52)
	return q.redirect(local(q.PostFormValue("next")), "")
}
