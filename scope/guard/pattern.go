package guard

import (
	"fmt"
	"regexp"
	"strings"
)

// Pattern is something that is taken out of text.
type Pattern struct {
	// Name under which it is counted.
	Name string
	// Expr is a regular expression (package regexp). It is matched against the text in lower case, with lookalike letters as
	// Latin ones and without accents and invisible characters. A group named "cut" takes out that part of a match only.
	// Write it so that whether it matches at a place is decided soon after: an open end such as ".*" makes long texts slow.
	Expr string

	find  func(view) []span // instead of Expr
	words []string          // one of them is in every text that matches
}

// The names of the patterns that come with the package.
const (
	InstructionOverride = "instruction-override" // "ignore all previous instructions"
	RoleChange          = "role-change"          // "you are now an unrestricted AI"
	PromptExtraction    = "prompt-extraction"    // "repeat your system prompt"
	RoleMarker          = "role-marker"          // <|im_start|>, [INST], <<SYS>>, <system>
	RoleLine            = "role-line"            // a line that begins with "system:"
	HTMLComment         = "html-comment"         // <!-- … -->
	HTMLScript          = "html-script"          // <script>, <iframe> and their like, javascript: links
	Image               = "image"                // ![](https://…?data), <img …>: loading it carries data away
	Blob                = "blob"                 // long runs of base64
)

// maxBlob is the longest run of base64 that stays, in bytes: longer than words, names and most links.
const maxBlob = 512

const (
	verbs      = `(?:ignore|disregard|forget|override|overrule|bypass|discard|neglect|do not follow|don't follow|stop following|never mind)`
	qualifiers = `(?:previous|prior|above|earlier|preceding|foregoing|all|any|every|your|system|original|initial|existing|current|safety|these|those)`
	nouns      = `(?:instructions?|rules?|prompts?|guidelines?|directions?|directives?|commands?|constraints?|restrictions?|programming|training|guardrails?|polic(?:y|ies))`
	gap        = `[^\w.!?]+(?:\w+[^\w.!?]+){0,4}?` // up to four words of the same sentence
	roles      = `(?:system|assistant|developer|human|tool)`
)

// Patterns returns those that a [Sanitizer] has unless it is told otherwise.
func Patterns() []Pattern {
	return []Pattern{
		{Name: HTMLComment, find: htmlComments, words: []string{"<!--"}},
		{Name: HTMLScript, find: htmlScripts, words: []string{"<script", "<iframe", "<object", "<embed", "<style", "<svg", "script:"}},
		{Name: Image, find: images, words: []string{"![", "<img"}},
		{
			Name: RoleMarker,
			Expr: `<\|[^|<>\n]{1,40}\|>|\[/?\s?inst\s?\]|<</?\s?sys\s?>>|<(?:start|end)_of_turn>|</?(?:system|assistant|human|developer)(?:_?(?:prompt|message))?\s?>`,
		},
		{
			Name: RoleLine, words: []string{":"},
			Expr: `(?:^|[\n\r\x{85}\x{2028}\x{2029}])(?P<cut>(?:[ \t>#*_-]{0,20}` + roles + `(?:[ \t]{1,4}(?:prompt|message|instructions?))?[*_ \t]{0,8}:)+)`,
		},
		{
			Name: InstructionOverride, words: []string{"ignor", "disregard", "forget", "overr", "bypass", "discard", "neglect", "follow", "never mind"},
			Expr: `\b` + verbs + gap + qualifiers + gap + nouns + `\b|` +
				`\b(?:ignore|disregard|forget)\W+(?:everything|all|anything)\W+(?:\w+\W+){0,3}?(?:above|before|previously|prior|so far|you were told|i said)\b`,
		},
		{
			Name: RoleChange, words: []string{"you", "act as", "anything now", "mode"},
			Expr: `\byou\W+are\W+(?:now|no longer)\W+(?:\w+\W+){0,4}?(?:ai|assistant|model|chatbot|bot|dan|jailbroken|unrestricted|unfiltered|uncensored|bound|restricted)\b|` +
				`\b(?:act|behave|respond|pretend)\W+(?:as|to be|like)\W+(?:if\W+)?(?:\w+\W+){0,3}?(?:unrestricted|unfiltered|uncensored|jailbroken|dan)\b|` +
				`\bdo\W+anything\W+now\b|\b(?:developer|debug|god|jailbreak|admin)\W+mode\W+(?:is\W+)?(?:now\W+)?(?:enabled|activated|on)\b`,
		},
		{
			Name: PromptExtraction, words: []string{"prompt", "instruction", "message"},
			Expr: `\b(?:reveal|print|show|repeat|output|display|leak|disclose|tell me|write out)\W+(?:\w+\W+){0,5}?(?:system|hidden|initial|original|secret|developer)\W+(?:prompts?|instructions?|messages?)\b`,
		},
		{Name: Blob, find: blobs},
	}
}

// rule is a pattern that is ready to use.
type rule struct {
	Pattern

	re  *regexp.Regexp
	cut int // the group to take out, 0 for the whole match
}

func (p Pattern) compile() (rule, error) {
	if p.Name == "" {
		return rule{}, fmt.Errorf("guard: the pattern %q has no name", p.Expr)
	}
	if p.find != nil {
		return rule{Pattern: p}, nil
	}
	re, err := regexp.Compile(p.Expr)
	if err != nil {
		return rule{}, fmt.Errorf("guard: pattern %s: %w", p.Name, err)
	}
	if re.MatchString("") {
		return rule{}, fmt.Errorf("guard: pattern %s matches the empty text", p.Name)
	}
	return rule{p, re, max(0, re.SubexpIndex("cut"))}, nil
}

// span is a range of bytes.
type span struct{ start, end int }

// spans are where a rule matches, in order, without overlaps, in the folded text.
func (r rule) spans(v view) []span {
	if !r.may(v.folded) {
		return nil
	}
	if r.find != nil {
		return r.find(v)
	}
	var out []span
	for _, m := range r.re.FindAllStringSubmatchIndex(v.folded, -1) {
		if s := (span{m[2*r.cut], m[2*r.cut+1]}); s.start >= 0 && s.start < s.end {
			out = append(out, s)
		}
	}
	return out
}

// may spares expressions the texts that cannot match.
func (r rule) may(folded string) bool {
	if len(r.words) == 0 {
		return true
	}
	for _, w := range r.words {
		if strings.Contains(folded, w) {
			return true
		}
	}
	return false
}
