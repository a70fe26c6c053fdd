package redis

import (
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// ErrRefused means that the command was not sent, because it is not known to touch one tenant's keys only.
var ErrRefused = errors.New("scope/redis: refused")

// refuse says which command was refused, and why. It repeats no argument: those are data.
func refuse(name, format string, args ...any) error {
	return fmt.Errorf("%w %s: %s", ErrRefused, strings.ToUpper(name), fmt.Sprintf(format, args...))
}

// replyError is an error of the server in which keys are named as the caller names them.
type replyError struct {
	text string
	err  goredis.Error
}

func (e *replyError) Error() string { return e.text }
func (e *replyError) Unwrap() error { return e.err }
func (e *replyError) RedisError()   {}

// logical takes the prefix out of an error's text. Errors that do not hold it stay what they are.
func logical(err error, prefix string) error {
	reply, ok := errors.AsType[goredis.Error](err)
	if !ok || prefix == "" || !strings.Contains(err.Error(), prefix) {
		return err
	}
	return &replyError{strings.ReplaceAll(err.Error(), prefix, ""), reply}
}
