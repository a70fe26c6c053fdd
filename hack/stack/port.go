package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
)

// loopback is the only address that anything here listens on.
const loopback = "127.0.0.1"

// Ports are chosen below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152
// elsewhere): a server that restarts finds its port free.
const firstPort, lastPort = 15000, 32000

// freePort returns a port that nobody listens on just now.
func freePort() (int, error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		listener, err := net.Listen("tcp", address(port))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("no free port on %s between %d and %d", loopback, firstPort, lastPort)
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// onFreePort calls start with free ports until one was not taken by another process in between.
func onFreePort(start func(port int) error) error {
	var err error
	for range 5 {
		var port int
		if port, err = freePort(); err != nil {
			return err
		}
		if err = portTaken(start(port)); !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return err
}

// portTaken recognises in the log of a server that ended at once that its port was taken.
func portTaken(err error) error {
	var exited *exitedError
	if errors.As(err, &exited) && strings.Contains(strings.ToLower(exited.log), "address already in use") {
		return errors.Join(errPortTaken, err)
	}
	return err
}
