// Package data holds the texts that the demo loads: notes of three fictitious companies and excerpts of a regulation. Each
// file begins with who wrote it and how it may be used.
package data

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.md
var files embed.FS

// Passage is one short text.
type Passage struct {
	Title string
	// Body is a paragraph without line breaks.
	Body string
}

// Text is title and body, as they are embedded.
func (p Passage) Text() string { return p.Title + ". " + p.Body }

// Load returns the passages of one file by its name without extension, such as "acme-health". It fails where there is no
// such file.
func Load(name string) ([]Passage, error) {
	text, err := files.ReadFile(name + ".md")
	if err != nil {
		return nil, fmt.Errorf("there are no passages of %q: %w", name, err)
	}
	return parse(string(text)), nil
}

// parse reads passages that begin with a line "## Title". What stands before the first one is about the file itself.
func parse(text string) []Passage {
	var out []Passage
	for _, section := range strings.Split("\n"+text, "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		out = append(out, Passage{Title: strings.TrimSpace(title), Body: strings.Join(strings.Fields(body), " ")})
	}
	return out
}
