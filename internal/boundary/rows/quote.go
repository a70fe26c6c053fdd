package rows

import "strings"

// Ident quotes an SQL identifier. Everything is quoted, so that no list of keywords has to be kept.
func Ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Qualified quotes a name within a schema.
func Qualified(schema, name string) string { return Ident(schema) + "." + Ident(name) }

// Literal quotes an SQL string, whatever standard_conforming_strings says.
func Literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// idents quotes and joins names.
func idents(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Ident(n)
	}
	return strings.Join(quoted, ", ")
}
