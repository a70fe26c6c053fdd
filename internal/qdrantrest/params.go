package qdrantrest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	pb "github.com/qdrant/go-client/qdrant"
)

// paramSet is what an operation takes in its query string.
type paramSet uint8

const (
	waitParam paramSet = 1 << iota
	orderingParam
	timeoutParam
	consistencyParam
	anyParam // ignored: the operation is refused whatever they say

	writeParams = waitParam | orderingParam | timeoutParam
	readParams  = timeoutParam | consistencyParam
)

// params are the query parameters in the terms of the messages; nil where absent.
type params struct {
	wait        *bool
	ordering    *pb.WriteOrdering
	timeout     *uint64
	consistency *pb.ReadConsistency
}

var orderings = map[string]pb.WriteOrderingType{
	"weak": pb.WriteOrderingType_Weak, "medium": pb.WriteOrderingType_Medium, "strong": pb.WriteOrderingType_Strong,
}

var consistencies = map[string]pb.ReadConsistencyType{
	"all": pb.ReadConsistencyType_All, "majority": pb.ReadConsistencyType_Majority, "quorum": pb.ReadConsistencyType_Quorum,
}

func parseParams(query url.Values, allowed paramSet) (params, error) {
	var p params
	if allowed&anyParam != 0 {
		return p, nil
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		if len(values) != 1 {
			return p, badParam(name, "stands there more than once")
		}
		if problem := p.set(name, values[0], allowed); problem != "" {
			return p, badParam(name, problem)
		}
	}
	return p, nil
}

// set returns what is wrong with the parameter, or "".
func (p *params) set(name, value string, allowed paramSet) string {
	switch {
	case name == "wait" && allowed&waitParam != 0:
		return p.setWait(value)
	case name == "timeout" && allowed&timeoutParam != 0:
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || n == 0 {
			return "must be a whole number of seconds, at least 1"
		}
		p.timeout = &n
	case name == "ordering" && allowed&orderingParam != 0:
		kind, ok := orderings[value]
		if !ok {
			return "must be weak, medium or strong"
		}
		p.ordering = &pb.WriteOrdering{Type: kind}
	case name == "consistency" && allowed&consistencyParam != 0:
		return p.setConsistency(value)
	default:
		return "is not a parameter of this operation"
	}
	return ""
}

func (p *params) setWait(value string) string {
	if value != "true" && value != "false" {
		return "must be true or false"
	}
	wait := value == "true"
	p.wait = &wait
	return ""
}

func (p *params) setConsistency(value string) string {
	if kind, ok := consistencies[value]; ok {
		p.consistency = &pb.ReadConsistency{Value: &pb.ReadConsistency_Type{Type: kind}}
		return ""
	}
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || n == 0 {
		return "must be a number of replicas, at least 1, or majority, quorum or all"
	}
	p.consistency = &pb.ReadConsistency{Value: &pb.ReadConsistency_Factor{Factor: n}}
	return ""
}

func badParam(name, problem string) *Error {
	return &Error{Status: http.StatusBadRequest, Message: "Bad request: query parameter " + quoteKey(name) + " " + problem}
}
