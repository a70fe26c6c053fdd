package qdrant

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// plainTimeout bounds one attempt to speak plain text.
	plainTimeout = 2 * time.Second
	// The ports that Qdrant listens on unless told otherwise.
	defaultREST, defaultGRPC = "6333", "6334"
	// maxGreeting bounds what is read of an answer that may be anything.
	maxGreeting = 4 << 10
)

// plainText lists the addresses at which the server answers without TLS; none where the DataPlane does not ask for TLS. No
// credential is sent: a server that answers has said enough.
func (s *Server) plainText(ctx context.Context) []string {
	if s.cfg.TLS == nil {
		return nil
	}
	var mu sync.Mutex
	var out []string
	var wg sync.WaitGroup
	for _, d := range s.doors() {
		wg.Go(func() {
			if s.cfg.Trace != nil {
				s.cfg.Trace("read", "PlainText")
			}
			ctx, cancel := context.WithTimeout(ctx, plainTimeout)
			defer cancel()
			if d.answers(ctx) {
				mu.Lock()
				defer mu.Unlock()
				out = append(out, d.address)
			}
		})
	}
	wg.Wait()
	slices.Sort(out)
	return out
}

// door is one address, as host:port of gRPC or a URL.
type door struct{ address string }

// doors are the server's own addresses without TLS, and the ports that Qdrant listens on by itself on the same hosts.
func (s *Server) doors() []door {
	var out []door
	add := func(address string) {
		if d := (door{address}); !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	hosts := []string{}
	if host, port, err := net.SplitHostPort(s.cfg.Address); err == nil {
		add(net.JoinHostPort(host, port))
		hosts = append(hosts, host)
	}
	if u, err := url.Parse(s.cfg.RESTURL); err == nil && u.Scheme == "https" {
		add("http://" + net.JoinHostPort(u.Hostname(), restPort(u)))
		hosts = append(hosts, u.Hostname())
	}
	for _, host := range hosts {
		add(net.JoinHostPort(host, defaultGRPC))
		add("http://" + net.JoinHostPort(host, defaultREST))
	}
	return out
}

func restPort(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return "443"
}

func (d door) answers(ctx context.Context) bool {
	if strings.HasPrefix(d.address, "http://") {
		return d.answersREST(ctx)
	}
	conn, err := grpc.NewClient(d.address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableServiceConfig(), grpc.WithNoProxy())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	r, err := pb.NewQdrantClient(conn).HealthCheck(ctx, &pb.HealthCheckRequest{})
	return err == nil && isQdrant(r.GetTitle())
}

// stay follows no redirect: one that leads to https is as it should be.
var stay = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{DisableKeepAlives: true},
}

func (d door) answersREST(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address+"/", nil)
	if err != nil {
		return false
	}
	resp, err := stay.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	var greeting struct{ Title string }
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxGreeting))
	return err == nil && resp.StatusCode == http.StatusOK && json.Unmarshal(body, &greeting) == nil && isQdrant(greeting.Title)
}

func isQdrant(title string) bool { return strings.HasPrefix(title, "qdrant") }
