package budget_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/scope/budget"
)

var reserved = budget.Usage{InputTokens: 50, OutputTokens: 1000}

// streams are what servers send, and what it is to be charged as.
var streams = map[string]struct {
	stream string
	want   budget.Usage
}{
	"usage chunk": {`data: {"choices":[{"delta":{"role":"assistant","content":"Hello"}}],"usage":null}

data: {"choices":[{"delta":{"content":" there"}}],"usage":null}

data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}

data: [DONE]

`, budget.Usage{InputTokens: 12, OutputTokens: 3}},
	"no usage chunk":     {"data: {\"choices\":[{\"delta\":{\"content\":\"123456\"}}]}\n\ndata: [DONE]\n\n", budget.Usage{InputTokens: 50, OutputTokens: 2}},
	"carriage returns":   {"data:{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\r\n\r\n", budget.Usage{InputTokens: 1, OutputTokens: 2}},
	"text after a usage": {"data: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":20}}\ndata: {\"choices\":[{\"text\":\"123456789\"}]}\n", budget.Usage{InputTokens: 1, OutputTokens: 23}},
	"usage in every chunk": {"data: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}\n" +
		"data: {\"choices\":[{\"delta\":{\"content\":\"def\"}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n", budget.Usage{InputTokens: 9, OutputTokens: 2}},
	"tool call":          {"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n", budget.Usage{InputTokens: 50, OutputTokens: 1}},
	"reasoning":          {"data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"123456789\"}}]}\n", budget.Usage{InputTokens: 50, OutputTokens: 3}},
	"responses":          {"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\nevent: response.completed\ndata: {\"response\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}}\n\n", budget.Usage{InputTokens: 5, OutputTokens: 6}},
	"messages":           {"data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15}}\n", budget.Usage{InputTokens: 30, OutputTokens: 15}},
	"other alphabets":    {"data: {\"choices\":[{\"delta\":{\"content\":\"日本\"}}]}\n", budget.Usage{InputTokens: 50, OutputTokens: 3}},
	"comments":           {": keep-alive\n\n", budget.Usage{InputTokens: 50}},
	"no JSON":            {"data: 123456 \n", budget.Usage{InputTokens: 50, OutputTokens: 2}},
	"negative usage":     {"data: {\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":-5}}\n", budget.Usage{InputTokens: 50}},
	"unfinished line":    {"data: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}]}\ndata: {\"choi", budget.Usage{InputTokens: 50, OutputTokens: 1}},
	"one token a chunk":  {strings.Repeat("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n", 7), budget.Usage{InputTokens: 50, OutputTokens: 7}},
	"a usage that falls": {"data: {\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":9}}\ndata: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n", budget.Usage{InputTokens: 9, OutputTokens: 9}},
	"beyond the maximum": {"data: {\"choices\":[{\"delta\":{\"content\":\"" + strings.Repeat("x", 6000) + "\"}}]}\n", budget.Usage{InputTokens: 50, OutputTokens: 1000}},
	"a very long line":   {"data: {\"choices\":[{\"delta\":{\"content\":\"" + strings.Repeat("x", 2<<20) + "\"}}]}\ndata: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n", budget.Usage{InputTokens: 3, OutputTokens: 4}},
}

func TestSSE(t *testing.T) {
	for name, c := range streams {
		for _, size := range []int{1, 3, 64, 1 << 20} {
			var tally budget.Tally
			x := budget.SSE()
			for rest := c.stream; rest != ""; {
				n := min(size, len(rest))
				x.Feed([]byte(rest[:n]), &tally)
				rest = rest[n:]
			}
			if got := tally.Usage(reserved); got != c.want {
				t.Errorf("%s, %d bytes at a time: got %+v, want %+v", name, size, got, c.want)
			}
		}
	}
}

// A line costs what its length does: copying the text of one with so many strings for each of them would be 31 GB.
func TestSSEOfManyStringsInOneLine(t *testing.T) {
	const strs = 250_000
	line := []byte("data: {\"delta\":[" + strings.Repeat("\"a\",", strs-1) + "\"a\"]}\n")
	var tally budget.Tally
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	budget.SSE().Feed(line, &tally)
	runtime.ReadMemStats(&after)
	if got := tally.Usage(budget.Usage{OutputTokens: 1_000_000}).OutputTokens; got != (strs+2)/3 {
		t.Errorf("%d tokens", got)
	}
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1000*uint64(len(line)) {
		t.Errorf("a line of %d bytes takes %d bytes of memory", len(line), bytes)
	}
}

func TestCharacters(t *testing.T) {
	var tally budget.Tally
	budget.Characters().Feed([]byte("0123456789"), &tally)
	if got, want := tally.Usage(reserved), (budget.Usage{InputTokens: 50, OutputTokens: 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// However a stream is cut into reads, it comes to the same; and more of it is never less.
func FuzzSSE(f *testing.F) {
	for _, c := range streams {
		if len(c.stream) < 1<<16 {
			f.Add([]byte(c.stream), uint16(5))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, size uint16) {
		var whole, cut budget.Tally
		budget.SSE().Feed(stream, &whole)
		x := budget.SSE()
		before := budget.Usage{}
		for rest := stream; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			x.Feed(rest[:n], &cut)
			rest = rest[n:]
			now := cut.Usage(reserved)
			if now.OutputTokens < 0 || now.InputTokens < 0 {
				t.Fatalf("%+v", now)
			}
			before = now
		}
		if got := whole.Usage(reserved); len(stream) > 0 && got != before {
			t.Fatalf("at once %+v, in parts %+v", got, before)
		}
	})
}

// text that a chunk says is never free, whatever it says.
func FuzzSSEText(f *testing.F) {
	f.Add("Hello", int64(3))
	f.Add("日本", int64(-1))
	f.Fuzz(func(t *testing.T, text string, tokens int64) {
		quoted, err := json.Marshal(text)
		if err != nil || text == "" {
			return
		}
		var tally budget.Tally
		x := budget.SSE()
		x.Feed(fmt.Appendf(nil, "data: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":%d}}\n", tokens), &tally)
		before := tally.Usage(reserved).OutputTokens
		x.Feed(fmt.Appendf(nil, "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n", quoted), &tally)
		if got := tally.Usage(reserved).OutputTokens; got <= before && got < 1_000_000_000 {
			t.Fatalf("%d tokens before the text, %d with it", before, got)
		}
	})
}
