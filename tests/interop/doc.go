// Package interop shows that Countersign and programs that nobody here wrote
// understand each other: the reference implementation of the Notary Project
// (notation-go), two registries, a timestamping authority, OpenSSL, AWS's own
// clients. It is driven by the script "run" beside it, which builds what the
// tests start; everything listens on loopback and nothing outside is asked.
//
// The tests need, in the environment:
//
//	COUNTERSIGN_BIN            the command line, which is also the Notation plugin
//	COUNTERSIGN_EMULATOR_BIN   the emulator of AWS Signer
//	DISTRIBUTION_REGISTRY_BIN  the CNCF distribution registry
//	TIMESTAMP_SERVER_BIN       sigstore's timestamping authority
//	OCI_CONFORMANCE_BIN        the conformance suite of OCI's distribution specification
//	INTEROP_PLUGIN_BIN         the Notation plugin in ./plugin
//	INTEROP_PYTHON_BIN         a directory with python (boto3) and aws
//
// A variable that is missing fails the tests that need it: a proof that was
// not made is not a proof.
package interop
