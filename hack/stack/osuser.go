package stack

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// osUser is an unprivileged user to run a server as. The nil *osUser is the current user.
type osUser struct{ uid, gid uint32 }

// unprivileged returns the user for servers that refuse to run as root: nil when we are not root, else the first of the
// names that exists.
func unprivileged(names ...string) (*osUser, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range names {
		if account, err := user.Lookup(name); err == nil {
			return parseUser(account)
		}
	}
	return nil, fmt.Errorf("none of the users %q exists to run the server as, and it refuses to run as root: add one", names)
}

func parseUser(account *user.User) (*osUser, error) {
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group of user %s: %w", account.Username, err)
	}
	return &osUser{uid: uint32(uid), gid: uint32(gid)}, nil
}

// apply makes the command run as the user.
func (u *osUser) apply(cmd *exec.Cmd) {
	if u == nil {
		return
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: u.uid, Gid: u.gid}
}

// own gives the path to the user.
func (u *osUser) own(path string) error {
	if u == nil {
		return nil
	}
	return os.Chown(path, int(u.uid), int(u.gid))
}
