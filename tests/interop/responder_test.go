package interop

import (
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign.test/interop/certificates"
)

// maxQuestionBytes bounds what the responder reads.
const maxQuestionBytes = 64 << 10

// unreachable is an address where nobody listens: the port is reserved, and
// everything is on this machine.
const unreachable = "http://127.0.0.1:1"

// source is an address to ask at.
type source struct {
	// answers gives what is said there; where it is nil, nobody listens.
	answers func(t *testing.T, subject revocationSubject) answer
}

var nobody = &source{}

// revocationSubject is whom an answer is about, and who may give it.
type revocationSubject struct {
	certificate *x509.Certificate
	issuer      certificates.Authority
	// foreign is an authority of the same name with another key.
	foreign certificates.Authority
}

// answer is what an HTTP server says to a question.
type answer func(question []byte) (status int, body []byte)

// responder serves the answers, each below a path of its own, and counts.
type responder struct {
	address string
	paths   int
	answers sync.Map // of a path without slashes to an answer

	mutex sync.Mutex
	// asked counts all questions, present those that wait for their answer, and
	// most is how many ever waited at the same time.
	asked, present, most int
	// wanted is how many questions must be there before any is answered; who
	// waits longer than patience is answered all the same.
	wanted   int
	complete chan struct{}
	// delay is how long each answer takes.
	delay time.Duration
}

// patience is less than what verifiers have for OCSP, so that one that asks
// one after another gets every answer, and is found out by the counts.
const patience = 1500 * time.Millisecond

func newResponder(t *testing.T) *responder {
	t.Helper()
	made := &responder{}
	server := httptest.NewServer(made)
	t.Cleanup(server.Close)
	made.address = server.URL
	return made
}

// expect starts to count anew: answers are given once so many questions are
// there, and take so long from then on.
func (r *responder) expect(wanted int, delay time.Duration) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.asked, r.most, r.wanted, r.delay = 0, 0, wanted, delay
	r.complete = make(chan struct{})
}

// counts are the questions since expect, and how many were there at once.
func (r *responder) counts() (asked, most int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.asked, r.most
}

// enter counts a question in, and waits for the others.
func (r *responder) enter() {
	r.mutex.Lock()
	r.asked++
	r.present++
	r.most = max(r.most, r.present)
	if r.wanted > 0 && r.present == r.wanted {
		close(r.complete)
		r.wanted = 0
	}
	waits, complete, delay := r.wanted > 0, r.complete, r.delay
	r.mutex.Unlock()
	if waits {
		select {
		case <-complete:
		case <-time.After(patience):
		}
	}
	time.Sleep(delay)
}

func (r *responder) leave() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.present--
}

func (r *responder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.enter()
	defer r.leave()
	path, inPath, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	given, isKnown := r.answers.Load(path)
	if !isKnown {
		http.NotFound(w, request)
		return
	}
	question, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxQuestionBytes))
	if request.Method == http.MethodGet {
		// OCSP's way of asking by GET, RFC 6960 appendix A.
		question, err = base64.StdEncoding.DecodeString(inPath)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status, body := given.(answer)(question)
	if status == noStatus {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// promise puts a source's address into a certificate that is to be issued, and
// returns what serves the answer once the certificate is there.
func (r *responder) promise(from *source, addresses *[]string) func(*testing.T, revocationSubject) {
	if from == nil {
		return func(*testing.T, revocationSubject) {}
	}
	if from.answers == nil {
		*addresses = []string{unreachable}
		return func(*testing.T, revocationSubject) {}
	}
	say := r.place(addresses)
	return func(t *testing.T, subject revocationSubject) { say(t, from, subject) }
}

// place puts an address into a certificate that is to be issued, and returns
// what changes the answer that is given there.
func (r *responder) place(addresses *[]string) func(*testing.T, *source, revocationSubject) {
	r.paths++
	path := strconv.Itoa(r.paths)
	*addresses = []string{r.address + "/" + path}
	return func(t *testing.T, from *source, subject revocationSubject) {
		t.Helper()
		r.answers.Store(path, from.answers(t, subject))
	}
}
