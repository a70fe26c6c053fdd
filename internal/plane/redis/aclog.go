package redis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tenantry/tenantry/internal/boundary/cache"
)

// serverTime is the server's clock in its INFO.
func serverTime(info map[string]string) (time.Time, error) {
	usec, err := strconv.ParseInt(info["server_time_usec"], 10, 64)
	if err != nil {
		return time.Time{}, errors.New("INFO tells no server_time_usec")
	}
	return time.UnixMicro(usec), nil
}

// logEntries reads a reply of ACL LOG. Its errors repeat nothing of it.
func logEntries(raw any, now time.Time) ([]cache.LogEntry, error) {
	list, ok := raw.([]any)
	if !ok {
		return nil, fmt.Errorf("ACL LOG answered in an unknown form (%T)", raw)
	}
	out := make([]cache.LogEntry, 0, len(list))
	for _, item := range list {
		fields, err := pairs(item)
		if err != nil {
			return nil, errors.New("ACL LOG holds an entry in an unknown form")
		}
		e, err := logEntry(fields, now)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func logEntry(fields map[string]any, now time.Time) (cache.LogEntry, error) {
	text := func(name string) string {
		if fields[name] == nil {
			return ""
		}
		return fmt.Sprint(fields[name])
	}
	e := cache.LogEntry{Reason: text("reason"), Context: text("context"), Object: text("object"), Username: text("username"),
		Command: commandIn(text("client-info"))}
	// Ids begin anew when a server does; with the time at which it was made, one is never met twice.
	if id := text("entry-id"); id != "" {
		e.ID = id + "@" + text("timestamp-created")
	}
	count, err := strconv.ParseInt(text("count"), 10, 64)
	age, ageErr := strconv.ParseFloat(text("age-seconds"), 64)
	if err != nil || ageErr != nil {
		return e, errors.New("ACL LOG holds an entry without a count or an age")
	}
	e.Count, e.At = count, now.Add(-time.Duration(age*float64(time.Second)))
	return e, nil
}

// commandIn finds the command in a description of a client, where names hold no spaces.
func commandIn(client string) string {
	for field := range strings.FieldsSeq(client) {
		if name, ok := strings.CutPrefix(field, "cmd="); ok {
			return name
		}
	}
	return ""
}
