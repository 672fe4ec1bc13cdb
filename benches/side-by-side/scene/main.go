// Command scene plays a registry with many signed images, all of it in memory, behind a delay.
//
// It makes a root, a signing key and a signature for each image, writes the root and a trust policy where notation looks for
// them, and serves the images on loopback: `app-N` is a repository of ten images. Blobs are redirected to a second
// address, as Amazon ECR redirects them. What it was asked is counted.
//
//	GET /scene/set?delay=25ms&slow=app-3&busy=3    what comes next: each request waits so long; this repository ten times as
//	                                               long; every third request is answered 429
//	GET /scene/counts?reset=1                      {"requests": .., "connections": .., "peak": ..}
//	GET /scene/envelope                            the envelope of the first image
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const perRepository = 10

type content struct {
	mediaType string
	bytes     []byte
}

type scene struct {
	// By `repository/digest`; a blob by its digest alone.
	manifests map[string]content
	referrers map[string][]byte
	blobs     map[string][]byte
	blobsAt   string
	// The envelope that was made first.
	first []byte

	delay atomic.Int64
	busy  atomic.Int64
	slow  atomic.Value

	requests, connections, running, peak atomic.Int64
}

func digestOf(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func main() {
	images := flag.Int("images", 50, "how many images there are")
	format := flag.String("format", "jws", "jws or cose")
	algorithm := flag.String("key", "p256", "p256, p384, p521, rsa2048, rsa3072 or rsa4096")
	untrusted := flag.Int("untrusted", 0, "signatures of another key before the good one of each image")
	config := flag.String("config", "", "directory that gets the root and the trust policy of notation")
	list := flag.String("list", "", "file that gets the references, one a line, by digest")
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	flag.Parse()

	registry, err := net.Listen("tcp", *address)
	check(err)
	blobs, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)

	s := &scene{
		manifests: map[string]content{},
		referrers: map[string][]byte{},
		blobs:     map[string][]byte{},
		blobsAt:   "http://" + blobs.Addr().String(),
	}
	s.slow.Store("")
	host := registry.Addr().String()
	trusted, other := newSigner(*algorithm, "trusted"), newSigner(*algorithm, "other")
	var references strings.Builder
	for i := 0; i < *images; i++ {
		repository := fmt.Sprintf("app-%d", i/perRepository)
		digest := s.addImage(repository, i, *format, trusted, other, *untrusted)
		fmt.Fprintf(&references, "%s/%s@%s\n", host, repository, digest)
	}
	check(os.WriteFile(*list, []byte(references.String()), 0o644))
	writeConfig(*config, trusted)

	server := func(listener net.Listener, handler http.HandlerFunc) {
		server := &http.Server{Handler: handler, ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.connections.Add(1)
			}
		}}
		log.Fatal(server.Serve(listener))
	}
	go server(blobs, s.timed(s.serveBlob))
	fmt.Println(host)
	server(registry, s.serve)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func writeConfig(directory string, trusted *signer) {
	store := filepath.Join(directory, "truststore", "x509", "ca", "bench")
	check(os.MkdirAll(store, 0o755))
	check(os.WriteFile(filepath.Join(store, "root.pem"), trusted.rootPEM, 0o644))
	policy := map[string]any{"version": "1.0", "trustPolicies": []any{map[string]any{
		"name":                  "bench",
		"registryScopes":        []string{"*"},
		"signatureVerification": map[string]string{"level": "strict"},
		"trustStores":           []string{"ca:bench"},
		"trustedIdentities":     []string{"x509.subject: C=US, ST=WA, O=Bench, CN=trusted"},
	}}}
	bytes, err := json.Marshal(policy)
	check(err)
	check(os.WriteFile(filepath.Join(directory, "trustpolicy.json"), bytes, 0o644))
}

// timed makes a handler wait, count, and refuse every so many-th request.
func (s *scene) timed(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		number := s.requests.Add(1)
		running := s.running.Add(1)
		defer s.running.Add(-1)
		for peak := s.peak.Load(); running > peak && !s.peak.CompareAndSwap(peak, running); {
			peak = s.peak.Load()
		}
		delay := time.Duration(s.delay.Load())
		if slow := s.slow.Load().(string); slow != "" && strings.HasPrefix(r.URL.Path, "/v2/"+slow+"/") {
			delay *= 10
		}
		if delay > 0 {
			time.Sleep(delay)
		}
		if busy := s.busy.Load(); busy > 0 && number%busy == 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		handler(w, r)
	}
}

func (s *scene) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/scene/set":
		s.set(w, r)
	case r.URL.Path == "/scene/counts":
		s.counts(w, r)
	case r.URL.Path == "/scene/envelope":
		_, _ = w.Write(s.first)
	default:
		s.timed(s.serveRegistry)(w, r)
	}
}

func (s *scene) set(w http.ResponseWriter, r *http.Request) {
	delay, err := time.ParseDuration(r.FormValue("delay"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	busy, _ := strconv.ParseInt(r.FormValue("busy"), 10, 64)
	s.delay.Store(int64(delay))
	s.busy.Store(busy)
	s.slow.Store(r.FormValue("slow"))
}

func (s *scene) counts(w http.ResponseWriter, r *http.Request) {
	counters := map[string]*atomic.Int64{
		"requests": &s.requests, "connections": &s.connections, "peak": &s.peak,
	}
	found := map[string]int64{}
	for name, counter := range counters {
		if r.FormValue("reset") != "" {
			found[name] = counter.Swap(0)
		} else {
			found[name] = counter.Load()
		}
	}
	check(json.NewEncoder(w).Encode(found))
}

// serveRegistry answers /v2/REPOSITORY/{manifests,referrers,blobs}/DIGEST.
func (s *scene) serveRegistry(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	if len(parts) != 3 {
		w.WriteHeader(http.StatusOK)
		return
	}
	repository, kind, digest := parts[0], parts[1], parts[2]
	switch kind {
	case "manifests":
		found, is := s.manifests[repository+"/"+digest]
		if !is {
			http.NotFound(w, r)
			return
		}
		answer(w, r, found, digest)
	case "referrers":
		index, is := s.referrers[repository+"/"+digest]
		if !is {
			index = []byte(`{"schemaVersion":2,"mediaType":"` + indexType + `","manifests":[]}`)
		}
		answer(w, r, content{indexType, index}, "")
	case "blobs":
		http.Redirect(w, r, s.blobsAt+"/"+digest, http.StatusTemporaryRedirect)
	default:
		http.NotFound(w, r)
	}
}

func (s *scene) serveBlob(w http.ResponseWriter, r *http.Request) {
	bytes, is := s.blobs[strings.TrimPrefix(r.URL.Path, "/")]
	if !is {
		http.NotFound(w, r)
		return
	}
	answer(w, r, content{"application/octet-stream", bytes}, "")
}

func answer(w http.ResponseWriter, r *http.Request, found content, digest string) {
	header := w.Header()
	header.Set("Content-Type", found.mediaType)
	header.Set("Content-Length", strconv.Itoa(len(found.bytes)))
	if digest != "" {
		header.Set("Docker-Content-Digest", digest)
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(found.bytes)
	}
}
