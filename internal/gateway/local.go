package gateway

import (
	"encoding/json"
	"errors"
	"net/http"
)

// title is what clients are told they talk to, next to the version of the Qdrant behind it.
const title = "tenantry gateway for qdrant"

// local answers what needs no credential and no Qdrant: what this is, and whether it lives.
func (a *restAPI) local(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	switch r.URL.EscapedPath() {
	case "/":
		a.write(w, http.StatusOK, contentJSON, about(a.dir.ServerVersion()))
	case "/healthz", "/livez":
		a.write(w, http.StatusOK, contentText, []byte("ok"))
	case "/readyz":
		writeReady(w, forStrangers(a.dir.Ready()))
	default:
		return false
	}
	return true
}

// errNotReady is what anybody may know; the probe's address says more.
var errNotReady = errors.New("not ready")

func forStrangers(why error) error {
	if why != nil {
		return errNotReady
	}
	return nil
}

const contentText = "text/plain; charset=utf-8"

// about is the answer to GET /, from which clients read the version.
func about(version string) []byte {
	b, err := json.Marshal(map[string]string{"title": title, "version": version})
	if err != nil { // strings always encode
		return nil
	}
	return b
}

// writeReady answers a readiness probe.
func writeReady(w http.ResponseWriter, why error) {
	w.Header().Set("Content-Type", contentText)
	if why != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(why.Error()))
		return
	}
	_, _ = w.Write([]byte("ok"))
}
