package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// series are the values of a metrics endpoint by name and labels, as they are written there.
type series map[string]float64

func scrape(ctx context.Context, addr string) (series, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the metrics endpoint answered %s", response.Status)
	}
	return parseSeries(response.Body)
}

func parseSeries(r io.Reader) (series, error) {
	out := series{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		text := lines.Text()
		at := strings.LastIndexByte(text, ' ')
		if at < 0 || strings.HasPrefix(text, "#") {
			continue
		}
		value, err := strconv.ParseFloat(text[at+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("read the metric %q: %w", text, err)
		}
		out[text[:at]] = value
	}
	return out, lines.Err()
}

// sum adds up the series of one name whose labels hold all of the given ones, such as `layer="Rows"`.
func (s series) sum(name string, labels ...string) float64 {
	total := 0.0
next:
	for key, value := range s {
		if metric, _, _ := strings.Cut(key, "{"); metric != name {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(key, l) {
				continue next
			}
		}
		total += value
	}
	return total
}
