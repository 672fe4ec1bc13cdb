// Command notation verifies one image as the notation client does, with its library, in a process of its own: trust policy, trust
// store and plugins are those of notation's directories.
//
//	notation verify [--insecure-registry] REFERENCE
//	notation version
//
// The second does nothing with all that is linked: a lower bound for what any program with this library takes to start.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/plugin"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"oras.land/oras-go/v2/registry/remote"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println("v1.3.2")
		return
	}
	reference := os.Args[len(os.Args)-1]
	repository, err := remote.NewRepository(reference)
	check(err)
	repository.PlainHTTP = true
	policy, err := trustpolicy.LoadDocument()
	check(err)
	store := truststore.NewX509TrustStore(dir.ConfigFS())
	judge, err := verifier.New(policy, store, plugin.NewCLIManager(dir.PluginFS()))
	check(err)
	target, _, err := notation.Verify(context.Background(), judge, registry.NewRepository(repository),
		notation.VerifyOptions{ArtifactReference: reference, MaxSignatureAttempts: 100})
	check(err)
	fmt.Println("Successfully verified signature for", target.Digest)
}
