package cache

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// verdict is what is wrong with a user.
type verdict struct {
	phase    boundary.Phase
	kind     boundary.Kind
	severity boundary.Severity
	summary  string
	// intruders: sessions may be open that the desired rule would not have let in.
	intruders bool
}

const notStanding = "the user does not stand"

// judge says what separates a user that stands from the one that should. shape is what the user may do while it is on:
// the same as want, unless that is closed.
func judge(have User, stands bool, want User, shape Permissions) verdict {
	switch {
	case !stands && !want.Enabled:
		return verdict{boundary.PhaseBuild, boundary.Missing, boundary.Warning, notStanding + "; make it, closed", false}
	case !stands:
		return verdict{boundary.PhaseOpen, boundary.Missing, boundary.Warning, notStanding + "; make it with its rule and password", false}
	case have.Closed():
		return verdict{boundary.PhaseOpen, boundary.Changed, boundary.Warning, "the user is closed; give it its rule and password", false}
	}
	var f faults
	f.credentials(have, want)
	f.permissions(have, shape)
	v := verdict{boundary.PhaseBuild, boundary.Changed, f.severity(), "", intruded(have, want)}
	remedy := "; put the rule back"
	if !want.Enabled {
		v.phase, remedy = boundary.PhaseClose, "; switch it off, strip it and end its sessions"
	} else if v.intruders {
		remedy = "; put the rule back and end the user's sessions"
	}
	v.summary = strings.Join(f.problems, ", ") + remedy
	return v
}

// intruded says whether somebody may have come in with a password that is not, or no longer, the user's.
func intruded(have, want User) bool {
	return !want.Enabled || have.NoPass || extra(have.Passwords, want.Passwords)
}

// faults collects what is wrong with a user.
type faults struct {
	problems []string
	critical bool
}

func (f *faults) severity() boundary.Severity {
	if f.critical {
		return boundary.Critical
	}
	return boundary.Warning
}

func (f *faults) warn(wrong bool, problem string) {
	if wrong {
		f.problems = append(f.problems, problem)
	}
}

func (f *faults) alarm(wrong bool, problem string) {
	f.warn(wrong, problem)
	f.critical = f.critical || wrong
}

// credentials compares who may come in.
func (f *faults) credentials(have, want User) {
	f.alarm(have.NoPass, "any password lets anybody in")
	if !want.Enabled {
		f.warn(have.Enabled, "the user is on and must be off")
		f.warn(!have.Enabled, "the user is off and not stripped")
		return
	}
	f.warn(!have.Enabled, "the user is off")
	f.warn(!have.NoPass && extra(have.Passwords, want.Passwords), "it has a password that Tenantry did not set")
	f.warn(extra(want.Passwords, have.Passwords), "it lacks its password")
}

// permissions compares what the user may do with what it may do while it is on.
func (f *faults) permissions(have User, shape Permissions) {
	keys, channels := beyond(have.Keys, shape.Keys), beyond(have.Channels, shape.Channels)
	f.alarm(len(keys) > 0, "its keys reach beyond its own: "+few(keys))
	f.alarm(len(channels) > 0, "its channels reach beyond its own: "+few(channels))
	f.alarm(have.Commands.opaque, "its rule names categories that this version does not know: "+few(categoriesIn(have.Commands)))
	f.alarm(len(have.Selectors) > 0, "it has selectors, each of which grants more")
	f.warn(have.SkipSanitize, "payloads of RESTORE are trusted")
	f.warn(len(have.Unknown) > 0, "its rule holds words that this version does not know: "+few(have.Unknown))
	if more := have.Commands.without(shape.Commands); !have.Commands.opaque {
		f.alarm(len(more) > 0, "it may run commands that are not granted: "+few(more))
	}
	if !have.Enabled {
		return
	}
	f.warn(!slices.Equal(have.Keys, shape.Keys) && len(keys) == 0, "its keys are not those it should have: "+few(have.Keys))
	f.warn(!slices.Equal(have.Channels, shape.Channels) && len(channels) == 0, "its channels are not those it should have: "+few(have.Channels))
	if less := shape.Commands.without(have.Commands); !have.Commands.opaque {
		f.warn(len(less) > 0, "it lacks commands: "+few(less))
	}
}

func extra(have, want []string) bool {
	return slices.ContainsFunc(have, func(h string) bool { return !slices.Contains(want, h) })
}

// beyond lists the patterns that may match more than those wanted, each of which ends in ":*".
func beyond(have, want []string) []string {
	return slices.DeleteFunc(slices.Clone(have), func(h string) bool {
		return slices.ContainsFunc(want, func(w string) bool {
			return strings.HasPrefix(bare(h), strings.TrimSuffix(bare(w), "*"))
		})
	})
}

// bare is a pattern without the access that stands before it, such as "%R~".
func bare(pattern string) string {
	if access, rest, ok := strings.Cut(pattern, "~"); ok && (access == "" || access[0] == '%') {
		return rest
	}
	return pattern
}

func categoriesIn(c Commands) []string {
	return slices.DeleteFunc(c.Words(), func(w string) bool { return !strings.Contains(w, "@") || w == "-@all" })
}

// few shows at most three of a list.
func few(words []string) string {
	switch {
	case len(words) == 0:
		return "none"
	case len(words) <= 3:
		return strings.Join(words, " ")
	}
	return strings.Join(words[:3], " ") + " …"
}
