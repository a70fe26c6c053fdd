package qdrantsim

// mode is how much of one collection a token may use.
type mode string

const (
	modeRead   mode = "r"
	modeWrite  mode = "rw"
	modePoints mode = "prw" // points only: no indexes, snapshots or cluster info
)

// access is what a principal may do: something global, or a list of collections.
type access struct {
	global      bool
	manage      bool // with global: not only read
	collections []collectionAccess
}

type collectionAccess struct {
	name string
	mode mode
}

var (
	fullAccess = access{global: true, manage: true}
	readAccess = access{global: true}
)

// need is what an operation asks of its caller.
type need struct {
	write  bool
	manage bool
	extras bool // index, snapshot and cluster facilities of a collection
}

var (
	needRead        = need{}
	needWrite       = need{write: true}
	needExtras      = need{extras: true}
	needExtrasWrite = need{write: true, extras: true}
	needManage      = need{manage: true}
)

// collection checks the caller against one collection by the name it asked
// for: an alias counts as a name of its own.
func (a access) collection(name string, n need) error {
	if a.global {
		return a.checkGlobal(n)
	}
	for _, c := range a.collections {
		if c.name == name {
			return c.check(n)
		}
	}
	return forbidden("Access to collection %s is required", name)
}

// everything checks the caller for an operation that is about no collection.
func (a access) everything(n need) error {
	if !a.global {
		return forbidden("Global access is required")
	}
	return a.checkGlobal(n)
}

func (a access) checkGlobal(n need) error {
	if (n.write || n.manage) && !a.manage {
		return forbidden("Global manage access is required")
	}
	return nil
}

// check keeps Qdrant's order: extras, then write, then manage.
func (c collectionAccess) check(n need) error {
	switch {
	case n.extras && c.mode == modePoints:
		return forbidden("Only points access is allowed for collection %s", c.name)
	case n.write && c.mode == modeRead:
		return forbidden("Write access to collection %s is required", c.name)
	case n.manage:
		return forbidden("Manage access for this operation is required")
	}
	return nil
}

// sees says whether a listing shows the collection to the caller.
func (a access) sees(name string) bool { return a.collection(name, needRead) == nil }
