// Package blob shows that Countersign and notation-go understand each other's
// signatures of files. It is a module of its own, because only an unreleased
// notation-go signs files, and the other tests are about the released one. The
// script "run" in the directory above drives it, with the same variables in
// the environment.
package blob
