package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tenantry/tenantry/hack/demo/console"
	"github.com/tenantry/tenantry/hack/stack"
)

// Names that config/samples and config/default use.
const (
	operatorNamespace = "tenantry-system"
	operatorAccount   = "tenantry-controller-manager"
	platformNamespace = "platform"
	planeName         = "eu-1"
	keyPrefix         = "ai"
	sharedCollection  = "shared-documents"
	loaderSecret      = "gdpr-loader"

	acme  = "acme-health"
	blue  = "blue-dental"
	cedar = "cedar-clinic"
)

// companies in the order in which they are shown.
var companies = []string{acme, blue, cedar}

// demo is everything that the steps share.
type demo struct {
	console *console.Console
	keep    bool

	root string // of the repository
	dir  string // for everything the demo writes

	postgres *stack.Postgres
	redis    *stack.Redis
	qdrant   *stack.Qdrant
	cluster  *stack.ControlPlane
	passwords
	kubectl *kubectl
	manager *manager
	gateway *gateway
	// listeners of the gateway, before it runs.
	listeners gatewayAddresses
	tenants   map[string]*tenant

	undo    []func()
	results []result
}

// passwords of the platform's own accounts.
type passwords struct{ operatorRole, appRole, operatorUser string }

// step is one numbered part of the demo.
type step struct {
	title string
	run   func(*demo, context.Context) error
}

var steps = []step{
	{"Start real servers on free loopback ports", (*demo).startServers},
	{"Prepare them as a platform team would", (*demo).preparePlatform},
	{"Install the operator and run it with its own, narrow rights", (*demo).installOperator},
	{"Declare the plane, three tenants, their corpora and budgets", (*demo).declare},
	{"Run the plane's gateway with its own, narrow rights", (*demo).runGateway},
	{"Load real text, each tenant with its own credentials", (*demo).load},
	{"Read it back with nothing but the tenant's Secret", (*demo).readOwn},
	{"Try to cross the boundaries", (*demo).cross},
	{"Kill the operator with SIGKILL and start it again", (*demo).restart},
	{"Spend until a budget is used up", (*demo).spend},
	{"Suspend a tenant, then let it in again", (*demo).suspend},
	{"Delete a tenant, retaining its data", (*demo).retain},
}

// play runs every step until one fails.
func (d *demo) play(ctx context.Context) error {
	var err error
	if d.root, err = stack.RepoRoot(); err != nil {
		return err
	}
	if d.dir, err = os.MkdirTemp("", "tenantry-demo-"); err != nil {
		return err
	}
	d.onExit(func() { _ = os.RemoveAll(d.dir) })
	d.console.Heading("Tenantry: tenants isolated by Qdrant, PostgreSQL and Redis themselves")
	for _, s := range steps {
		d.console.Step(s.title)
		if err := s.run(d, ctx); err != nil {
			return d.explain(s.title, err)
		}
	}
	d.summarise()
	return nil
}

// explain adds where it went wrong, and what the programs logged that run.
func (d *demo) explain(title string, err error) error {
	err = fmt.Errorf("%s:\n%w", title, err)
	if d.manager != nil {
		err = fmt.Errorf("%w\nErrors that the operator logged: %s", err, d.manager.errorsLogged())
	}
	if d.gateway != nil {
		err = fmt.Errorf("%w\nErrors that the gateway logged: %s", err, d.gateway.errorsLogged())
	}
	return err
}

// onExit registers what undoes something; the last comes first.
func (d *demo) onExit(f func()) { d.undo = append(d.undo, f) }

func (d *demo) cleanUp() {
	for i := len(d.undo) - 1; i >= 0; i-- {
		d.undo[i]()
	}
	d.undo = nil
}

func (d *demo) file(name string) string { return filepath.Join(d.dir, name) }

// simulated is what a line about Qdrant's answers begins with where the simulator gave them.
func (d *demo) simulated() string {
	if d.qdrant.Simulated {
		return "SIMULATED "
	}
	return ""
}

// mismatch is an expectation that did not come true.
type mismatch struct{ what, want, got string }

func (m *mismatch) Error() string {
	return fmt.Sprintf("%s\n  expected: %s\n       got: %s", m.what, m.want, m.got)
}

func expect[T comparable](what string, want, got T) error {
	if want == got {
		return nil
	}
	return &mismatch{what: what, want: fmt.Sprint(want), got: fmt.Sprint(got)}
}
