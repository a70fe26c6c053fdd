package qdrant

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const docsPath = "../../docs/reference/qdrant-policies.md"

// TestDocs: the page says what the tables say. go test ./scope/qdrant -run TestDocs -update writes it.
func TestDocs(t *testing.T) {
	golden(t, docsPath, page())
}

const intro = `# Policy of every Qdrant request

Generated from the tables in ` + "`scope/qdrant/policy_*.go`" + `: do not edit; ` + "`go test ./scope/qdrant -run TestDocs -update`" + ` writes it.

This is what the gateway and the Go SDK do with each RPC and each field of Qdrant's API. What is not on this page is
refused: another RPC, another field at any depth, another enum value, a choice that is left open. Dedicated, Shared and
Reference are the patterns in which a collection can be placed; a rule that names none applies to all three.

`

func page() string {
	var out strings.Builder
	out.WriteString(intro)
	writeRPCs(&out)
	writeRules(&out)
	writeMessages(&out)
	writeEnums(&out)
	writeReplies(&out)
	return out.String()
}

func writeRPCs(out *strings.Builder) {
	out.WriteString("## RPCs\n\nReference collections take no writes. Any RPC that is not here is unknown: `Unimplemented`.\n\n")
	out.WriteString("| RPC | treatment | |\n| --- | --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(rpcs)) {
		p := rpcs[name]
		note := p.reason
		if p.convert != nil {
			note = "Shared: " + note
		}
		if p.write {
			note = strings.TrimSuffix("a write. "+strings.TrimSpace(note), ". ")
		}
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", strings.TrimPrefix(name, "/"), p.treatment, note)
	}
}

func writeRules(out *strings.Builder) {
	says, replySays := map[string]string{}, map[string]string{}
	for _, m := range requestTables {
		for _, r := range m.fields {
			says[r.name] = r.says
		}
	}
	for name := range replyTables {
		for _, s := range replyPlans[name].steps {
			replySays[s.rule.name] = s.rule.says
		}
	}
	out.WriteString("\n## Rules of request fields\n\n| rule | what happens |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(says)) {
		fmt.Fprintf(out, "| %s | %s |\n", name, says[name])
	}
	out.WriteString("\n## Rules of reply fields\n\nUnknown fields are dropped at every depth.\n\n| rule | what happens |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(replySays)) {
		fmt.Fprintf(out, "| %s | %s |\n", name, replySays[name])
	}
}

func writeMessages(out *strings.Builder) {
	out.WriteString("\n## Request messages\n\n| message | fields by rule |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(requestTables)) {
		byRule := map[string][]string{}
		for field, r := range requestTables[name].fields {
			byRule[r.name] = append(byRule[r.name], string(field))
		}
		fmt.Fprintf(out, "| `%s` | %s%s |\n", shortName(name), listed(byRule), remarks(requestTables[name]))
	}
}

func remarks(m message) string {
	var out []string
	for _, f := range m.required {
		out = append(out, "`"+string(f)+"` must be set")
	}
	for _, f := range m.unset {
		out = append(out, "`"+string(f)+"` may be unset")
	}
	if m.level {
		out = append(out, "a level: filter, lookup and statistics of its own")
	}
	if m.unknown != nil {
		out = append(out, "the raw field `idf` of Qdrant 1.19 is understood: its corpus is walked; Shared: tenant and corpus conditions appended")
	}
	if len(out) == 0 {
		return ""
	}
	return ". " + strings.Join(out, "; ")
}

func listed(byRule map[string][]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(byRule)) {
		slices.Sort(byRule[name])
		out = append(out, fmt.Sprintf("**%s**: %s", name, strings.Join(byRule[name], ", ")))
	}
	if len(out) == 0 {
		return "no fields"
	}
	return strings.Join(out, "; ")
}

func writeEnums(out *strings.Builder) {
	out.WriteString("\n## Enum values\n\n| enum | accepted |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(acceptedEnums)) {
		fmt.Fprintf(out, "| `%s` | %s |\n", shortName(name), strings.Trim(fmt.Sprint(acceptedEnums[name]), "[]"))
	}
}

func writeReplies(out *strings.Builder) {
	out.WriteString("\n## Reply messages\n\n| message | fields by rule |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(replyTables)) {
		byRule := map[string][]string{}
		for _, s := range replyPlans[name].steps {
			byRule[s.rule.name] = append(byRule[s.rule.name], string(s.fd.Name()))
		}
		fmt.Fprintf(out, "| `%s` | %s |\n", shortName(name), listed(byRule))
	}
}

func shortName(name protoreflect.FullName) string { return strings.TrimPrefix(string(name), "qdrant.") }
