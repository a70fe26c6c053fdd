package qdrant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func errorCall(t *testing.T) (*Scope, *Call) {
	t.Helper()
	s := newTestScope(t)
	return s, call(t, s, "Points/Query", &pb.QueryPoints{CollectionName: docs, Query: pb.NewQueryID(pb.NewIDNum(5)), LookupFrom: lookup(notes)})
}

// TestLeakyTexts: what the server says about names, ids, shards, peers, paths, and what others do, stays with the platform.
func TestLeakyTexts(t *testing.T) {
	s, c := errorCall(t)
	mapped := stored(t, s, pb.NewIDNum(7)).GetUuid()
	looked := c.Message.(*pb.QueryPoints).GetQuery().GetNearest().GetId().GetUuid()
	cases := map[string]struct {
		code codes.Code
		text string
		want string
	}{
		"own collection":       {codes.NotFound, "Not found: Collection `" + physicalShared + "` doesn't exist!", "Not found: Collection `docs` doesn't exist!"},
		"own, old words":       {codes.NotFound, "Not found: Collection " + physicalShared + " not found", "Not found: Collection `docs` doesn't exist!"},
		"another collection":   {codes.NotFound, "Not found: Collection `tenant_evil_x` doesn't exist!", "Not found"},
		"unused collection":    {codes.NotFound, "Not found: Collection `tenant_acme_own` doesn't exist!", "Not found"},
		"forbidden":            {codes.PermissionDenied, "Forbidden: Access to collection " + physicalShared + " is required", "Forbidden: the vector server refused the request"},
		"no point":             {codes.NotFound, "Not found: No point with id " + mapped + " found", "Not found: No point with id 7 found"},
		"no point, bare":       {codes.NotFound, "No point with id " + mapped + " found", "Not found: No point with id 7 found"},
		"no looked up point":   {codes.NotFound, "Not found: No point with id " + looked + " found", "Not found: No point with id 5 found"},
		"no such point":        {codes.NotFound, "Not found: Point with id " + mapped + " does not exists!", "Not found: No point with id 7 found"},
		"another's number":     {codes.NotFound, "Not found: No point with id 7 found", "Not found"},
		"no vector":            {codes.NotFound, `Not found: Vector with name "text" for point ` + mapped + " not found", `Not found: Vector with name "text" for point not found`},
		"shard key":            {codes.NotFound, "Not found: Shard key evil not found", "Not found"},
		"shard key given":      {codes.InvalidArgument, "Wrong input: Shard key evil not found", "Wrong input: the vector server refused the request"},
		"shards failed":        {codes.Internal, "Service internal error: 2 out of 3 shards failed to apply operation", "Service internal error: the platform has been shown the cause"},
		"peer":                 {codes.Internal, "Remote shard on 5177 failed during forward proxy operation: x", "Service internal error: the platform has been shown the cause"},
		"rate":                 {codes.ResourceExhausted, "Rate limiting exceeded: Read rate limit exceeded: Operation requires 10 tokens but only 3 were available. Retry after 7s", "the vector server is at a limit: try again later"},
		"points":               {codes.InvalidArgument, "Bad request: Max points count limit of 1000 reached!", "Wrong input: the vector server refused the request"},
		"storage":              {codes.InvalidArgument, "Bad request: Max vector storage size limit of 12MB reached!", "Wrong input: the vector server refused the request"},
		"indices":              {codes.InvalidArgument, "Collection already has the maximum number of payload indices (64)", "Wrong input: the vector server refused the request"},
		"tenant index":         {codes.InvalidArgument, `Bad request: Index required but not found for "tenant_id" of one of the following types: [keyword]. Help: Create an index for this key or use a different filter.`, "Wrong input: the vector server refused the request"},
		"quota":                {codes.ResourceExhausted, "Insufficient storage: disk is 97% full", "the vector server is at a limit: try again later"},
		"path":                 {codes.Internal, "Service internal error: Failed to write file: /qdrant/storage/collections/x", "Service internal error: the platform has been shown the cause"},
		"network":              {codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 10.1.2.3:6334: connect: connection refused"`, "the vector server is unavailable: try again later"},
		"token":                {codes.Unauthenticated, "Invalid API key or JWT", "the vector server did not accept the platform's credential: try again later"},
		"no code":              {codes.Code(99), "x", "the vector server failed; the platform has been shown the cause"},
		"a name in a fine one": {codes.InvalidArgument, "Wrong input: Not existing vector name error: tenant_acme_own", "Wrong input: the vector server refused the request"},
		"a second line":        {codes.InvalidArgument, "Limit cannot be 0\nshard evil", "Wrong input: the vector server refused the request"},
	}
	for name, tt := range cases {
		got := status.Convert(c.Error(status.Error(tt.code, tt.text)))
		wantCode := tt.code
		if tt.code > codes.Unauthenticated {
			wantCode = codes.Unknown
		}
		if got.Code() != wantCode || got.Message() != tt.want {
			t.Errorf("%s: got %v %q, want %q", name, got.Code(), got.Message(), tt.want)
		}
		for _, secret := range []string{physicalShared, mapped, looked, "evil", "tenant_", "10.1.2.3", "/qdrant", "%"} {
			if strings.Contains(got.Message(), secret) {
				t.Errorf("%s: %q says %q", name, got.Message(), secret)
			}
		}
	}
}

// TestHelpfulTexts: what is about the caller's own request reaches the caller.
func TestHelpfulTexts(t *testing.T) {
	_, c := errorCall(t)
	for _, text := range []string{
		"Wrong input: Vector dimension error: expected dim: 4, got 3",
		"Wrong input: Not existing vector name error: x",
		"Wrong input: Limit cannot be 0",
		"Bad request: A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
		"Validation error in body: [search_points[0].limit: value 0 invalid, must be 1 or larger]",
		`Bad request: Index required but not found for "color" of one of the following types: [keyword, uuid]. Help: Create an index for this key or use a different filter.`,
		"Bad request: No range index for `order_by` key: `a`. Please create one to use `order_by`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions",
		`Limit exceeded 20000 > 10000 for "limit". Help: Reduce the "limit" parameter to or below 10000.`,
		"Unable to parse UUID: 42",
	} {
		got := status.Convert(c.Error(status.Error(codes.InvalidArgument, text)))
		if got.Message() != text {
			t.Errorf("%q became %q", text, got.Message())
		}
	}
}

func TestErrorsThatAreNoStatus(t *testing.T) {
	_, c := errorCall(t)
	if c.Error(nil) != nil {
		t.Error("no error became one")
	}
	for want, err := range map[codes.Code]error{
		codes.Canceled:         fmt.Errorf("dial 10.1.2.3: %w", context.Canceled),
		codes.DeadlineExceeded: context.DeadlineExceeded,
		codes.Unknown:          errors.New("dial 10.1.2.3"),
	} {
		got := status.Convert(c.Error(err))
		if got.Code() != want || strings.Contains(got.Message(), "10.1.2.3") {
			t.Errorf("%v became %v %q", err, got.Code(), got.Message())
		}
	}
	withDetails, err := status.New(codes.Internal, "x").WithDetails(&pb.CollectionDescription{Name: physicalShared})
	if err != nil {
		t.Fatal(err)
	}
	if got := status.Convert(c.Error(withDetails.Err())); len(got.Details()) > 0 {
		t.Errorf("details are passed on: %v", got.Details())
	}
}

// TestEveryCodeHasAText, so that no server's text is needed.
func TestEveryCodeHasAText(t *testing.T) {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		if genericTexts[code] == "" {
			t.Errorf("%v has no text", code)
		}
	}
}

// TestDedicatedIDsStay: ids of the other patterns are the client's already.
func TestDedicatedIDsStay(t *testing.T) {
	s := newTestScope(t)
	c := call(t, s, "Points/SetPayload", &pb.SetPayloadPoints{CollectionName: own, PointsSelector: byIDs()})
	got := status.Convert(c.Error(status.Error(codes.NotFound, "Not found: No point with id 5 found")))
	if got.Message() != "Not found: No point with id 5 found" {
		t.Errorf("got %q", got.Message())
	}
}

// TestErrorsAreNoOracle: an id that was resolved where ids are not mapped is the client's own. Opened in the namespace of the
// queried collection it would say which of the client's ids is stored under it, and that id overwrites whatever stands there.
func TestErrorsAreNoOracle(t *testing.T) {
	s := newTestScope(t)
	foreign := stored(t, s, pb.NewIDNum(7)).GetUuid()
	for name, id := range map[string]*pb.PointId{
		"as the server writes it": pb.NewIDUUID(foreign),
		"in another spelling":     pb.NewIDUUID("{" + strings.ToUpper(foreign) + "}"),
	} {
		t.Run(name, func(t *testing.T) {
			c := call(t, s, "Points/Query", &pb.QueryPoints{CollectionName: docs, Query: pb.NewQueryID(id), LookupFrom: lookup(own)})
			got := status.Convert(c.Error(status.Error(codes.NotFound, "Not found: No point with id "+foreign+" found")))
			if want := "Not found: No point with id " + foreign + " found"; got.Message() != want {
				t.Errorf("got %q, want the client's own id: %q", got.Message(), want)
			}
		})
	}
}
