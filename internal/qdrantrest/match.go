package qdrantrest

import (
	"net/http"
	"strings"
)

// route is one operation of the REST API.
type route struct {
	http    string // method
	pattern string // "{}" stands for a name
	grpc    string // method of the twin, without "/qdrant."
	params  paramSet
	body    bodyRule
	decode  decoder
	encode  encoding // false: not the reply of this operation
	text    string   // answered with this plain text instead
	bare    bool     // answered without the envelope
	one     bool     // asks for one point, which may be missing
	names   bool     // Operation.NamesOnly
}

// bodyRule says whether an operation reads a body.
type bodyRule int

const (
	noBody bodyRule = iota
	needsBody
)

// node is one position in a path; literal children come before the variable.
type node struct {
	literals map[string]*node
	variable *node
	routes   map[string]*route // by HTTP method
}

var root = buildTree()

func buildTree() *node {
	top := &node{}
	for i := range routes {
		n := top
		if path := strings.Trim(routes[i].pattern, "/"); path != "" {
			for s := range strings.SplitSeq(path, "/") {
				n = n.child(s)
			}
		}
		if n.routes == nil {
			n.routes = map[string]*route{}
		}
		n.routes[routes[i].http] = &routes[i]
	}
	return top
}

func (n *node) child(segment string) *node {
	if segment == "{}" {
		if n.variable == nil {
			n.variable = &node{}
		}
		return n.variable
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	if n.literals[segment] == nil {
		n.literals[segment] = &node{}
	}
	return n.literals[segment]
}

// Match finds the operation of a request by its HTTP method and its path as it was sent (url.URL.EscapedPath). An
// unknown path, or one that is not written plainly, is an *Error 404, a method that the path does not take 405.
func Match(httpMethod, escapedPath string) (*Operation, error) {
	segments, err := splitPath(escapedPath)
	if err != nil {
		return nil, err
	}
	o := &Operation{}
	known := false
	if o.find(root, httpMethod, segments, 0, &known) {
		o.Method, o.NamesOnly = "/qdrant."+o.route.grpc, o.route.names
		return o, nil
	}
	if known {
		return nil, &Error{Status: http.StatusMethodNotAllowed, Message: "Bad request: this path does not take " + methodName(httpMethod)}
	}
	return nil, notFound("no such path")
}

// find walks down, preferring literals, and tries the variable where no literal leads to the method.
func (o *Operation) find(n *node, httpMethod string, segments []string, names int, known *bool) bool {
	if len(segments) == 0 {
		*known = *known || len(n.routes) > 0
		o.route = n.routes[httpMethod]
		return o.route != nil
	}
	if next := n.literals[segments[0]]; next != nil && o.find(next, httpMethod, segments[1:], names, known) {
		return true
	}
	if n.variable == nil {
		return false
	}
	o.names[names] = segments[0]
	return o.find(n.variable, httpMethod, segments[1:], names+1, known)
}

// methodName repeats a method only if it is one; anything may stand in a request line.
func methodName(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "this method"
}
