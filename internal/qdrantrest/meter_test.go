package qdrantrest

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
)

var errEnough = errors.New("enough")

// upsertWith decodes a body as an upsert with a meter that has so many elements left, and returns how many were asked for.
func upsertWith(t *testing.T, body string, left int) (int, proto.Message, error) {
	t.Helper()
	op, err := Match(http.MethodPut, "/collections/c/points")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	op.Meter = func(n int) error {
		if asked += n; asked > left {
			return errEnough
		}
		return nil
	}
	m, err := op.Decode(url.Values{}, []byte(body))
	return asked, m, err
}

// commas is n times the same text in a list.
func commas(text string, n int) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }

// Whatever becomes a thing of its own is asked for before it is made, so that two bytes cannot take two hundred unasked.
func TestMeter(t *testing.T) {
	const n = 50_000
	point := `{"points":[{"id":1,"vector":[1],"payload":{"a":[`
	for name, body := range map[string]string{
		"values":          point + commas("0", n) + `]}}]}`,
		"members":         `{"points":[{"id":1,"vector":[1],"payload":{"a":[` + commas(`{"":0}`, n) + `]}}]}`,
		"ids of a batch":  `{"batch":{"ids":[` + commas("1", n) + `],"vectors":{}}}`,
		"a multivector":   `{"points":[{"id":1,"vector":[` + commas("[1]", n) + `]}]}`,
		"points":          `{"points":[` + commas(`{"id":1,"vector":[1]}`, n) + `]}`,
		"unknown fields":  point + commas("0", n) + `]},"zzz":1}]}`,
		"a model's words": `{"points":[{"id":1,"vector":{"model":"m","text":"t","options":{"o":[` + commas("0", n) + `]}}}]}`,
	} {
		if asked, m, err := upsertWith(t, body, n/2); !errors.Is(err, errEnough) || m != nil || asked > n/2+meterStep {
			t.Errorf("%s: %d were asked for, %v", name, asked, err)
		}
		if asked, _, _ := upsertWith(t, body, MaxElements); asked < n {
			t.Errorf("%s: %d were asked for, of %d", name, asked, n)
		}
	}
}

// Numbers of vectors take what their text takes.
func TestMeterLeavesVectorsAlone(t *testing.T) {
	for name, vector := range map[string]string{
		"dense":  `[` + commas("0.5", 100_000) + `]`,
		"sparse": `{"s":{"indices":[` + commas("7", 100_000) + `],"values":[` + commas("0.5", 100_000) + `]}}`,
	} {
		if asked, _, err := upsertWith(t, `{"points":[{"id":1,"vector":`+vector+`}]}`, 0); err != nil || asked != 0 {
			t.Errorf("%s: %d were asked for, %v", name, asked, err)
		}
	}
}

// Without a meter there is a limit still.
func TestMaxElements(t *testing.T) {
	op, err := Match(http.MethodPut, "/collections/c/points")
	if err != nil {
		t.Fatal(err)
	}
	var refused *Error
	_, err = op.Decode(url.Values{}, []byte(`{"points":[{"id":1,"vector":[1],"payload":{"a":[`+commas("0", MaxElements+meterStep)+`]}}]}`))
	if !errors.As(err, &refused) || refused.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("%v", err)
	}
}
