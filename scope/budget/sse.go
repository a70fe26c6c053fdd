package budget

import (
	"bytes"
	"encoding/json"
)

// Extractor finds in a stream what it used. It is given every part of one stream, in order, as it comes.
type Extractor interface {
	Feed(p []byte, t *Tally)
}

// ender is an Extractor that keeps something back until it knows that nothing more comes.
type ender interface{ end(t *Tally) }

// Characters estimates from the number of characters alone, for streams of plain text.
func Characters() Extractor { return characters{} }

type characters struct{}

func (characters) Feed(p []byte, t *Tally) { t.Text(string(p)) }

// maxLine is the longest line of a stream that is understood. Of longer ones the length counts.
const maxLine = 1 << 20

// SSE reads server-sent events with JSON as OpenAI's API and its many kin send them (chat completions, completions and
// responses; Anthropic's messages too). Ask for the usage chunk: "stream_options": {"include_usage": true}. Until one comes,
// and where none does, tokens are estimated from the text and from the number of chunks.
func SSE() Extractor { return &sse{} }

type sse struct {
	line []byte
	long bool // the line is too long to be understood
}

func (s *sse) Feed(p []byte, t *Tally) {
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		part := p
		if end >= 0 {
			part, p = p[:end], p[end+1:]
		} else {
			p = nil
		}
		s.grow(part, t)
		if end >= 0 {
			if !s.long {
				event(s.line, t)
			}
			s.line, s.long = s.line[:0], false
		}
	}
}

// end reads a last line without its end.
func (s *sse) end(t *Tally) {
	event(s.line, t)
	s.line = nil
}

func (s *sse) grow(part []byte, t *Tally) {
	if !s.long && len(s.line)+len(part) <= maxLine {
		s.line = append(s.line, part...)
		return
	}
	if !s.long {
		t.Text(string(s.line))
		s.line, s.long = s.line[:0], true
	}
	t.Text(string(part))
}

// event reads one line. These APIs send each event as one data line.
func event(line []byte, t *Tally) {
	data, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r"), []byte("data:"))
	data = bytes.TrimSpace(data)
	if !ok || len(data) == 0 {
		return
	}
	if string(data) == "[DONE]" {
		t.Complete()
		return
	}
	var c chunk
	if json.Unmarshal(data, &c) != nil {
		t.Text(string(data)) // something was sent, and nobody knows what
		return
	}
	c.count(t)
}

// chunk is what the APIs' events have of interest, all in one.
type chunk struct {
	Type     any             `json:"type"`
	Choices  []choice        `json:"choices"`
	Delta    json.RawMessage `json:"delta"`
	Usage    *usage          `json:"usage"`
	Response *struct {
		Usage *usage `json:"usage"`
	} `json:"response"`
	Message *struct {
		Usage *usage `json:"usage"`
	} `json:"message"`
}

type choice struct {
	Text         string          `json:"text"`
	Delta        json.RawMessage `json:"delta"`
	FinishReason any             `json:"finish_reason"`
}

type usage struct {
	PromptTokens     *int64 `json:"prompt_tokens"`
	CompletionTokens *int64 `json:"completion_tokens"`
	InputTokens      *int64 `json:"input_tokens"`
	OutputTokens     *int64 `json:"output_tokens"`
	CacheCreation    int64  `json:"cache_creation_input_tokens"`
	CacheRead        int64  `json:"cache_read_input_tokens"`
}

func (c chunk) count(t *Tally) {
	for _, choice := range c.Choices {
		t.Text(choice.Text)
		if written(choice.Delta, 0, t) || choice.Text != "" {
			t.Chunk()
		}
	}
	if written(c.Delta, 0, t) {
		t.Chunk()
	}
	c.Usage.report(t)
	if c.Response != nil {
		c.Response.Usage.report(t)
	}
	if c.Message != nil {
		c.Message.Usage.report(t)
	}
	if c.last() {
		t.Complete()
	}
}

// last says whether the model writes no more after this: the event says so, or it is the report of all that was used.
func (c chunk) last() bool {
	kind, named := c.Type.(string)
	if ends[kind] {
		return true
	}
	if c.Usage == nil || either(c.Usage.CompletionTokens, c.Usage.OutputTokens) < 0 {
		return false
	}
	for _, choice := range c.Choices { // some report usage with every chunk
		if choice.FinishReason == nil || choice.FinishReason == "" {
			return false
		}
	}
	return !named || kind == "message_delta"
}

// ends are types of events after which nothing is written.
var ends = map[string]bool{
	"message_stop": true, "response.completed": true, "response.incomplete": true, "response.failed": true,
}

func (u *usage) report(t *Tally) {
	if u == nil {
		return
	}
	in, out := either(u.PromptTokens, u.InputTokens), either(u.CompletionTokens, u.OutputTokens)
	if in >= 0 {
		in += max(u.CacheCreation, 0) + max(u.CacheRead, 0)
	}
	t.Report(in, out)
}

func either(a, b *int64) int64 {
	switch {
	case a != nil:
		return *a
	case b != nil:
		return *b
	}
	return -1
}

// written counts the text of a delta: all strings in it, except for what names things. It says whether there is any.
func written(raw json.RawMessage, depth int, t *Tally) (some bool) {
	if len(raw) == 0 || depth > 4 {
		return false
	}
	switch raw[0] {
	case '"':
		var s string
		_ = json.Unmarshal(raw, &s) // it is valid: it was read before
		t.Text(s)
		return s != ""
	case '[':
		var items []json.RawMessage
		_ = json.Unmarshal(raw, &items)
		for _, x := range items {
			some = written(x, depth+1, t) || some
		}
	case '{':
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(raw, &fields)
		for name, x := range fields {
			some = !names[name] && written(x, depth+1, t) || some
		}
	}
	return some
}

// names are fields of deltas whose values the model did not write.
var names = map[string]bool{"role": true, "id": true, "type": true, "stop_reason": true, "stop_sequence": true, "refusal_reason": true, "signature": true}
