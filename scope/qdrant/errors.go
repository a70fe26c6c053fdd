package qdrant

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error turns an upstream error into the client's: a gRPC status with the same code and a text that is known to tell
// nothing of others, with the client's own names and ids. Details of the status are left out. The caller logs the original.
func (c *Call) Error(err error) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		s = status.FromContextError(cause(err))
	}
	code := s.Code()
	if code == codes.OK || code > codes.Unauthenticated {
		code = codes.Unknown
	}
	return status.Error(code, c.errorText(code, s.Message()))
}

func cause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return err
}

func (c *Call) errorText(code codes.Code, text string) string {
	switch code {
	case codes.InvalidArgument, codes.FailedPrecondition, codes.NotFound, codes.OutOfRange:
		if out, ok := c.known(text); ok {
			return out
		}
	}
	if out, ok := genericTexts[code]; ok {
		return out
	}
	return genericTexts[codes.Unknown]
}

// genericTexts say what happened where the server's words might say more.
var genericTexts = map[codes.Code]string{
	codes.Canceled:           "the request was cancelled",
	codes.Unknown:            "the vector server failed; the platform has been shown the cause",
	codes.InvalidArgument:    "Wrong input: the vector server refused the request",
	codes.DeadlineExceeded:   "Timeout: the operation did not finish in time",
	codes.NotFound:           "Not found",
	codes.AlreadyExists:      "it exists already",
	codes.PermissionDenied:   "Forbidden: the vector server refused the request",
	codes.ResourceExhausted:  "the vector server is at a limit: try again later",
	codes.FailedPrecondition: "the vector server cannot do this in its present state",
	codes.Aborted:            "the vector server gave the operation up: try again",
	codes.OutOfRange:         "Wrong input: a value is out of range",
	codes.Unimplemented:      "the vector server does not support this operation",
	codes.Internal:           "Service internal error: the platform has been shown the cause",
	codes.Unavailable:        "the vector server is unavailable: try again later",
	codes.DataLoss:           "Service internal error: the platform has been shown the cause",
	codes.Unauthenticated:    "the vector server did not accept the platform's credential: try again later",
}

// template is one text of the server that may be passed on. With rewrite, only what rewrite makes of its groups is.
type template struct {
	pattern *regexp.Regexp
	rewrite func(c *Call, groups []string) (string, bool)
}

func words(pattern string) template {
	return template{pattern: regexp.MustCompile(`^(?:Wrong input: |Bad request: |Strict mode error: )?` + pattern + `$`)}
}

func rewritten(pattern string, rewrite func(*Call, []string) (string, bool)) template {
	return template{pattern: regexp.MustCompile(`^` + pattern + `$`), rewrite: rewrite}
}

// called is what a client may have called a field or a vector.
const called = "[^\"'`\n]{0,200}"

// templates are tried in order. They are about the request and the declared shape, never about what others have or do.
var templates = []template{
	rewritten("(?:Not found: )?Collection `?("+called+")`? (?:doesn't exist!|not found)", (*Call).collectionMissing),
	rewritten("(?:Not found: )?(?:No point with id |Point with id )(["+`0-9a-zA-Z{}:-]{1,64})(?: found| does not exists!)?`, (*Call).pointMissing),
	rewritten(`(?:Not found: )?Vector with name "?(`+called+`)"? for point(?: .*)? not found`, func(_ *Call, g []string) (string, bool) {
		return `Not found: Vector with name "` + g[1] + `" for point not found`, true
	}),
	words(`Vector dimension error: expected dim: \d+, got \d+(?: for vector '` + called + `')?`),
	words(`Not existing vector name error: ` + called),
	words(`Wrong usage of (?:sparse|multi) vectors`),
	words(`Conversion between (?:sparse|multi) and regular vectors failed`),
	words(`(?:Sparse vector|Multivector) '` + called + `' has a limit of \d+ (?:indices|vectors), but \d+ were provided!`),
	words("No range index for `order_by` key: `" + called + "`. Please create one to use `order_by`.(?: Check https://qdrant[.]tech/[a-z/#-]+ to see which payload schemas support Range conditions)?"),
	words("No appropriate index for faceting: `" + called + "`. Please create one to facet on this field.(?: Check https://qdrant[.]tech/[a-z/#-]+ to see which payload schemas support Match conditions)?"),
	words(`(?:Index required but not found for "` + called + `" of one of the following types: \[[a-z, ]*\]|Index of type "[a-z]+" found for "` + called + `")[.] Help: [A-Za-z` + "`" + ` ]+[.]?`),
	words(`Limit exceeded \d+ > \d+ for "[a-z_ *]+"[.] Help: [A-Za-z0-9" _*]+[.]?`),
	words(`(?:Condition size|Filter condition) limit reached \(\d+ > \d+\)[.] Help: [A-Za-z ]+[.]?`),
	words("search param `idf` requires a sparse vector with the `idf` modifier[^/\n]{0,200}"),
	words(`Expected [a-z ]+ value for ` + called + ` in the payload and/or in the formula defaults[.] Error: [^/\n]{0,200}`),
	words(`The expression [^/\n]{1,300} produced a non-finite number`),
	words(`Validation error in (?:JSON )?body: \[[A-Za-z0-9_.\[\] ,:;()<>=-]{1,400}\]`),
	words(`Unable to parse UUID: [^/\n]{0,100}`),
	words(`Invalid json path: '[^\n']{0,200}'`),
	words(sentences(
		"A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
		"A query is needed to use the score_threshold. Can't have score_threshold without defining a query.",
		"At least one positive or negative vector ID required with this strategy",
		"At least one positive vector ID required with this strategy",
		"Can't average vectors with different types",
		"Can't use score_threshold with an order_by query.",
		"Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value",
		"Empty update request",
		"Fusion queries cannot be combined with the 'using' field.",
		"Limit cannot be 0",
		"No Vector Provided", "No vector provided", "No vector variant provided", "No target provided",
		"Positive and negative vectors should be of the same type, either all dense or all sparse or all multi",
		"Positive vectors should not be empty with `average` strategy",
		"target and/or context_pairs must be specified",
		"Expected some vectors", "vectors is expected", "Nested condition must have a filter", "Malformed Match condition",
	)),
}

func sentences(all ...string) string {
	for i := range all {
		all[i] = regexp.QuoteMeta(all[i])
	}
	return "(?:" + strings.Join(all, "|") + ")"
}

// known passes on what a template allows, unless an internal name is in it after all.
func (c *Call) known(text string) (string, bool) {
	for _, t := range templates {
		groups := t.pattern.FindStringSubmatch(text)
		if groups == nil {
			continue
		}
		if t.rewrite != nil {
			return t.rewrite(c, groups)
		}
		return text, !c.leaks(text)
	}
	return "", false
}

// leaks is the second line: names that no client has are in no answer.
func (c *Call) leaks(text string) bool {
	if strings.Contains(text, TenantField) || strings.Contains(text, CorpusField) ||
		strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return true
	}
	for _, col := range c.scope.collections {
		if col.Physical != col.Name && strings.Contains(text, col.Physical) || col.shared() && strings.Contains(text, col.CorpusID) {
			return true
		}
	}
	return false
}

// collectionMissing puts the logical name back. A collection that the call did not use is not named.
func (c *Call) collectionMissing(groups []string) (string, bool) {
	physical := groups[1]
	if c.queried != nil && c.queried.Physical == physical {
		return notFound(c.queried.Name).Message, true
	}
	if !slices.ContainsFunc(c.Access, func(a Access) bool { return a.Collection == physical }) {
		return "", false
	}
	for _, name := range c.scope.names {
		if c.scope.collections[name].Physical == physical {
			return notFound(name).Message, true
		}
	}
	return "", false
}

// pointMissing puts the client's id back.
func (c *Call) pointMissing(groups []string) (string, bool) {
	ids, elsewhere := c.foreign[groups[1]] // nil: the client's own id
	if !elsewhere && c.queried.shared() {
		ids = c.queried.ids
	}
	text := groups[1]
	if ids != nil {
		id := &pb.PointId{PointIdOptions: &pb.PointId_Uuid{Uuid: text}}
		if !ids.open(id, &scratch{}) {
			return "", false
		}
		text = idText(id)
	}
	return "Not found: No point with id " + text + " found", true
}
