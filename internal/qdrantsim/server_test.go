package qdrantsim_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/internal/qdrantsim"
	"github.com/tenantry/tenantry/internal/qdrantsim/conformance"
)

const apiKey = "an-api-key-of-the-simulator"

func start(t *testing.T, opts qdrantsim.Options) *qdrantsim.Server {
	t.Helper()
	s, err := qdrantsim.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func connect(t *testing.T, s *qdrantsim.Server, credential string) *qdrant.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	c, err := qdrant.NewClient(&qdrant.Config{Host: host, Port: number, APIKey: credential, PoolSize: 1, SkipCompatibilityCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func mint(t *testing.T, claims map[string]any) string {
	t.Helper()
	token, err := conformance.SignHS256(apiKey)(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func collection(t *testing.T, c *qdrant.Client, name string) {
	t.Helper()
	err := c.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: name, VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 2, Distance: qdrant.Distance_Dot}),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want codes.Code, text string) {
	t.Helper()
	if status.Code(err) != want || want != codes.OK && !strings.Contains(err.Error(), text) {
		t.Errorf("got %v (%v), want %v saying %q", status.Code(err), err, want, text)
	}
}

func TestStartNeedsAKeyOrNoAuth(t *testing.T) {
	if _, err := qdrantsim.Start(qdrantsim.Options{}); err == nil || !strings.Contains(err.Error(), "NoAuth") {
		t.Errorf("got %v, want an error that names NoAuth", err)
	}
}

func TestCredentials(t *testing.T) {
	forever := map[string]any{"access": "r"}
	for name, tc := range map[string]struct {
		opts       qdrantsim.Options
		credential string
		list       codes.Code
		create     codes.Code
	}{
		"key":             {qdrantsim.Options{APIKey: apiKey}, apiKey, codes.OK, codes.OK},
		"read-only key":   {qdrantsim.Options{APIKey: apiKey, ReadOnlyAPIKey: "ro"}, "ro", codes.OK, codes.PermissionDenied},
		"token":           {qdrantsim.Options{APIKey: apiKey}, mint(t, forever), codes.OK, codes.PermissionDenied},
		"tokens disabled": {qdrantsim.Options{APIKey: apiKey, JWTDisabled: true}, mint(t, forever), codes.Unauthenticated, codes.Unauthenticated},
		"only read-only":  {qdrantsim.Options{ReadOnlyAPIKey: "ro"}, mint(t, forever), codes.Unauthenticated, codes.Unauthenticated},
		"no auth":         {qdrantsim.Options{NoAuth: true}, "", codes.OK, codes.OK},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, start(t, tc.opts), tc.credential)
			_, err := c.ListCollections(t.Context())
			wantCode(t, err, tc.list, "Invalid API key")
			err = c.CreateCollection(t.Context(), &qdrant.CreateCollection{CollectionName: "c"})
			wantCode(t, err, tc.create, "")
		})
	}
}

func TestExpiryFollowsTheClock(t *testing.T) {
	now := time.Unix(2_000_000_000, 0)
	clock := clocktesting.NewFakePassiveClock(now)
	c := connect(t, start(t, qdrantsim.Options{APIKey: apiKey, Clock: clock}), mint(t, map[string]any{"access": "r", "exp": now.Unix()}))
	for after, want := range map[time.Duration]codes.Code{
		0: codes.OK, 30 * time.Second: codes.OK, 31 * time.Second: codes.PermissionDenied,
	} {
		clock.SetTime(now.Add(after))
		_, err := c.ListCollections(t.Context())
		wantCode(t, err, want, "ExpiredSignature")
	}
}

func TestCallsAreRecorded(t *testing.T) {
	s := start(t, qdrantsim.Options{APIKey: apiKey})
	collection(t, connect(t, s, apiKey), "c")
	s.ResetCalls()
	req := &qdrant.CountPoints{CollectionName: "c"}
	for _, credential := range []string{apiKey, mint(t, map[string]any{"access": "r", "subject": "tenant:acme"}), "wrong"} {
		_, _ = connect(t, s, credential).Count(t.Context(), req)
	}
	_, _ = connect(t, s, "").HealthCheck(t.Context())
	var got []string
	for _, c := range s.Calls() {
		got = append(got, strings.TrimSpace(c.Method+" "+string(c.Principal)+" "+c.Subject))
	}
	want := []string{
		"/qdrant.Points/Count APIKey", "/qdrant.Points/Count JWT tenant:acme", "/qdrant.Points/Count Denied",
		"/qdrant.Qdrant/HealthCheck None",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if name := s.Calls()[0].Request.(*qdrant.CountPoints).GetCollectionName(); name != "c" {
		t.Errorf("recorded collection %q, want c", name)
	}
	if n := s.CallCount("/qdrant.Points/Count"); n != 3 {
		t.Errorf("got %d counts, want 3", n)
	}
}

func TestFaults(t *testing.T) {
	s := start(t, qdrantsim.Options{APIKey: apiKey})
	c := connect(t, s, apiKey).GetCollectionsClient()
	drop := func(name string) error {
		_, err := c.Delete(t.Context(), &qdrant.DeleteCollection{CollectionName: name})
		return err
	}
	s.SetFault(func(_ context.Context, method string, req any) error {
		if r, ok := req.(*qdrant.DeleteCollection); ok && r.GetCollectionName() == "stuck" {
			return status.Error(codes.Unavailable, "injected into "+method)
		}
		return nil
	})
	wantCode(t, drop("stuck"), codes.Unavailable, "injected into /qdrant.Collections/Delete")
	wantCode(t, drop("other"), codes.OK, "")
	s.SetFault(func(context.Context, string, any) error { return errors.New("plain") })
	wantCode(t, drop("other"), codes.Unknown, "plain")
	s.SetFault(func(context.Context, string, any) error { panic("a bug") })
	wantCode(t, drop("other"), codes.Internal, "a bug")
	s.SetFault(nil)
	wantCode(t, drop("stuck"), codes.OK, "")
}

func TestVersion(t *testing.T) {
	s := start(t, qdrantsim.Options{APIKey: apiKey})
	for _, want := range []string{qdrantsim.DefaultVersion, "1.16.3"} {
		s.SetVersion(want)
		reply, err := connect(t, s, "").HealthCheck(t.Context())
		if err != nil || reply.GetVersion() != want {
			t.Errorf("got %v, %v, want %s", reply, err, want)
		}
	}
}

// What the server cannot do it refuses: an answer it made up would be believed.
func TestWhatIsNotImplementedIsRefused(t *testing.T) {
	s := start(t, qdrantsim.Options{APIKey: apiKey})
	c := connect(t, s, apiKey)
	collection(t, c, "c")
	query := func(q *qdrant.QueryPoints) error {
		q.CollectionName = "c"
		_, err := c.Query(t.Context(), q)
		return err
	}
	newer := &qdrant.SearchParams{}
	newer.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 7, protowire.VarintType), 1))
	shard := &qdrant.ShardKeySelector{ShardKeys: []*qdrant.ShardKey{qdrant.NewShardKey("k")}}
	geo := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewGeoRadius("at", 1, 1, 1)}}
	for text, err := range map[string]error{
		"shard keys":     query(&qdrant.QueryPoints{ShardKeySelector: shard}),
		"unknown fields": query(&qdrant.QueryPoints{Params: newer}),
		"geo conditions": query(&qdrant.QueryPoints{Filter: geo}),
		"inference":      query(&qdrant.QueryPoints{Query: qdrant.NewQueryDocument(&qdrant.Document{Text: "x"})}),
	} {
		wantCode(t, err, codes.Unimplemented, text)
	}
}

// Services that the client library does not know are recorded and refused, to
// callers with a credential.
func TestUnknownServices(t *testing.T) {
	s := start(t, qdrantsim.Options{APIKey: apiKey})
	const method = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
	for credential, want := range map[string]codes.Code{apiKey: codes.Unimplemented, "wrong": codes.Unauthenticated} {
		conn := connect(t, s, credential).GetConnection()
		err := conn.Invoke(t.Context(), method, &qdrant.HealthCheckRequest{}, &qdrant.HealthCheckReply{})
		wantCode(t, err, want, "")
	}
	if n := s.CallCount(method); n != 2 {
		t.Errorf("got %d calls, want 2", n)
	}
}

// Readers hold what they were given while writers go on: run with -race.
func TestConcurrentUse(t *testing.T) {
	c := connect(t, start(t, qdrantsim.Options{APIKey: apiKey}), apiKey)
	collection(t, c, "c")
	var wg sync.WaitGroup
	for worker := range uint64(4) {
		wg.Go(func() {
			for i := range uint64(25) {
				id := qdrant.NewIDNum(worker*100 + i)
				_, err := c.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "c", Wait: qdrant.PtrOf(true), Points: []*qdrant.PointStruct{
					{Id: id, Vectors: qdrant.NewVectors(1, 1), Payload: qdrant.NewValueMap(map[string]any{"a": map[string]any{"b": 1}})},
				}})
				wantCode(t, err, codes.OK, "")
				_, err = c.SetPayload(t.Context(), &qdrant.SetPayloadPoints{
					CollectionName: "c", Key: qdrant.PtrOf("a"), Payload: qdrant.NewValueMap(map[string]any{"c": 2}),
					PointsSelector: qdrant.NewPointsSelectorFilter(&qdrant.Filter{}),
				})
				wantCode(t, err, codes.OK, "")
				_, err = c.Scroll(t.Context(), &qdrant.ScrollPoints{CollectionName: "c", WithVectors: qdrant.NewWithVectors(true)})
				wantCode(t, err, codes.OK, "")
			}
		})
	}
	wg.Wait()
	n, err := c.Count(t.Context(), &qdrant.CountPoints{CollectionName: "c"})
	if err != nil || n != 100 {
		t.Errorf("got %d, %v, want 100 points", n, err)
	}
}
