// Package gateway is the data-plane proxy: Qdrant's gRPC and REST in front of the Qdrant of one plane.
//
// Every request of either protocol takes one way, [Pipeline.Do]: who calls (identity), may they now (admission), what may
// it touch (scope/qdrant), forward with the least token, clean the answer. What it is not sure about it refuses. It keeps
// no state besides what it has learned from the API server (directory), so any number of replicas may run.
package gateway
