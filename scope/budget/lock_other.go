//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd

package budget

import (
	"errors"
	"os"
)

func lockFile(*os.File) error { return errors.ErrUnsupported }
