package cache

import "github.com/tenantry/tenantry/internal/boundary"

// tenantUser is the user that t should have on a node. Whoever may not come in gets a user that is off and stripped of
// passwords, keys, channels and commands: sessions that are still open can do nothing, even before they are ended.
func (s Spec) tenantUser(n *Node, t boundary.Tenant) User {
	secret := t.Credentials[boundary.Cache].Secret
	if t.Access != boundary.Open {
		secret = ""
	}
	return user(s.tenantShape(n, t.ID), secret)
}

// appUser is the pooled user of the application on a node.
func (s Spec) appUser(n *Node) User { return user(s.appShape(n), s.AppPassword) }

// tenantShape is what a tenant's user may do while it is on.
func (s Spec) tenantShape(n *Node, tenantID string) Permissions {
	return s.shape(n, TenantPattern(s.KeyPrefix, tenantID))
}

// appShape is what the application's user may do while it is on.
func (s Spec) appShape(n *Node) Permissions { return s.shape(n, AppPattern(s.KeyPrefix)) }

func (s Spec) shape(n *Node, pattern string) Permissions {
	return Permissions{
		Keys:     []string{"~" + pattern},
		Channels: []string{pattern},
		Commands: s.granted(n).commands,
	}
}

func user(shape Permissions, secret boundary.Secret) User {
	if secret == "" {
		return closed
	}
	return User{Enabled: true, Passwords: []string{secret.Fingerprint()}, Permissions: shape}
}
