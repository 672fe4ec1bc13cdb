// Package containerd shows what a real containerd does with this program as
// its image verifier: with ctr and, as Kubernetes does, with crictl.
package containerd
