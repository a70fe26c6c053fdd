// Package harness runs the operator for tests that look at the whole: against a real kube-apiserver, PostgreSQL and Redis,
// and Qdrant or its simulator, with the rights that config/rbac gives to its ServiceAccount and no others. What tests see of
// tenants they see with the issued Secrets.
//
// Everything stops when the testing.TB that it was made with ends. For what all tests of a package share, that is a [Suite].
package harness
