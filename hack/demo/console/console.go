// Package console prints the demo: numbered steps, the commands that a person would type, and the servers' own words.
package console

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// Console writes to one place. It is not safe for concurrent use.
type Console struct {
	out    io.Writer
	colour bool
	steps  int
	step   int
	now    func() time.Time
	begun  time.Time
}

// New makes a console for a demo of so many steps. Without colour it writes plain text.
func New(out io.Writer, colour bool, steps int, now func() time.Time) *Console {
	return &Console{out: out, colour: colour, steps: steps, now: now, begun: now()}
}

// Wanted says whether to colour what goes to f: it is a terminal and neither NO_COLOR nor TERM=dumb objects.
func Wanted(f *os.File) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type style string

const (
	plain style = ""
	bold  style = "1"
	dim   style = "2"
	red   style = "31"
	green style = "32"
	cyan  style = "36"
)

func (c *Console) paint(s style, text string) string {
	if !c.colour || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// printf never fails the demo: where nobody reads any more there is nobody to tell.
func (c *Console) printf(format string, args ...any) { _, _ = fmt.Fprintf(c.out, format, args...) }

// Heading prints a line that stands out, with an empty line around it.
func (c *Console) Heading(text string) { c.printf("\n%s\n\n", c.paint(bold, text)) }

// Step begins the next numbered step.
func (c *Console) Step(title string) {
	c.step++
	at := c.paint(dim, fmt.Sprintf("(%s)", c.Elapsed()))
	c.printf("\n%s %s %s\n", c.paint(cyan, fmt.Sprintf("[%d/%d]", c.step, c.steps)), c.paint(bold, title), at)
}

// Elapsed is the time since the console was made, in tenths of a second.
func (c *Console) Elapsed() time.Duration { return c.now().Sub(c.begun).Round(100 * time.Millisecond) }

// Say prints prose.
func (c *Console) Say(format string, args ...any) { c.printf("  %s\n", fmt.Sprintf(format, args...)) }

// Command prints what a person would type.
func (c *Console) Command(line string) {
	lines := strings.Split(line, "\n")
	c.printf("  %s %s\n", c.paint(dim, "$"), c.paint(cyan, lines[0]))
	for _, l := range lines[1:] {
		c.printf("    %s\n", c.paint(cyan, l))
	}
}

// Output prints what a command answered, indented.
func (c *Console) Output(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		c.printf("    %s\n", c.paint(dim, strings.TrimRight(line, "\n ")))
	}
}

// OK prints something that is as it should be.
func (c *Console) OK(format string, args ...any) {
	c.printf("  %s %s\n", c.paint(green, "✓"), fmt.Sprintf(format, args...))
}

// Row is one line of a table.
type Row struct {
	Cells []string
	// Bad marks a line that is not as it should be.
	Bad bool
}

// Table prints rows under headers, each column as wide as it needs. The last cell of a row may have several lines.
func (c *Console) Table(headers []string, rows []Row) {
	widths := make([]int, len(headers))
	for _, cells := range append([]Row{{Cells: headers}}, rows...) {
		for i, cell := range cells.Cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	c.line(plain, " ", pad(headers, widths), bold)
	for _, r := range rows {
		if r.Bad {
			c.line(red, "✗", pad(r.Cells, widths), red)
		} else {
			c.line(green, "✓", pad(r.Cells, widths), plain)
		}
	}
}

func (c *Console) line(markStyle style, mark, text string, textStyle style) {
	c.printf("  %s %s\n", c.paint(markStyle, mark), c.paint(textStyle, text))
}

// pad lays cells out in columns; the last one is as long as it is.
func pad(cells []string, widths []int) string {
	var b strings.Builder
	indent := 4 // as wide as the mark before the first cell
	for i, cell := range cells {
		if i == len(cells)-1 {
			b.WriteString(strings.ReplaceAll(cell, "\n", "\n"+strings.Repeat(" ", indent)))
			break
		}
		b.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		indent += widths[i] + 2
	}
	return b.String()
}

// Failure prints why the demo ends early.
func (c *Console) Failure(err error) {
	c.printf("\n%s\n", c.paint(red, "FAILED"))
	for line := range strings.Lines(err.Error()) {
		c.printf("  %s\n", strings.TrimRight(line, "\n"))
	}
}
