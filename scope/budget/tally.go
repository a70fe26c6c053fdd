package budget

// Tally counts what a stream used. The zero value has seen nothing.
type Tally struct {
	reported Usage
	input    bool  // the input was reported
	output   bool  // and the output
	ascii    int64 // bytes of text since the last report of the output
	other    int64
	chunks   int64
	complete bool
}

// Report notes what the stream itself says was used so far, with everything before it. Negative numbers say nothing; a later
// report never lowers an earlier one.
func (t *Tally) Report(inputTokens, outputTokens int64) {
	if inputTokens >= 0 && inputTokens <= maxTokens {
		t.input = true
		t.reported.InputTokens = max(t.reported.InputTokens, inputTokens)
	}
	if outputTokens >= 0 && outputTokens <= maxTokens {
		t.output = true
		t.reported.OutputTokens = max(t.reported.OutputTokens, outputTokens)
		t.ascii, t.other, t.chunks = 0, 0, 0
	}
}

// Text notes text that the model wrote, of which nobody says how many tokens it is.
func (t *Tally) Text(s string) {
	n := int64(0)
	for i := range len(s) {
		if s[i] < 0x80 {
			n++
		}
	}
	t.ascii += n
	t.other += int64(len(s)) - n
}

// Chunk notes a part of the stream that is a token at least, whatever its text.
func (t *Tally) Chunk() { t.chunks++ }

// Complete notes that the model writes no more: all that was used is reported, or was seen. A stream that ends otherwise before
// that was aborted (see Options.OnAbort).
func (t *Tally) Complete() { t.complete = true }

// charge is what to charge. Where nothing tells what was used, it is at least what was reserved: models think without a word,
// and go on writing when nobody reads.
func (t *Tally) charge(reserved Usage, aborted bool, onAbort Abort) Usage {
	u := t.Usage(reserved)
	silent := u.OutputTokens == 0 && !t.output
	if onAbort == AbortReserved && !t.complete && (aborted || silent) {
		u.OutputTokens = max(u.OutputTokens, reserved.OutputTokens)
	}
	return u
}

// Usage is what was used: what was reported, and for what came after the last report an estimate that is rather too high: a
// token for every 3 bytes of ASCII, and for every 2 of other text. The estimate does not go beyond what was reserved, which
// is the most that the model may answer, nor below one token a chunk. Input that nobody reported is what was reserved for it.
func (t *Tally) Usage(reserved Usage) Usage {
	u := t.reported
	if !t.input {
		u.InputTokens = reserved.InputTokens
	}
	guess := (t.ascii+2)/3 + (t.other+1)/2
	guess = min(guess, max(reserved.OutputTokens-u.OutputTokens, 0))
	u.OutputTokens = min(u.OutputTokens+max(guess, t.chunks), maxTokens)
	return u
}
