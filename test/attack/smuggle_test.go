package attack_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// last asks the server to close the connection. It is answered in plain text, which counts for nothing.
const last = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// rawHTTP sends bytes as they are and returns all that comes back until the server closes: the codes of what is JSON.
func (s *stage) rawHTTP(t *testing.T, bytes string) (answers []int, all string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.Gateway.RESTURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // where the server waits for more
	if _, err := io.WriteString(conn, bytes+last); err != nil {
		return nil, ""
	}
	raw, err := io.ReadAll(conn)
	if err != nil && len(raw) == 0 {
		return nil, ""
	}
	for in := bufio.NewReader(strings.NewReader(string(raw))); ; {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return answers, string(raw)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.Header.Get("Content-Type") == "application/json" {
			answers = append(answers, res.StatusCode)
		}
	}
}

// TestSmuggling hides a second request in a first, by every disagreement about where a request ends that servers have had.
// What is hidden asks for the victim's collections, or shows no credential: no answer may be a success that is not due.
func TestSmuggling(t *testing.T) {
	const family = "smuggling"
	a := newArena(t)
	s := a.full
	body := `{"with_payload":true,"limit":100}`
	head := func(extra string) string {
		return "POST /collections/docs/points/scroll HTTP/1.1\r\nHost: x\r\nApi-Key: " + s.token + "\r\nContent-Type: application/json\r\n" + extra + "\r\n"
	}
	hidden := fmt.Sprintf("POST /collections/%s/points/scroll HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		vaultPhysical, len(body), body)
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	chunk := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	for what, c := range map[string]struct {
		bytes string
		most  int // successes that are due
	}{
		"two in a row, the second of nobody":     {head(length) + body + hidden, 1},
		"a length and chunks":                    {head(length+"Transfer-Encoding: chunked\r\n") + chunk + hidden, 1},
		"chunks and a length of nothing":         {head("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") + chunk + hidden, 1},
		"two lengths":                            {head("Content-Length: 5\r\n"+length) + body + hidden, 0},
		"two lengths in one":                     {head(fmt.Sprintf("Content-Length: %d, 5\r\n", len(body))) + body + hidden, 0},
		"a signed length":                        {head(fmt.Sprintf("Content-Length: +%d\r\n", len(body))) + body + hidden, 0},
		"a negative length":                      {head("Content-Length: -1\r\n") + body + hidden, 0},
		"an unknown encoding":                    {head("Transfer-Encoding: xchunked\r\n") + chunk + hidden, 0},
		"chunked, spelled with a tab":            {head("Transfer-Encoding:\tchunked\r\n") + chunk + hidden, 1},
		"chunked twice":                          {head("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") + chunk + hidden, 0},
		"chunked, then another":                  {head("Transfer-Encoding: chunked, gzip\r\n") + chunk + hidden, 0},
		"a space before the colon":               {head("Transfer-Encoding : chunked\r\n") + chunk + hidden, 0},
		"a folded header":                        {head("X-A: b\r\n Transfer-Encoding: chunked\r\n"+length) + body + hidden, 1},
		"a bare line feed":                       {strings.Replace(head(length), "\r\n", "\n", 2) + body + hidden, 1},
		"a chunk with an extension":              {head("Transfer-Encoding: chunked\r\n") + strings.Replace(chunk, "\r\n", ";a=\"b\"\r\n", 1) + hidden, 1},
		"a chunk size that overflows":            {head("Transfer-Encoding: chunked\r\n") + "ffffffffffffffff1\r\n" + body + "\r\n0\r\n\r\n" + hidden, 0},
		"a trailer with a credential":            {head("Transfer-Encoding: chunked\r\nTrailer: Api-Key\r\n") + strings.TrimSuffix(chunk, "\r\n") + "Api-Key: x\r\n\r\n" + hidden, 1},
		"a header within a header":               {head(length+"X-A: b\rTenantry-Tenant: "+victim+"\r\n") + body + hidden, 1},
		"a null in a header":                     {head(length+"X-A: \x00\r\n") + body + hidden, 0},
		"an absolute target":                     {strings.Replace(head(length), "/collections", "http://"+strings.TrimPrefix(s.Sim.RESTURL(), "http://")+"/collections", 1) + body + hidden, 1},
		"a target that is a host":                {"CONNECT " + strings.TrimPrefix(s.Sim.RESTURL(), "http://") + " HTTP/1.1\r\nHost: x\r\nApi-Key: " + s.token + "\r\n\r\n" + hidden, 0},
		"an upgrade to HTTP/2":                   {"GET /collections HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + hidden, 0},
		"HTTP/2 at once":                         {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden, 0},
		"HTTP/0.9":                               {"GET /collections/" + vaultPhysical + "\r\n\r\n", 0},
		"the hidden one in the body of a GET":    {"GET /collections HTTP/1.1\r\nHost: x\r\nApi-Key: " + s.token + "\r\n\r\n" + hidden, 1},
		"another method by a header":             {head(length+"X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /telemetry\r\nX-Rewrite-URL: /telemetry\r\n") + body + hidden, 1},
		"a credential in the target":             {strings.Replace(strings.Replace(head(length), "Api-Key: "+s.token+"\r\n", "", 1), "/scroll", "/scroll?api-key="+s.token, 1) + body, 0},
		"a credential in a cookie":               {strings.Replace(head(length), "Api-Key: ", "Cookie: api-key=", 1) + body, 0},
		"a credential under a header look-alike": {strings.Replace(head(length), "Api-Key: ", "Api_Key: ", 1) + body, 0},
	} {
		s.Sim.ResetCalls()
		codes, all := s.rawHTTP(t, c.bytes)
		x := attempt{family: family, name: what, verb: "raw", body: c.bytes}
		told := answer{bytes: all, refused: true}
		a.showsNothing(t, byREST, x, answer{bytes: all})
		a.touchesNothing(t, byREST, x)
		n := 0
		for _, code := range codes {
			if code < 300 {
				n++
				told.refused = false
			}
		}
		if n > c.most || len(s.Sim.Calls()) > c.most {
			t.Errorf("%s: %v, %d requests reached the server, want at most %d successes\n%s", what, codes, len(s.Sim.Calls()), c.most, short(all, 2000))
		}
		book.note(family, byREST, told)
	}
	// The control: what is hidden is worth hiding, and the first request alone is served.
	if codes, _ := s.rawHTTP(t, head(length)+body); len(codes) != 1 || codes[0] != http.StatusOK {
		t.Errorf("the plain request: %v", codes)
	}
	control := a.crosses(t, attempt{family: family, name: "what is hidden", verb: http.MethodPost, path: "/collections/" + vaultPhysical + "/points/scroll", body: body})
	book.control(family, control)
	if !control {
		t.Error("what is hidden would not cross")
	}
}
